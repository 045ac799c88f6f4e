"""The home page: what each role does most."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.screens.shell import render

blueprint = Blueprint("home", __name__)


def networked() -> int:
    return 39


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """The page one lands on."""
    return render("layout.html")
