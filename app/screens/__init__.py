"""The generated screens: one set of routes for all records."""

from flask import Blueprint


def make_blueprint() -> Blueprint:
    """The routes below /records/, and the command palette."""
    from app.screens import bulk, edit, files, lists, palette, related, saved, show

    blueprint = Blueprint("records", __name__)
    for module in (lists, related, saved, bulk, files, edit, show, palette):
        module.route(blueprint)
    return blueprint
