"""Fields of forms and filters as HTML: in Python, as templates would take most of a form's time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from flask import Flask
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup

from app.screens.draw import safe
from app.screens.pages import Control, Option

CHECKED = ("1", "true", "True", "on", "yes", "y")
TYPES = ("text", "email", "tel", "url", "search", "password")
FOR_FILTER = "q-"
"""The prefix of a filter's ids: two forms stand on the page of a list."""


def install(app: Flask) -> None:
    """Give the templates what is drawn here."""
    app.jinja_env.globals.update(draw_control=draw_control, draw_filters=draw_filters)


def draw_filters(controls: tuple[Control, ...]) -> Markup:
    """A list's filters: the same on most of its pages, so drawn once for each that differs."""
    return _filters(controls, str(get_locale()))


@lru_cache(maxsize=128)
def _filters(controls: tuple[Control, ...], _language: str) -> Markup:
    return Markup("").join([draw_control(one, FOR_FILTER, create=False) for one in controls])


def draw_control(control: Control, prefix: str = "", create: bool = True) -> Markup:
    """One field with its label, help and error. With `create` a reference offers to make a row that is missing."""
    return Markup(_control(control, prefix, create))  # noqa: S704  # every value in it went through `safe`


def _control(c: Control, prefix: str, create: bool) -> str:
    id_, name, width = safe(f"{prefix}{c.id}"), safe(c.name), min(max(c.width, 1), 12)
    opening, below = f'class="rn-w{width}" data-rn-field="{name}"', _below(c, id_)
    if c.control == "checkbox":
        return _checkbox(c, id_, name, width) + below + "</div>"
    required = " required" if c.required else ""
    if c.control in SETS:
        whole = f' id="{id_}"{_described(c, id_)}' if c.control in ("choices", "flag") else ""
        legend = f'<legend class="form-label{required}">{safe(c.label)}</legend>'
        return f"<fieldset {opening}{whole}>{legend}{SETS[c.control](c, id_, name)}{below}</fieldset>"
    if c.control == "static":
        value = f'<div class="rn-static" id="{id_}">{safe(c.value) or "—"}</div>'
        return f'<div {opening}><div class="form-label">{safe(c.label)}</div>{value}{below}</div>'
    label = f'<label class="form-label{required}" for="{id_}">{safe(c.label)}</label>'
    return f"<div {opening}>{label}{_field(c, id_, name, prefix, create)}{below}</div>"


def _field(c: Control, id_: str, name: str, prefix: str, create: bool) -> str:
    """What one types into, or chooses from."""
    kind = c.control
    if kind == "textarea":
        # a browser takes the first line feed for the beginning of the text
        rows = 3 if len(c.value) < 160 else 8
        return (
            f'<textarea class="form-control{_invalid(c)}" id="{id_}" name="{name}" rows="{rows}"'
            f"{_given('maxlength', c.maxlength)}{_given('placeholder', c.placeholder)}{_describe(c, id_)} data-rn-grow>"
            f"\n{safe(c.value)}</textarea>"
        )
    if kind in ("date", "datetime"):
        return _moment(c, id_, name, c.value, describe=_describe(c, id_))
    if kind == "select":
        return _select(c, id_, name, _("Any") if prefix == FOR_FILTER else "")
    if kind in ("ref", "refs"):
        return _reference(c, id_, name, create)
    if kind == "secret":
        eye = safe(_("Show the password"))
        return (
            '<div class="input-group input-group-flat">'
            f'<input class="form-control{_invalid(c)}" id="{id_}" name="{name}" type="password" value="{safe(c.value)}"'
            f' autocomplete="new-password"{_given("placeholder", c.placeholder)}{_describe(c, id_)}>'
            f'<span class="input-group-text"><button class="rn-iconbtn" type="button" data-rn-eye="{id_}"'
            f' aria-pressed="false" aria-label="{eye}"><i class="ti ti-eye" aria-hidden="true"></i></button>'
            "</span></div>"
        )
    typed = c.input if kind != "number" and c.input in TYPES else "text"
    return _plain(c, id_, name, c.value, typed, describe=_describe(c, id_))


def _invalid(c: Control) -> str:
    return " is-invalid" if c.error else ""


