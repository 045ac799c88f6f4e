"""sqladmin as its users run it: asynchronous workers, a sign-in by its authentication back end, 50 rows a page."""

import schema
from alchemy import Resident
from sqladmin import Admin, ModelView
from sqladmin.authentication import AuthenticationBackend
from sqladmin.filters import StaticValuesFilter
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette


class SignIn(AuthenticationBackend):
    async def login(self, request):
        form = await request.form()
        if form["password"] != schema.PASSWORD:
            return False
        request.session.update(name=form["username"])
        return True

    async def logout(self, request):
        request.session.clear()
        return True

    async def authenticate(self, request):
        return "name" in request.session


class ResidentView(ModelView, model=Resident):
    column_list = list(schema.LISTED)
    column_searchable_list = ["name"]
    column_sortable_list = ["citizen_id", "name", "birth"]
    column_default_sort = "citizen_id"
    column_filters = [
        StaticValuesFilter(Resident.area, values=list(schema.AREAS.items())),
        StaticValuesFilter(Resident.sex, values=list(schema.SEXES.items())),
    ]
    page_size = 50
    page_size_options = [50]
    form_excluded_columns = ["version", "created_at", "created_by", "updated_at", "updated_by"]


application = Starlette()
admin = Admin(
    application, create_async_engine(schema.SQLALCHEMY_URL), authentication_backend=SignIn("a key of the measurement")
)
admin.add_view(ResidentView)
