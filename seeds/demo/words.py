"""Names of people and places, put together from the words of words.toml."""

import tomllib
from pathlib import Path
from random import Random

_WORDS = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))


def words(name: str) -> tuple[str, ...]:
    """The words of this name."""
    return tuple(_WORDS[name].split())


SURNAMES, MALE, FEMALE = words("surnames"), words("male"), words("female")
ROADS, VILLAGES = words("roads"), words("villages")
TOWNS: dict[str, tuple[str, ...]] = {area: tuple(towns.split()) for area, towns in _WORDS["towns"].items()}
"""Streets, towns and townships by area."""
INITIALS: dict[str, str] = _WORDS["initials"]
"""The first letters of each unit's name."""
SHARES = {"320703": 6, "320705": 13, "320706": 8, "320721": 24, "320722": 24, "320723": 15, "320724": 10}
"""How the people of the city spread over its areas, in per cent."""


def person(rng: Random, female: bool | None = None) -> str:
    """A full name."""
    woman = rng.random() < 0.5 if female is None else female
    return rng.choice(SURNAMES) + rng.choice(FEMALE if woman else MALE)


def address(rng: Random, area: str) -> str:
    """An address in an area: a house in a street, or a group of a village."""
    town = rng.choice(TOWNS[area])
    if town.endswith("街道") or rng.random() < 0.2:
        return f"{town}{rng.choice(ROADS)} {rng.randrange(1, 220)} 号"
    return f"{town}{rng.choice(VILLAGES)}村 {rng.randrange(1, 13)} 组"
