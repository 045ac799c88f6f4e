"""What somebody signs in with, in words, from what browsers and programs say of themselves."""

from __future__ import annotations

from flask_babel import gettext as _

BROWSERS = (
    ("MicroMessenger", "微信"), ("QIHU", "360"), ("360SE", "360"), ("360EE", "360"), ("UCBrowser", "UC"),
    ("QQBrowser", "QQ"), ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"), ("FxiOS/", "Firefox"), ("Safari/", "Safari"), ("Trident/", "Internet Explorer"),
    ("MSIE ", "Internet Explorer"),
)  # fmt: skip
"""Marks and names, the particular before what it is made of."""
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("OpenHarmony", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iOS"),
    ("iPad", "iPadOS"), ("Windows", "Windows"), ("Macintosh", "macOS"), ("UOS", "统信 UOS"), ("Kylin", "麒麟"),
    ("Linux", "Linux"),
)  # fmt: skip
HANDHELD = frozenset({"HarmonyOS", "Android", "iOS", "iPadOS"})


def device_words(agent: str) -> tuple[str, bool]:
    """The browser or program and its system, and whether it is held in the hand."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    known = " · ".join(part for part in (browser, system) if part)
    program = "".join(
        char for char in agent.split("/", maxsplit=1)[0].split("(", maxsplit=1)[0] if char.isprintable()
    ).strip()[:40]
    return known or program or str(_("Unknown device")), system in HANDHELD
