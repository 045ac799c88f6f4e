"""Two people save the same row at once: one is stored, the other is shown the conflict, none is lost."""

import html
import re
import threading

from flask import Flask
from sqlalchemy import text

from tests.support import people
from tests.support.visitor import Visitor

ROUNDS = 200
PATH = "/records/system/9/edit"


def form(page: str) -> dict[str, str]:
    """What the form would send as it stands."""
    found = {
        name: html.unescape(re.findall(rf'name="{name}" value="([^"]*)"', page)[0]) for name in ("_version", "_seen")
    }
    found["group"], found["status"] = re.findall(r'value="(\w+)" selected', page)[:2]
    return found


def both_at_once(pair: list[Visitor], typed: dict[str, str], number: int) -> list[int]:
    """Let both save the same form under names of their own; the statuses of the answers."""
    statuses: list[int] = []
    barrier = threading.Barrier(2)

    def save(who: int) -> None:
        barrier.wait()
        answer = pair[who].post(PATH, {**typed, "name": f"第 {number} 轮 {who}"})
        # whoever comes second finds what they typed in the form again
        kept = answer.status_code == 303 or f'value="第 {number} 轮 {who}"' in answer.text
        statuses.append(answer.status_code if kept else 0)

    threads = [threading.Thread(target=save, args=(who,)) for who in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def test_of_two_saves_at_once_one_is_stored_and_the_other_is_a_conflict(app: Flask) -> None:
    pair = [Visitor(app).sign_in(people.COORDINATOR) for _ in range(2)]
    for visitor in pair:
        visitor.post("/language/zh")
    with app.extensions["engine"].connect() as connection:
        before = connection.scalar(text("SELECT version FROM system WHERE id = 9"))
    for number in range(ROUNDS):
        typed = form(pair[0].get(PATH).text)
        assert sorted(both_at_once(pair, typed, number)) == [303, 409], number
    with app.extensions["engine"].connect() as connection:
        after = connection.scalar(text("SELECT version FROM system WHERE id = 9"))
        lines = connection.scalar(
            text("SELECT count(*) FROM rn_event WHERE record = 'system' AND row_id = 9 AND deed = 'changed'")
        )
    assert after - before == ROUNDS == lines
