"""Flask-Admin as its users run it: the model's view, a sign-in by Flask-Login, 50 rows a page."""

import schema
from alchemy import Resident
from flask import Flask, abort, redirect, request
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_babel import Babel
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import create_engine
from sqlalchemy.orm import scoped_session, sessionmaker

application = Flask(__name__)
application.config.update(SECRET_KEY="a key of the measurement", WTF_CSRF_CHECK_DEFAULT=False)
Babel(application)
CSRFProtect(application)
manager = LoginManager(application)
session = scoped_session(sessionmaker(create_engine(schema.SQLALCHEMY_URL)))
application.teardown_appcontext(lambda error: session.remove())


class Person(UserMixin):
    id = schema.NAME


@manager.user_loader
def load(key):
    return Person() if key == schema.NAME else None


@application.route("/login/", methods=["GET", "POST"])
def login():
    if request.method == "POST" and request.form["password"] == schema.PASSWORD:
        login_user(Person())
        return redirect("/admin/")
    return "<form method=post></form>"


class ResidentView(ModelView):
    column_list = schema.LISTED
    column_searchable_list = ("name",)
    column_filters = ("area", "sex", "birth", "ethnicity", "verification")
    column_choices = {
        "area": list(schema.AREAS.items()), "sex": list(schema.SEXES.items()),
        "ethnicity": list(schema.PEOPLES.items()), "verification": list(schema.STATES.items()),
    }  # fmt: skip
    column_sortable_list = ("citizen_id", "name", "birth")
    column_default_sort = "citizen_id"
    page_size = 50
    can_export = True
    form_excluded_columns = ("version", "created_at", "created_by", "updated_at", "updated_by")

    def is_accessible(self):
        return current_user.is_authenticated

    def inaccessible_callback(self, name, **values):
        abort(403)


class AnybodyView(ResidentView):
    """Searched by what ours is searched by."""

    column_searchable_list = schema.SEARCHED


admin = Admin(application, name="Registry")
admin.add_view(ResidentView(Resident, session, endpoint="resident"))
admin.add_view(AnybodyView(Resident, session, name="Anybody", endpoint="anybody"))
