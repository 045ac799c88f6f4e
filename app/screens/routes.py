"""The routes below /records/, one set for all records, and the command palette."""

from flask import Blueprint, Flask
from werkzeug.routing import IntegerConverter, Map

from app.kinds.link import HIGHEST_ID
from app.screens import (
    bulk,
    counts,
    directory,
    directory_sync,
    edit,
    everyones_tokens,
    explain,
    export,
    files,
    filter_use,
    history,
    imports,
    jobs,
    lists,
    palette,
    password,
    related,
    reveal,
    rights,
    saved,
    second_factor,
    sessions,
    show,
    tokens,
    trash,
)


class IdConverter(IntegerConverter):
    """The id of a row in an address: a number that the database can hold; any other leads nowhere."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=HIGHEST_ID)


def install(app: Flask) -> None:
    """Add the routes to an application."""
    app.url_map.converters["id"] = IdConverter
    app.register_blueprint(make_blueprint())


def make_blueprint() -> Blueprint:
    """Every route of the generated screens."""
    blueprint = Blueprint("records", __name__)
    for module in (
        lists, counts, reveal, related, saved, bulk, files, edit, history, trash, show, palette, explain, rights,
        export, imports, tokens, everyones_tokens, sessions, password, second_factor, jobs, directory, directory_sync,
        filter_use,
    ):  # fmt: skip
        module.route(blueprint)
    return blueprint
