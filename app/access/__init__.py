"""Who may see and change which rows and fields: the one policy, below every door."""

from app.access.person import SYSTEM, HeldGrant, Person, System, narrow
from app.access.policy import Forbidden, editable, grants_for, in_trash, may, predicate, readable
from app.access.steps import reachable

__all__ = [
    "SYSTEM",
    "Forbidden",
    "HeldGrant",
    "Person",
    "System",
    "editable",
    "grants_for",
    "in_trash",
    "may",
    "narrow",
    "predicate",
    "reachable",
    "readable",
]
