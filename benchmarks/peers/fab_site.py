"""Flask-AppBuilder as its users run it: the generated ModelView, its own accounts, 50 rows a page."""

import sys

import schema
from flask import Flask
from flask_appbuilder import AppBuilder, Model, ModelView
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.utils.legacy import get_sqla_class
from sqlalchemy import Column, Date, DateTime, ForeignKey, Integer, String
from sqlalchemy.orm import relationship

application = Flask(__name__)
application.config.update(
    SECRET_KEY="a key of the measurement", SQLALCHEMY_DATABASE_URI=schema.SQLALCHEMY_URL, WTF_CSRF_ENABLED=True,
    RATELIMIT_ENABLED=False, FAB_UPDATE_PERMS="setup" in sys.argv, FAB_CREATE_DB="setup" in sys.argv,
)  # fmt: skip


class Unit(Model):
    __tablename__ = "unit"
    id = Column(Integer, primary_key=True)
    name = Column(String(200), nullable=False)

    def __repr__(self):
        return self.name


class Resident(Model):
    __tablename__ = "resident"
    id = Column(Integer, primary_key=True)
    citizen_id = Column(String(18), unique=True, nullable=False)
    name = Column(String(200), nullable=False)
    sex = Column(String(32), nullable=False)
    birth = Column(Date, nullable=False)
    ethnicity = Column(String(32), nullable=False)
    area = Column(String(6), nullable=False)
    address = Column(String(200))
    moved_in = Column(Date)
    verification = Column(String(32), nullable=False)
    unit_id = Column(Integer, ForeignKey("unit.id"), nullable=False)
    unit = relationship("Unit")
    version = Column(Integer, default=1)
    created_at = Column(DateTime)
    created_by = Column(String(200))
    updated_at = Column(DateTime)
    updated_by = Column(String(200))

    def __repr__(self):
        return self.name


class ResidentView(ModelView):
    datamodel = SQLAInterface(Resident)
    list_columns = list(schema.LISTED)
    search_columns = ["name", "area", "sex", "birth", "ethnicity", "verification"]
    edit_columns = ["citizen_id", "name", "sex", "birth", "ethnicity", "area", "address", "moved_in", "verification"]
    base_order = ("citizen_id", "asc")
    page_size = 50


db = get_sqla_class()()
db.init_app(application)
with application.app_context():
    builder = AppBuilder(application, db.session)
    builder.add_view(ResidentView, "Residents", category="Registry")
    if "setup" in sys.argv:
        builder.sm.add_user(
            schema.NAME, "Bench", "Mark", "bench@rainbow.gov", builder.sm.find_role("Admin"), schema.PASSWORD
        )
