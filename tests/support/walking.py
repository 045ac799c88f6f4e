"""Lists read from one end to the other, a page at a time, as people turn their pages."""

from dataclasses import replace

from sqlalchemy.orm import Session

from app.store.page import fetch_page
from app.store.query import Query, read_cursor

ENDLESS = 10_000
"""No list of a test has so many pages."""


def walk(session: Session, query: Query, forward: bool, pages: int = ENDLESS) -> list[int]:
    """The ids met by going on from one end, in the order of the list, on so many pages at most."""
    here = replace(query, last=not forward)
    met: list[int] = []
    for _page in range(pages):
        page = fetch_page(session, here)
        ids = [row["id"] for row in page.rows]
        met = met + ids if forward else ids + met
        cursor = page.after if forward else page.before
        if not cursor:
            return met
        place = read_cursor(query, "after", cursor)
        here = replace(query, after=place) if forward else replace(query, before=place)
    if pages == ENDLESS:
        raise AssertionError("a list without an end")
    return met
