"""A migration is applied whole or not at all."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from app.store import migrate
from tests.support.places import Filling, Place

BAD = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("unit", recreate="auto") as batch:
        batch.add_column(sa.Column("colour", sa.String(10), nullable=True))
    op.execute("UPDATE no_such_table SET x = 1")
"""


def test_a_migration_that_fails_half_way_leaves_nothing_of_itself_behind(
    new_place: Callable[[Filling], Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = new_place("bare")
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    head = max(path.name[:4] for path in (folder / "versions").glob("[0-9]*.py"))
    (folder / "versions" / "9999_bad.py").write_text(BAD.format(head=head), encoding="utf-8")
    monkeypatch.setattr(migrate, "FOLDER", folder)
    url = place.settings.database_url
    with pytest.raises(Exception, match="no_such_table"):
        migrate.upgrade(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == head
        known = inspect(connection)
        assert "colour" not in {column["name"] for column in known.get_columns("unit")}
        assert not [name for name in known.get_table_names() if name.startswith("_alembic")]
    engine.dispose()
