"""What each type can do, one kind a type."""

from app.kinds import link, text, value
from app.kinds.base import EMPTY, Kind, KindField, Shown, find_kind
from app.kinds.link import Many, One

__all__ = ["EMPTY", "Kind", "KindField", "Many", "One", "Shown", "find_kind", "link", "text", "value"]
