"""Record, the class that declarations extend, and Account, the person who signs in."""

from __future__ import annotations

import sys
import types
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, ForwardRef, Self, Union, cast, get_args, get_origin

from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import Group, Role, User
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import TypeEngine

from app.declare.checks import Problem, stop_for
from app.declare.choices import Choices, Classification
from app.declare.fields import FieldSpec, Relation, Use
from app.declare.indexes import implied, together
from app.declare.screen import Screen, Unique
from app.declare.types import ChoiceText, Moment, ScaledNumber

PLAIN_TYPES: dict[Any, TypeEngine[Any]] = {
    str: String(200),
    int: Integer(),
    bool: Boolean(),
    date: Date(),
    datetime: Moment(),
    Decimal: ScaledNumber(18, 4),
}


def _spec(label: Any, *uses: Use) -> dict[str, Any]:
    return {"spec": FieldSpec(label=label, uses=frozenset({Use.READONLY, *uses}))}


def _now() -> datetime:
    return datetime.now(UTC)


class Record(Model):  # type: ignore[misc]  # FAB's base is untyped
    """What the console keeps: one class per table, one line per field.

    Subclasses set `__tablename__` (also the name in URLs), fields by `field`, `ref`, `owner`, `part_of` and `refs`,
    `screen`, and optionally `unique`. Raises DeclarationError, with an id and the remedy, for a line it cannot read.
    """

    __abstract__ = True
    __allow_unmapped__ = True

    screen: ClassVar[Screen]
    unique: ClassVar[Unique | tuple[Unique, ...]] = ()

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime] = mapped_column(Moment(), default=_now, info=_spec(_l("Created")))
    created_by: Mapped[str | None] = mapped_column(String(200), info=_spec(_l("Created by")))
    updated_at: Mapped[datetime] = mapped_column(Moment(), default=_now, info=_spec(_l("Updated"), Use.FILTER))
    updated_by: Mapped[str | None] = mapped_column(String(200), info=_spec(_l("Updated by")))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if not cls.__dict__.get("__abstract__"):
            _read_declaration(cls)
        super().__init_subclass__(**kwargs)


def _read_declaration(cls: type[Any]) -> None:
    """Turn the specs of a class body into columns and relationships before SQLAlchemy maps it."""
    specs = {name: value for name, value in list(vars(cls).items()) if isinstance(value, FieldSpec)}
    problems: list[Problem] = []
    column_types: dict[str, TypeEngine[Any]] = {}
    if "__tablename__" not in vars(cls):
        stop_for([Problem("RN001", cls.__name__, "", "has no __tablename__", "Name the table, in the singular.")])
    table = cls.__tablename__
    cls.__declared__ = tuple(specs)
    for name, spec in specs.items():
        kind, nullable, known = _annotation(cls, name)
        if not known:
            problems.append(Problem(
                "RN002", cls.__name__, name, "has no annotation",
                "Annotate it: `name: Mapped[Title] = field(...)`.",
            ))  # fmt: skip
            delattr(cls, name)
            continue
        if spec.relation is None:
            column_type = _column_type(kind)
            if column_type is None:
                problems.append(Problem(
                    "RN003", cls.__name__, name, f"has a type that no column is known for: {kind!r}",
                    "Use a type of app.declare (Code, Title, Money …), a Choices class, or str, int, bool, date.",
                ))  # fmt: skip
                delattr(cls, name)
                continue
            column_types[name] = column_type
            setattr(cls, name, _column(spec, column_type, nullable))
        elif spec.relation is Relation.MANY:
            setattr(cls, name, _many(cls, spec))
        else:
            _one(cls, spec, nullable, table)
    if problems:
        stop_for(problems)
    optional = {name for name in column_types if _annotation(cls, name)[1]}
    constraints: list[Any] = list(implied(table, specs, column_types, optional, vars(cls).get("screen")))
    for number, unique in enumerate(_uniques(cls)):
        columns = [_column_name(specs, item) for item in unique.fields]
        constraints.append(together(table, number + 1, columns))
    if getattr(getattr(cls, "screen", None), "trash", False):
        _trash(cls, specs, table, constraints)
    cls.__table_args__ = tuple(constraints)


def _trash(cls: type[Any], specs: dict[str, FieldSpec], table: str, constraints: list[Any]) -> None:
    """When and by whom a row was put into the trash; no fields, so that no screen, filter or workbook has them."""
    if not {"deleted_at", "deleted_by"}.isdisjoint(specs):
        return  # app.catalog_checks says so
    cls.deleted_at = mapped_column(Moment(), nullable=True)
    cls.deleted_by = mapped_column(String(200), nullable=True)
    # only of what lies in the trash: one of all rows would be taken for lists, which ask for those without a date
    inside = text("deleted_at IS NOT NULL")
    constraints.append(
        Index(f"ix_{table}_deleted_at", "deleted_at", "id", sqlite_where=inside, postgresql_where=inside)
    )


def _uniques(cls: type[Any]) -> tuple[Unique, ...]:
    found = cls.unique
    return (found,) if isinstance(found, Unique) else tuple(found)


def _column_name(specs: dict[str, FieldSpec], member: Any) -> str:
    spec = cast("FieldSpec", member)
    return f"{spec.name}_id" if specs[spec.name].relation else spec.name


def _column(spec: FieldSpec, column_type: TypeEngine[Any], nullable: bool) -> Any:
    return mapped_column(column_type, nullable=nullable, default=spec.default, info={"spec": spec})


