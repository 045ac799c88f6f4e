"""All that commands and consoles load, also what they load only when they come to need it."""

# ruff: noqa: F401  # imported to be there

import gc

import alembic.command
import apscheduler.schedulers.background
import huey.consumer
import ldap3
import openpyxl
import zxcvbn

import app.auth.directory.check
import app.auth.directory.sync
import app.excel.command
import app.excel.import_command
import app.serve
import app.store.migrate
import run
import seeds.demo
import seeds.plan
import views
from app.store.search.pinyin import phrases

phrases()
# what the forked ones have in common stays in common: none of them looks through it for garbage
gc.collect()
gc.freeze()