def _given(attribute: str, value: object) -> str:
    return f' {attribute}="{safe(str(value))}"' if value else ""


def _described(c: Control, id_: str) -> str:
    """Where the help and the error of a field stand."""
    ids = [f"{id_}-h"] if c.help or c.limit_text else []
    ids += [f"{id_}-e"] if c.error else []
    return f' aria-describedby="{" ".join(ids)}"' if ids else ""


def _describe(c: Control, id_: str) -> str:
    invalid = ' aria-invalid="true"' if c.error else ""
    required = ' aria-required="true"' if c.required else ""
    return f"{_described(c, id_)}{invalid}{required}"


def _below(c: Control, id_: str) -> str:
    parts = ""
    if c.help or c.limit_text:
        hint = " · ".join(safe(text) for text in (c.help, c.limit_text) if text)
        parts = f'<div class="form-hint" id="{id_}-h">{hint}</div>'
    if c.error:
        icon = '<i class="ti ti-alert-circle" aria-hidden="true"></i>'
        parts += f'<div class="invalid-feedback" id="{id_}-e">{icon}<span>{safe(c.error)}</span></div>'
    return parts


def _checkbox(c: Control, id_: str, name: str, width: int) -> str:
    check = " rn-check" if width < 12 else ""
    checked = " checked" if c.value in CHECKED else ""
    return (
        f'<div class="rn-w{width}{check}" data-rn-field="{name}"><label class="form-check mb-0">'
        f'<input class="form-check-input{_invalid(c)}" type="checkbox" id="{id_}" name="{name}" value="1"{checked}'
        f'{_describe(c, id_)}><span class="form-check-label">{safe(c.label)}</span></label>'
    )


def _moment(c: Control, id_: str, name: str, value: str, *, label: str = "", describe: str = "") -> str:
    """A day or a point in time: typed, or chosen from a calendar."""
    # what the store writes as 2004-06-30T09:30:00 is read and typed as 2004-06-30 09:30
    value = value[:16] if len(value) == 19 and value[16:] == ":00" else value
    value = f"{value[:10]} {value[11:]}" if value[10:11] == "T" else value
    timed = c.control == "datetime" or c.input in ("datetime", "datetime-local")
    example = c.placeholder or (_("YYYY-MM-DD hh:mm") if timed else _("YYYY-MM-DD"))
    calendar = safe(_("Calendar for %(label)s", label=label or c.label))
    return (
        f'<div class="input-group input-group-flat"><input class="form-control{_invalid(c)}" id="{id_}" name="{name}"'
        f' value="{safe(value)}" type="text" inputmode="numeric" autocomplete="off" placeholder="{safe(example)}"'
        f' data-rn-date="{"time" if timed else "day"}"{_given("aria-label", label)}{describe}>'
        '<span class="input-group-text"><span class="rn-datepick">'
        f'<input type="{"datetime-local" if timed else "date"}" tabindex="-1" aria-hidden="true" data-rn-picker>'
        '<button class="rn-iconbtn" type="button" data-rn-pick'
        f' aria-label="{calendar}"><i class="ti ti-calendar" aria-hidden="true"></i></button></span></span></div>'
    )


def _plain(
    c: Control, id_: str, name: str, value: str, kind: str = "text", *, label: str = "", describe: str = ""
) -> str:  # fmt: skip
    mode = c.inputmode or ("decimal" if c.control == "number" or c.input == "number" else "")
    field = (
        f'<input class="form-control{_invalid(c)}" id="{id_}" name="{name}" type="{kind}" value="{safe(value)}"'
        f"{_given('inputmode', mode)}{_given('maxlength', c.maxlength)}{_given('placeholder', c.placeholder)}"
        f'{_given("aria-label", label)} autocomplete="off"{describe}>'
    )
    if not c.suffix:
        return field
    return f'<div class="input-group">{field}<span class="input-group-text">{safe(c.suffix)}</span></div>'


def _options(options: Sequence[Option], value: str) -> str:
    return "".join([
        f'<option value="{safe(one.value)}"{" selected" if one.selected or (value and one.value == value) else ""}>'
        f"{safe(one.label)}</option>"
        for one in options
    ])  # fmt: skip


