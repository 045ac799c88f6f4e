"""The engine of the console: create_app says in which order it boots, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Protocol

from flask import Blueprint, Flask

from app import edge, texts
from app.api import routes as rest
from app.auth import gate, limits, manager, passwords, setup
from app.auth import sessions as signed_in
from app.auth.directory import runs, sign_in
from app.catalog import Catalog
from app.declare.choices import Classification
from app.excel import desk, export_job, import_jobs, write_template
from app.excel.write import write as write_list
from app.jobs import schedule
from app.jobs.queue import Queue
from app.kinds.value import LOCAL
from app.screens import controls, draw, errors, frames, health, routes, shell
from app.store import exact, jobs
from app.store.files import FileStore
from app.store.filter_use import Notes
from app.store.session import end, make_engine, make_sessions

JOBS = {
    exact.KIND: exact.run_count,
    "export": export_job.export,
    "import-plan": import_jobs.plan,
    "import-apply": import_jobs.apply,
    "import-undo": import_jobs.undo,
    runs.KIND: runs.job,
}
"""What workers do, by the kind of job."""


class Config(Protocol):
    """The settings that the engine reads; config.Settings has them and says what each means."""

    @property
    def data(self) -> Any: ...
    @property
    def database_url(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def ceiling(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def max_upload_mb(self) -> int: ...
    @property
    def max_upload_bytes(self) -> int: ...
    @property
    def idle_hours(self) -> int: ...
    @property
    def session_hours(self) -> int: ...
    @property
    def tls(self) -> bool: ...
    @property
    def password_length(self) -> int: ...
    @property
    def published_passwords(self) -> tuple[str, ...]: ...
    @property
    def trusted_proxies(self) -> tuple[str, ...]: ...
    @property
    def hosts(self) -> tuple[str, ...]: ...
    @property
    def sign_in_limit(self) -> int: ...
    @property
    def api_limit(self) -> int: ...
    @property
    def directory(self) -> Any: ...
    @property
    def redis_url(self) -> str: ...
    @property
    def threads(self) -> int: ...
    @property
    def job_threads(self) -> int: ...
    @property
    def job_lease(self) -> int: ...
    @property
    def job_hours(self) -> int: ...
    @property
    def import_days(self) -> int: ...


def create_app(
    settings: Config,
    catalog: Catalog,
    *,
    pages: Sequence[Blueprint] = (),
    login_facts: Callable[[], dict[str, Any]] = dict,
) -> Flask:
    """Build the application: database, queue, identity, gate, pages.

    `pages` are the blueprints that cannot be generated, one of them named `home`; `login_facts` gives the sign-in page
    what it tells besides.
    """
    app = Flask("app", static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.max_upload_bytes,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        MAX_FORM_PARTS=5000,
        BABEL_DEFAULT_LOCALE=settings.language,
        BABEL_DEFAULT_TIMEZONE=settings.time_zone,
        BABEL_TRANSLATION_DIRECTORIES="../translations",
        LANGUAGES={"zh": {"flag": "cn", "name": "中文"}, "en": {"flag": "gb", "name": "English"}},
        LOGIN_FACTS=login_facts,
        CEILING=Classification(settings.ceiling),
        COUNT_SECONDS=1.0,
    )
    edge.install(app, settings.trusted_proxies, settings.hosts)
    LOCAL.choose(settings.time_zone)
    # the process serves or does jobs; a job may read over one connection and store over another
    engine = make_engine(settings.database_url, max(settings.threads, 2 * settings.job_threads))
    sessions = make_sessions(engine, catalog)
    app.extensions.update(catalog=catalog, engine=engine, sessions=sessions, filter_use=Notes(engine))
    app.extensions.update(write_list=write_list, write_template=write_template, workbooks=desk)
    app.extensions.update(import_folder=settings.data / "imports", import_kept=timedelta(days=settings.import_days))
    app.extensions["files"] = FileStore(settings.data / "files", settings.max_upload_mb)
    app.teardown_appcontext(lambda _error: end(sessions))
    queue = Queue(settings.data, settings.redis_url, settings.secret_key)
    lease, kept = timedelta(seconds=settings.job_lease), timedelta(hours=settings.job_hours)
    app.extensions.update(jobs=queue, job_kinds=dict(JOBS), job_folder=settings.data / "jobs")
    app.extensions["recurring"] = schedule.usual(lease, kept, app.extensions["import_kept"])
    if settings.directory is not None and settings.directory.bind_dn and settings.directory.sync_hours:
        app.extensions["recurring"] += (schedule.Recurring("directory", runs.LOOK_SECONDS, runs.scheduled),)
    jobs.wake_after_commit(sessions, queue.wake)
    manager.install(app, sessions)
    signed_in.install(
        app, timedelta(hours=settings.idle_hours), timedelta(hours=settings.session_hours), tls=settings.tls
    )
    passwords.install(app, settings.password_length, settings.published_passwords)
    texts.install(app)
    limits.install(app, settings.secret_key, settings.sign_in_limit, settings.api_limit)
    sign_in.install(app, settings.directory)
    setup.install(app, settings.data)
    gate.install(app)
    errors.install(app)
    shell.install(app)
    draw.install(app)
    controls.install(app)
    frames.install(app)
    app.register_blueprint(health.blueprint)
    routes.install(app)
    rest.install(app)
    for page in pages:
        app.register_blueprint(page)
    return app
