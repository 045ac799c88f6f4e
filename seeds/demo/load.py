"""The whole demo in one transaction: all of it, or nothing."""

from collections.abc import Callable
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

import seeds.plan
from models.construction import Project, System
from models.organisation import Unit
from seeds.counts import Counts
from seeds.demo import construction, documents, economy, people, projects, registries, training, writing
from seeds.demo.city import City, ids
from seeds.plan.units import units

YEAR_OF_THE_PLAN = 2003
"""What the dice start from, so that the city is the same every time."""


def load(session: Session, hash_password: Callable[[str], str], password: str) -> Counts:
    """Add the demo city and its accounts, after the plan's rows; nothing if it was added before.

    It is known by its first project, so that rows that people have deleted since do not come back.
    """
    planned = seeds.plan.load(session)
    first = select(Project.id).where(Project.code == projects.FIRST_CODE)
    # also where somebody has put it into the trash
    if session.scalar(first, execution_options={"unfiltered": True}) is not None:
        return planned
    unit_ids = ids(session, Unit.code)
    city = City(
        session,
        Random(YEAR_OF_THE_PLAN),  # noqa: S311  # the same city every time, no secret
        # By the plan's names, whatever people call the units by now
        units={unit.name: unit_ids[unit.code] for unit in units()},
        systems=ids(session, System.code),
    )
    accounts = people.accounts(session, hash_password, password, city.units)
    people.staff(city)
    construction.fill(city)
    projects.fill(city)
    training.fill(city)
    documents.fill(city)
    writing.fill(city)
    registries.fill(city)
    economy.fill(city)
    session.commit()
    added = dict(planned.added) | {"account": accounts} if accounts else dict(planned.added)
    for name, number in city.added.items():
        added[name] = added.get(name, 0) + number
    return Counts(added)
