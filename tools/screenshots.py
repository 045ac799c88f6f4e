"""Takes the pictures of the documentation anew, of a console with the demo rows that is made for it and thrown away.

make screenshots
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.support import people
from tests.support.browser import Window, open_chromium
from tests.support.places import ROOT, Places
from tests.support.postgres import Postgres
from tests.support.served import Served

PICTURES: Final = ROOT / "docs" / "pictures"

# Each picture: its name, who is signed in, the page, the size, the theme.
SHOTS: Final = (
    ("login", None, "/login/", "desktop", "light"),
    ("home", people.COORDINATOR, "/?as_of=2004-06-30", "desktop", "light"),
    ("list", people.COORDINATOR, "/records/milestone/", "desktop", "light"),
    ("form", people.COORDINATOR, "/records/milestone/1/edit", "desktop", "light"),
    ("list-phone", people.COORDINATOR, "/records/milestone/", "phone", "light"),
)


def no_server() -> Postgres:
    """Stand for the server that pictures do not need."""
    raise RuntimeError("Pictures are taken on SQLite.")


def main() -> None:
    """Write every picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        served = stack.enter_context(Served(Places(folder, no_server).make("sqlite")))
        driver = open_chromium(str(folder / "profile"))
        stack.callback(driver.quit)
        window = Window(driver, served.base)
        signed_in = None
        for name, person, page, size, theme in SHOTS:
            if person != signed_in or person is None:
                window.fresh()
                if person:
                    window.sign_in(person)
                signed_in = person
            window.wear(size, theme)
            window.open(page)
            window.settle()
            driver.save_screenshot(str(PICTURES / f"{name}.png"))
            print(f"{name}.png: {page}", *window.problems(), sep="\n    ")


if __name__ == "__main__":
    main()
