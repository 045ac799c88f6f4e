"""`run.py serve` of a console that counts however long it takes: `python -m tests.support.patient`."""

from app.serve import run
from config import Settings
from run import make_console
from tests.support.patience import PATIENCE

if __name__ == "__main__":
    read = Settings.from_env()
    console = make_console(read)
    console.config["COUNT_SECONDS"] = PATIENCE
    run(console, read)
