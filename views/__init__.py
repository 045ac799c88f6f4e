"""The pages that cannot be generated, one per file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from config import Settings
from views import home

PAGES = (home.blueprint,)


def login_facts(settings: Settings) -> Callable[[], dict[str, Any]]:
    """What the sign-in page tells besides: how many units are networked, and the demo accounts in demo mode."""

    def facts() -> dict[str, Any]:
        return {"networked": home.networked(), "demo": demo_accounts() if settings.demo else ()}

    return facts


def demo_accounts() -> list[tuple[str, str]]:
    """(user name, who it is) of each demo account."""
    from seeds.demo.people import ACCOUNTS

    return [
        (one.username, f"{one.name} · {one.unit} · {'、'.join(str(role.label) for role in one.roles)}")
        for one in ACCOUNTS
    ]
