"""The routes below /records/, one set for all records, and the command palette."""

from flask import Blueprint

from app.screens import bulk, edit, files, history, lists, palette, related, reveal, saved, show


def make_blueprint() -> Blueprint:
    """Every route of the generated screens."""
    blueprint = Blueprint("records", __name__)
    for module in (lists, reveal, related, saved, bulk, files, edit, history, show, palette):
        module.route(blueprint)
    return blueprint