def _one(cls: type[Any], spec: FieldSpec, nullable: bool, table: str) -> None:
    """A foreign key `<name>_id` beside the relationship `<name>`; deleting a referred row is refused by the store."""
    target = cls if spec.target is Self else spec.target
    spec.target = target
    column = mapped_column(
        Integer,
        ForeignKey(f"{target.__tablename__}.id", ondelete="RESTRICT", name=f"fk_{table}_{spec.name}"),
        nullable=nullable,
    )
    setattr(cls, f"{spec.name}_id", column)
    cls.__annotations__.pop(spec.name, None)
    relation = relationship(
        target,
        foreign_keys=lambda: getattr(cls, f"{spec.name}_id"),
        remote_side=(lambda: cls.id) if target is cls else None,
        info={"spec": spec},
    )
    setattr(cls, spec.name, relation)
    if spec.relation is Relation.OWNER:
        bind_owner(target)


def _many(cls: type[Any], spec: FieldSpec) -> Any:
    """A table `<record>__<field>` with one line per referred row."""
    target = cls if spec.target is Self else spec.target
    spec.target = target
    table, name = cls.__tablename__, f"{cls.__tablename__}__{spec.name}"
    secondary = Table(
        name,
        Model.metadata,
        Column("row_id", ForeignKey(f"{table}.id", ondelete="CASCADE", name=f"fk_{name}_row"), primary_key=True),
        Column(
            "target_id",
            ForeignKey(f"{target.__tablename__}.id", ondelete="RESTRICT", name=f"fk_{name}_target"),
            primary_key=True,
        ),
        Index(f"ix_{name}_target", "target_id", "row_id"),
    )
    cls.__annotations__.pop(spec.name, None)
    return relationship(
        target,
        secondary=secondary,
        primaryjoin=lambda: cls.id == secondary.c.row_id,
        secondaryjoin=lambda: target.id == secondary.c.target_id,
        info={"spec": spec},
        order_by=lambda: target.id,
    )


def _annotation(cls: type[Any], name: str) -> tuple[Any, bool, bool]:
    """The Python type inside `Mapped[...]`, whether it may be None, and whether there is an annotation at all."""
    annotation = cls.__annotations__.get(name)
    if isinstance(annotation, str):
        annotation = eval(annotation, dict(vars(sys.modules[cls.__module__])), {cls.__name__: cls})  # noqa: S307
    if annotation is None or cast("Any", get_origin(annotation)) is not Mapped:
        return None, False, False
    (inner,) = get_args(annotation)
    if isinstance(inner, ForwardRef):
        text = inner.__forward_arg__
        return text, "None" in text.replace(" ", "").split("|"), True
    if get_origin(inner) in (Union, types.UnionType):
        parts = [part for part in get_args(inner) if part is not type(None)]
        return parts[0], len(parts) < len(get_args(inner)), True
    return inner, False, True


def _column_type(kind: Any) -> TypeEngine[Any] | None:
    if get_origin(kind) is Annotated:
        return next((item for item in get_args(kind)[1:] if isinstance(item, TypeEngine)), None)
    if isinstance(kind, type) and issubclass(kind, Choices):
        return ChoiceText(kind)
    return PLAIN_TYPES.get(kind)


class Account(User):  # type: ignore[misc]  # FAB's model is untyped
    """A person who signs in: FAB's user, with a unit and a clearance.

    It shares FAB's table, so FAB's own look-ups find it; the unit's foreign key is added by the first record that
    declares an owner (`bind_owner`).
    """

    __allow_unmapped__ = True
    screen: ClassVar[Screen]

    version: Mapped[int] = mapped_column(default=1, server_default="1")
    clearance: Mapped[Classification] = mapped_column(
        ChoiceText(Classification), default=Classification.INTERNAL, server_default=Classification.INTERNAL.value
    )
    updated_at: Mapped[datetime | None] = mapped_column(Moment(), default=_now, info=_spec(_l("Updated")))
    updated_by: Mapped[str | None] = mapped_column(String(200), info=_spec(_l("Updated by")))
    # somebody else has chosen the password: whoever signs in with it chooses another before anything else
    password_given: Mapped[bool] = mapped_column(default=False, server_default=false())


# rows of the identity library have a version as records have, so that of two who save one at once neither is lost
for _adopted in (Role, Group):
    _adopted.version = mapped_column(Integer, nullable=False, default=1, server_default="1")

# whoever holds the role signs in with a device's code besides the password
Role.second_factor = mapped_column(Boolean, nullable=False, default=False, server_default=false())


def bind_owner(target: type[Any]) -> None:
    """Give accounts a unit: a reference to the record that owns rows; once, and to one record only."""
    bound = Account.__mapper__.class_manager.get("unit") if "unit" in vars(Account) else None
    if bound is not None:
        return
    Account.unit_id = mapped_column(
        Integer, ForeignKey(f"{target.__tablename__}.id", ondelete="RESTRICT", name="fk_account_unit"), nullable=True
    )
    spec = FieldSpec(
        label=_l("Unit"),
        uses=frozenset({Use.LIST, Use.FILTER}),
        relation=Relation.REF,
        target=target,
        name="unit",
    )
    Account.unit = relationship(target, foreign_keys=lambda: Account.unit_id, info={"spec": spec})


def adopt(model: type[Any], *, name: str, screen: Screen, fields: dict[str, Any]) -> None:
    """Give a table of the identity library the same screens as any record.

    `fields` maps attributes of the model to `field(...)`, `ref(...)` or `refs(...)`, in the order on screen; `name` is
    its name in URLs.
    """
    for attribute, spec in fields.items():
        spec.name = attribute
    model.adopted = fields
    model.adopted_name = name
    model.screen = screen


ADOPTABLE: list[type[Any]] = [Account, Role, Group]
"""Tables that are no records and may be adopted; app.declare.event adds the audit trail."""

__all__ = ["ADOPTABLE", "Account", "Group", "Record", "Role", "adopt", "bind_owner"]
