"""Of many one holds a lease, on both databases, until it gives it back or lets it run out."""

from collections.abc import Callable
from datetime import timedelta

from app.store import leases
from app.store.session import make_engine
from tests.support.places import Place

LONG, OVER = timedelta(minutes=10), timedelta(seconds=-1)


def test_one_holds_it_renews_it_and_others_wait(new_place: Callable[..., Place]) -> None:
    engine = make_engine(new_place("bare").settings.database_url)
    try:
        assert leases.hold(engine, "one", "first", LONG)
        assert not leases.hold(engine, "one", "second", LONG)
        assert leases.hold(engine, "other", "second", LONG)
        assert leases.hold(engine, "one", "first", LONG)
        leases.let_go(engine, "one", "second")
        assert not leases.hold(engine, "one", "second", LONG)
        leases.let_go(engine, "one", "first")
        assert leases.hold(engine, "one", "second", OVER)
        assert leases.hold(engine, "one", "first", LONG)
        assert not leases.hold(engine, "one", "second", LONG)
    finally:
        engine.dispose()
