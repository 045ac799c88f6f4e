"""Django's admin with django-import-export, tuned as its users tune it: nothing is counted in full."""

import sys
import time
from pathlib import Path

import django
import schema
from django.conf import settings
from django.core.paginator import Paginator
from django.utils.functional import cached_property

user, _, rest = schema.URL.removeprefix("postgresql://").partition("@")
place, _, name = rest.partition("/")
settings.configure(
    DEBUG=False, SECRET_KEY="a key of the measurement", ALLOWED_HOSTS=["*"], ROOT_URLCONF="django_site",
    INSTALLED_APPS=[
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
        "django.contrib.messages", "import_export", "registry",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }],
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": name, "USER": user.partition(":")[0],
        "PASSWORD": user.partition(":")[2], "HOST": place.partition(":")[0], "PORT": place.partition(":")[2],
        "CONN_MAX_AGE": 600,
    }},
    STATIC_URL="/static/", USE_TZ=False, LANGUAGE_CODE="zh-hans", IMPORT_EXPORT_USE_TRANSACTIONS=True,
)  # fmt: skip
sys.modules.setdefault("django_site", sys.modules[__name__])
django.setup()

from django.contrib import admin
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import path
from import_export import resources
from import_export.admin import ImportExportModelAdmin
from import_export.formats.base_formats import CSV, XLSX
from import_export.instance_loaders import CachedInstanceLoader
from registry.models import Anybody, Resident


class Uncounted(Paginator):
    """Pages without counting: of the whole table what the planner knows."""

    @cached_property
    def count(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE relname = 'resident'")
            return cursor.fetchone()[0]


class ResidentResource(resources.ModelResource):
    """The fastest settings that its documentation names."""

    class Meta:
        model = Resident
        import_id_fields = ("citizen_id",)
        fields = ("citizen_id", "name", "sex", "birth", "ethnicity", "area", "address", "verification")
        use_bulk = True
        batch_size = 2000
        skip_diff = True
        skip_unchanged = False
        skip_html_diff = True
        instance_loader_class = CachedInstanceLoader

    def before_save_instance(self, instance, row, **kwargs):
        instance.unit_id = instance.unit_id or 1


@admin.register(Resident)
class ResidentAdmin(ImportExportModelAdmin):
    resource_classes = [ResidentResource]
    list_display = schema.LISTED
    list_filter = ("area", "sex")
    search_fields = ("name",)
    list_per_page = 50
    ordering = ("citizen_id",)
    show_full_result_count = False
    paginator = Uncounted


@admin.register(Anybody)
class AnybodyAdmin(ResidentAdmin):
    """Searched by what ours is searched by."""

    search_fields = schema.SEARCHED


urlpatterns = [path("admin/", admin.site.urls)]
application = get_wsgi_application()


def setup():
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    User.objects.create_superuser(schema.NAME, "bench@rainbow.gov", schema.PASSWORD)


def export(kind, file, rows):
    """What the admin's export does, without its page."""
    found = ResidentResource().export(Resident.objects.order_by("citizen_id")[:rows])
    data = {"xlsx": XLSX, "csv": CSV}[kind]().export_data(found)
    Path(file).write_bytes(data if isinstance(data, bytes) else data.encode())


def load(file):
    """What the admin's import does, without its pages: a dry run, then the same again for good."""
    for dry in (True, False):
        data = XLSX().create_dataset(Path(file).read_bytes())
        result = ResidentResource().import_data(data, dry_run=dry, raise_errors=True)
        if result.has_errors():
            raise SystemExit("the import found errors")


if __name__ == "__main__":
    began = time.perf_counter()
    if sys.argv[1] == "setup":
        setup()
    elif sys.argv[1] == "export":
        export(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        load(sys.argv[2])
    print(time.perf_counter() - began)
