"""Every page and form of the screens."""

import re
from urllib.parse import quote

from flask import Flask
from hypothesis import given
from werkzeug.test import TestResponse

from app.access import may
from app.declare.access import Verb
from tests.access.policy.doors import Ask, at_the_door, stored_rightly, taken_back
from tests.access.policy.example import NAMES, SEEDS, Example, any_row, examples, thrown_away, typed
from tests.support.little import mark
from tests.support.visitor import Visitor


@given(record=NAMES, seed=SEEDS)
@examples(6)
def test_no_page_shows_and_no_form_changes_what_no_grant_covers(
    little: Flask, signed: Visitor, record: str, seed: int
) -> None:
    with at_the_door(little, signed, record, seed) as (x, ask):
        pages(x, ask)
        searches(x, ask)
        trash_pages(x, ask)
        forms(x, ask)


def pages(x: Example, ask: Ask) -> None:
    """Everything that can be looked at."""
    record, reads = x.entry.name, may(x.person, x.entry, Verb.READ)
    base = f"/records/{record}"
    assert ask(f"{base}/count").text == str(len(x.seen())) or not reads
    listed = ask(f"{base}/?cols={','.join(item.name for item in x.entry.columns)}&limit=200")
    assert listed.status_code == (200 if reads else 403)
    assert on_list(listed) == (x.seen() if reads else set())
    for path in (f"{base}/?last=1", f"{base}/options?q=", "/"):
        ask(path)
    for item in x.chance.sample(x.entry.columns, min(4, len(x.entry.columns))):
        ask(f"{base}/?order={item.name}")
    rows = sorted(x.world.rows[record])
    for row_id in x.chance.sample(rows, min(3, len(rows))):
        row, at = x.world.rows[record][row_id], f"{base}/{row_id}"
        there = 403 if not reads else 200 if row_id in x.seen() else 404
        for path in (at, f"{at}?print=1", f"{at}/history"):
            assert ask(path).status_code == there, path
        edits = row_id in x.world.allowed(x.person, record, Verb.EDIT)
        assert (ask(f"{at}/edit").status_code == 200) == edits
        assert (ask(f"{base}/new?copy={row_id}").status_code == 200) <= (row_id in x.seen())
        for item in x.entry.incoming:
            answer = ask(f"{at}/related/{item.entry.name}-{item.name}")
            assert there == 200 or answer.status_code in {403, 404}
        for name, item in x.entry.fields.items():
            for file_id in (row[name] or []) if item.kind.control == "files" else ():
                answer = ask(f"{at}/files/{file_id}")
                assert answer.status_code == there
                answer.close()


def searches(x: Example, ask: Ask) -> None:
    """One list and all of them searched: by the name of a row, by its beginning, by what is masked in it."""
    record = x.entry.name
    base, seen = f"/records/{record}/", x.seen() if may(x.person, x.entry, Verb.READ) else set()
    may_unmask = seen <= x.world.allowed(x.person, record, Verb.UNMASK)
    ask(f"/palette/?q={quote('标' + record)}")
    masked = [name for name, item in x.entry.fields.items() if item.masked]
    rows = x.world.rows[record]
    for row_id in x.chance.sample(sorted(rows), min(4, len(rows))):
        name = mark(record, row_id)
        found = ask(f"{base}?q={quote(name)}")
        if may(x.person, x.entry, Verb.READ) and name in str(rows[row_id]) and x.entry.searched:
            assert on_list(found) <= seen, name
            assert (row_id in on_list(found)) == (row_id in seen), name
        answer = ask(f"/palette/?q={quote(name)}")
        assert (f"/records/{record}/{row_id}" in answer.text) <= (row_id in seen), name
        for value in [str(rows[row_id][one]) for one in masked]:
            for text in (value, value[:8]):
                found, answer = ask(f"{base}?q={text}"), ask(f"/palette/?q={text}")
                if not may_unmask:
                    assert not on_list(found), text
                    assert f"/records/{record}/{row_id}" not in answer.text, text


def on_list(answer: TestResponse) -> set[int]:
    """The rows on the page of a list."""
    return {int(one) for one in re.findall(r'data-pk="(\d+)"', answer.text)}


def trash_pages(x: Example, ask: Ask) -> None:
    """What lies in the trash, at its own door and at that of rows."""
    record = x.entry.name
    base = f"/records/{record}"
    if not x.entry.trash:
        assert ask(f"{base}/trash").status_code in {403, 404}
        return
    thrown = ask(f"{base}/trash")
    assert (thrown.status_code == 200) == may(x.person, x.entry, Verb.DELETE)
    could = x.world.restorable(x.person, record)
    assert {int(one) for one in re.findall(r"/trash/(\d+)/restore", thrown.text)} == could
    for row_id in x.world.trash[record]:
        assert ask(f"{base}/{row_id}").status_code in {403, 404}
        there = 200 if row_id in could else 404
        assert ask(f"{base}/trash/{row_id}/history").status_code in {403, there}


def forms(x: Example, ask: Ask) -> None:
    """Everything that can be sent; what is stored is undone before the next."""
    record, row_id = x.entry.name, any_row(x)
    base = f"/records/{record}"
    ids = [str(one) for one in x.world.rows[record]]
    field = x.chance.choice([name for name, item in x.entry.fields.items() if item.typed])
    sent = typed(x, x.world.rows[record][row_id])
    bulk_set = {"verb": "set", "ids": ids, "step": "apply", "field": field, "value": sent.get(field, "")}
    for path, data in (
        (f"{base}/new", sent | {"code": "T-9"}),
        (f"{base}/{row_id}/edit", sent | {"_version": str(x.world.rows[record][row_id].get("version", 1))}),
        (f"{base}/bulk", {"verb": "set", "ids": ids}),
        (f"{base}/bulk", bulk_set),
        (f"{base}/bulk", {"verb": "delete", "ids": ids}),
        (f"{base}/bulk", {"verb": "delete", "all": "1", "step": "apply"}),
        (f"{base}/{row_id}/delete", {}),
        (f"{base}/trash/{thrown_away(x)}/restore", {}),
        (f"{base}/trash/{thrown_away(x)}/purge", {}),
    ):
        with taken_back(x):
            ask(path, data)
            stored_rightly(x, (path, data))
