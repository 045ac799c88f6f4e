"""The row policy of one actor as one option of a statement, worked out once for as long as their grants stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter
from sqlalchemy.orm import LoaderCriteriaOption
from sqlalchemy.orm.interfaces import CriteriaOption
from sqlalchemy.sql._util_cy import anon_map

_SHAPES: dict[Any, int] = {}
"""A number for each shape that a policy has had: as many as there are kinds of people, not as there are people."""


class RowPolicy(CriteriaOption):
    """`with_loader_criteria` for every record at once.

    SQLAlchemy finds a compiled statement by a key made of all its parts. The part of the policy is the same for each
    statement of a person, and large; made here once, it costs a page no more than its few statements do.
    """

    __slots__ = ("_shape", "_values", "rules")
    inherit_cache = False
    propagate_to_loaders = True

    def __init__(self, rules: Sequence[LoaderCriteriaOption]) -> None:
        self.rules = tuple(rules)
        self._values: list[BindParameter[Any]] = []
        names = anon_map()
        key = tuple(rule._gen_cache_key(names, self._values) for rule in self.rules)  # noqa: SLF001  # no public way
        self._shape = _SHAPES.setdefault(key, len(_SHAPES))

    def _gen_cache_key(self, anon_map: Any, bindparams: list[BindParameter[Any]] | None) -> tuple[Any, ...]:
        if bindparams is not None:
            bindparams.extend(self._values)
        return (RowPolicy, self._shape)

    def process_compile_state(self, compile_state: Any) -> None:
        for rule in self.rules:
            rule.process_compile_state(compile_state)

    def process_compile_state_replaced_entities(self, compile_state: Any, mapper_entities: Any) -> None:
        for rule in self.rules:
            rule.process_compile_state_replaced_entities(compile_state, mapper_entities)

    def get_global_criteria(self, attributes: Any) -> None:
        for rule in self.rules:
            rule.get_global_criteria(attributes)
