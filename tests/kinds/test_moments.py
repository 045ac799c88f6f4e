"""Moments are typed and shown in the console's time zone, and kept in UTC."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.kinds.value import LOCAL, MomentKind
from tests.support.console import console
from tests.support.places import Filling, Place

MOMENT: Any = MomentKind()


@pytest.fixture
def shanghai_after() -> Iterator[None]:
    yield
    LOCAL.choose("Asia/Shanghai")


@pytest.mark.usefixtures("shanghai_after")
def test_the_zone_of_the_settings_is_that_of_every_screen(new_place: Callable[[Filling], Place]) -> None:
    with console(replace(new_place("bare").settings, time_zone="America/New_York")):
        for text, stored in (
            ("2004-06-30 09:30", datetime(2004, 6, 30, 13, 30, tzinfo=UTC)),
            ("2004-01-30 09:30", datetime(2004, 1, 30, 14, 30, tzinfo=UTC)),
        ):
            assert MOMENT.parse(None, text) == stored
            assert MOMENT.write(None, stored) == MOMENT.show(None, stored).text == text
            assert datetime.fromisoformat(text).replace(tzinfo=LOCAL).astimezone(UTC) == stored


def test_without_a_setting_it_is_the_citys() -> None:
    assert MOMENT.show(None, datetime(2004, 6, 30, 1, 30, tzinfo=UTC)).text == "2004-06-30 09:30"
