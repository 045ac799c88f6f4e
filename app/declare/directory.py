"""DirectoryRule, what a rule of the mapping extends: what the directory says of a person, and what they get for it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.declare.choices import Choices
from app.declare.record import Record


class Basis(Choices):
    """What a rule looks at."""

    GROUP = "group", _l("Group")
    UNIT = "unit", _l("Unit in the directory")
    CLEARANCE = "clearance", _l("Clearance in the directory")


class DirectoryRule(Record):
    """A rule of the mapping, to be extended once with these fields.

    `basis` (Basis) and `value` (text) say when it holds; `role`, `unit` (references) and `clearance`, each possibly
    empty, what it gives. The console finds the record that extends this class by itself.
    """

    __abstract__ = True
