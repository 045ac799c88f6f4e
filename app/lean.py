"""Keeps a third of every start's time away: what Flask-AppBuilder loads for its generated REST and never uses here.

FAB 5.3 imports these libraries when it is imported, for classes of its own that the console does not use
(docs/decisions/flask-appbuilder.md). While FAB is loaded, each has a stand-in whose names are empty classes; afterwards
the stand-ins are gone, so that whoever needs the real library gets it.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

LEFT_OUT = (
    "dateutil",
    "dateutil.parser",
    "jsonschema",
    "marshmallow_sqlalchemy",
    "marshmallow_sqlalchemy.fields",
    "limits.aio",
    "prison",
    "sqlalchemy_utils",
    "sqlalchemy_utils.types",
    "sqlalchemy_utils.types.uuid",
    "yaml",
)


class _StandIn(ModuleType):
    """A module in which every name is an empty class of that name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def load_fab() -> None:
    """Import Flask-AppBuilder without the libraries it would only carry along."""
    absent = [name for name in LEFT_OUT if name not in sys.modules]
    for name in absent:
        sys.modules[name] = _StandIn(name)
    try:
        import_module("flask_appbuilder.security.sqla.manager")
    finally:
        for name in absent:
            del sys.modules[name]


load_fab()
