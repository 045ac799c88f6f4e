"""Takes the newest import back: `python -m benchmarks.undo ACCOUNT`, as the button of its page would."""

from __future__ import annotations

import sys


def main(account: str) -> int:
    """Undo the newest import of this account; the exit code is that of success."""
    from app.auth.people import find_account, load_person
    from app.catalog import current
    from app.store.imports.batches import list_batches
    from app.store.imports.undoing import undo
    from app.store.session import act_as, db
    from config import Settings
    from run import make_console

    with make_console(Settings.from_env()).app_context():
        found = find_account(db(), account)
        person = found and load_person(db(), current(), found.id)
        if person is None:
            raise SystemExit(f"There is no active account {account!r}.")
        act_as(db(), person)
        undone = undo(db(), list_batches(db(), limit=1)[0].id)
    print(f"{undone.removed} removed, {undone.restored} restored, {undone.kept} kept")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
