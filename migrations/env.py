"""Alembic's environment; what it needs is in app.store.migrate, which also calls it."""

from alembic import context

from app.store.migrate import run_in

run_in(context)
