"""The language of texts: the reader's, but where another is asked for."""

from flask import Flask
from flask_babel import force_locale, gettext

from app.catalog import Catalog
from app.excel.match import How, match
from app.excel.values import to_raw
from app.excel.words import languages
from app.store.labels import nobody
from tests.support import people
from tests.support.imports import acting


def test_another_language_can_be_asked_for_in_the_midst_of_a_page(app: Flask) -> None:
    with acting(app, people.STATISTICS):
        for _round in range(2):
            assert gettext("Yes") == "是"
            with force_locale("en"):
                assert gettext("Yes") == "Yes"
                with force_locale("zh"):
                    assert gettext("Yes") == "是"
                assert gettext("Yes") == "Yes"


def test_columns_and_choices_are_known_in_both_languages_whichever_the_reader_has(app: Flask) -> None:
    catalog: Catalog = app.extensions["catalog"]
    entry = catalog["indicator"]
    with acting(app, people.STATISTICS):
        for language in ("zh", "en"):
            with force_locale(language):
                assert set(languages(entry.fields["code"].spec.label)) == {"编码", "Code"}
                for texts in (("编码", "名称"), ("Code", "Name")):
                    assert match(entry, texts).mapping == {0: "code", 1: "name"}
                    assert match(entry, texts).how == {0: How.LABEL, 1: How.LABEL}
                item = entry.fields["period"]
                for text in ("月", "Monthly", "month"):
                    assert str(item.kind.parse(item, to_raw(item, text)).value) == "month"
                referred = catalog["indicator"].fields["unit"]
                for text in ("（不在您可见范围内）", "(not visible to you)"):
                    assert to_raw(referred, text) == nobody()