def _select(c: Control, id_: str, name: str, blank: str) -> str:
    none = ""
    if all(one.value for one in c.options):
        none = f'<option value="">{safe(c.placeholder or blank or (_("Choose…") if c.required else "—"))}</option>'
    return (
        f'<select class="form-select{_invalid(c)}" id="{id_}" name="{name}"{_describe(c, id_)}>'
        f"{none}{_options(c.options, c.value)}</select>"
    )


def _reference(c: Control, id_: str, name: str, create: bool) -> str:
    """Rows that are searched for by what is typed."""
    several = c.control == "refs"
    return (
        f'<select class="form-select{_invalid(c)}" id="{id_}" name="{name}" data-rn-ref'
        f' data-search-url="{safe(c.search_url)}"{_given("data-create-url", c.create_url if create else "")}'
        f' data-placeholder="{safe(c.placeholder or _("Type to search"))}"{" multiple" if several else ""}'
        f"{_describe(c, id_)}>{'' if several else NO_ROW}{_options(c.options, c.value)}</select>"
    )


NO_ROW = '<option value=""></option>'


def _range(c: Control, id_: str, name: str) -> str:
    """From and to."""
    draw = _moment if c.input in ("date", "datetime", "datetime-local") else _plain
    lower, upper = _("%(label)s from", label=c.label), _("%(label)s to", label=c.label)
    first = draw(c, id_, f"{name}__gte", c.value, label=lower, describe=_describe(c, id_))
    last = draw(c, f"{id_}-to", f"{name}__lte", c.upper, label=upper)
    return f'<div class="rn-range">{first}<span aria-hidden="true">–</span>{last}</div>'


def _choices(c: Control, id_: str, name: str) -> str:
    long = f' tabindex="0" role="group" aria-label="{safe(c.label)}"' if len(c.options) > 8 else ""
    lines = "".join([
        f'<label class="form-check"><input class="form-check-input" type="checkbox" name="{name}"'
        f' value="{safe(one.value)}"{" checked" if one.selected else ""}>'
        f'<span class="form-check-label">{safe(one.label)}</span></label>'
        for one in c.options
    ])  # fmt: skip
    return f'<div class="rn-choices"{long}>{lines}</div>'


def _flag(c: Control, id_: str, name: str) -> str:
    lines = "".join([
        f'<label class="form-check mb-0"><input class="form-check-input" type="radio" name="{name}" value="{value}"'
        f'{" checked" if c.value == value else ""}><span class="form-check-label">{safe(label)}</span></label>'
        for value, label in (("", _("Any")), ("1", _("Yes")), ("0", _("No")))
    ])  # fmt: skip
    return f'<div class="d-flex gap-3">{lines}</div>'


def _files(c: Control, id_: str, name: str) -> str:
    """The files that stay unless they are taken away, and where others are dropped."""
    kept = "".join([_file(one, f"{id_}-{place}", name) for place, one in enumerate(c.options, 1)])
    return (
        f'{kept}<label class="rn-dropzone" data-rn-drop><i class="ti ti-upload" aria-hidden="true"></i>'
        f'<span>{safe(_("Drop files here or choose them"))}</span><input class="visually-hidden" type="file" id="{id_}"'
        f' name="{name}" multiple{_given("accept", c.accept)}{_describe(c, id_)}></label>'
        '<ul class="rn-chosen" data-rn-chosen></ul>'
    )


def _file(one: Option, id_: str, name: str) -> str:
    size = f'<span class="d-block small text-secondary">{safe(one.hint)}</span>' if one.hint else ""
    keep = safe(_("Keep %(label)s", label=one.label))
    return (
        '<div class="rn-file mb-2"><i class="ti ti-file-text" aria-hidden="true"></i>'
        f'<label class="flex-fill" for="{id_}"><span class="rn-file-name">{safe(one.label)}</span>{size}</label>'
        f'<input class="visually-hidden" type="checkbox" id="{id_}" name="{name}__keep" value="{safe(one.value)}"'
        f' aria-label="{keep}" checked><label class="rn-iconbtn danger" for="{id_}" aria-hidden="true">'
        '<i class="ti ti-x"></i><i class="ti ti-arrow-back-up"></i></label></div>'
    )


SETS = {"range": _range, "choices": _choices, "flag": _flag, "files": _files}
"""Fields that are several controls together."""
