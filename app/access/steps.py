"""The states a person may take a row to: along the declared steps of its workflow, and in no other way."""

from __future__ import annotations

from app.access.person import Person, System
from app.catalog import Entry
from app.declare.choices import Choices


def reachable(actor: Person | System, entry: Entry, state: Choices | None) -> tuple[Choices, ...]:
    """The states a row may have after the actor saves it: the present one, and those a step open to them leads to.

    A new row (`state` None) begins where its field's default says.
    """
    flow, field = entry.screen.workflow, entry.state
    if flow is None or field is None:
        return ()
    if isinstance(actor, System):
        return field.choices
    if state is None:
        start = field.default
        return (start,) if isinstance(start, Choices) else field.choices
    found = [state]
    for step in flow.steps:
        roles = step.by if isinstance(step.by, tuple) else (step.by,)
        if step.before is state and any(role.value in actor.roles for role in roles):
            found.append(step.after)
    return tuple(dict.fromkeys(found))
