"""How long 10,000 entries take to synchronise, and how much memory: `python -m benchmarks.directory_sync`.

The first run makes every account, the second finds them as they are. A real slapd is started, on SQLite unless
DATABASE_URL names an empty database that may be filled.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

COUNT = int(os.environ.get("ENTRIES", "10000"))
MOST_SECONDS = 60.0
MOST_GROWTH_MB = 40.0


def main() -> int:
    """Measure both runs; the exit code tells whether they kept to what is claimed."""
    from tests.support.city_directory import GROUPS, PEOPLE, city
    from tests.support.slapd import PASSWORD, SEARCH_DN, Authority, Slapd

    with tempfile.TemporaryDirectory(prefix="rn-bench-") as folder:
        authority = Authority(Path(folder))
        with Slapd(city(COUNT), authority.certificate("good")) as server:
            os.environ |= {
                "RAINBOW_DATA": folder, "RAINBOW_DEMO": "1", "RAINBOW_LDAP_URLS": server.ldaps,
                "RAINBOW_LDAP_CA_FILE": str(authority.ca), "RAINBOW_LDAP_BASE": PEOPLE,
                "RAINBOW_LDAP_GROUP_BASE": GROUPS, "RAINBOW_LDAP_BIND_DN": SEARCH_DN,
                "RAINBOW_LDAP_BIND_PASSWORD": PASSWORD, "RAINBOW_LDAP_CLEARANCE": "employeeType",
            }  # fmt: skip
            return _measure()


def _measure() -> int:
    from sqlalchemy import insert, select

    from app.access import SYSTEM
    from app.access.sync import sync
    from app.auth.directory.people import Directory
    from app.auth.directory.sync import synchronise
    from app.declare import Basis, Classification, Role
    from app.store import migrate
    from app.store.events import GrantTrail
    from app.store.session import WRITING, act_as, make_engine, make_sessions
    from config import Settings
    from run import make_catalog
    from seeds.plan import load

    settings = Settings.from_env()
    catalog = make_catalog()
    migrate.upgrade(settings.database_url)
    WRITING.set(True)
    engine = make_engine(settings.database_url)
    session = make_sessions(engine, catalog)()
    act_as(session, SYSTEM)
    sync(session, catalog, GrantTrail(session, catalog))
    load(session)
    role = session.scalar(select(Role.id).where(Role.name == "unit_editor"))
    rules = catalog["directory_rule"].model.__table__
    session.execute(insert(rules).values(basis=Basis.GROUP, value="信息员", role_id=role))
    session.commit()
    assert settings.directory is not None
    place, good = Directory(settings.directory), True
    for turn in ("first", "second"):
        before, started = _peak_mb(), time.perf_counter()
        done = synchronise(session, catalog, Classification(settings.ceiling), place)
        seconds, growth = time.perf_counter() - started, _peak_mb() - before
        print(f"{turn} run: {seconds:.1f} s, memory grew by {growth:.1f} MB at most; {done.words()}")
        good = good and seconds < MOST_SECONDS and growth < MOST_GROWTH_MB
    session.close()
    engine.dispose()
    return 0 if good else 1


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
