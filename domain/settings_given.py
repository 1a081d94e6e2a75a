"""Settings given one by one, to try them: `rules.NAME=VALUE`."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import ValidationError

from domain.settings import Rules

PREFIX = "rules."


class GivenError(ValueError):
    """What was given is no setting or no value for it; the message says which and why."""


def with_given(settings: Rules, given: Iterable[str]) -> Rules:
    """`settings` with each `rules.NAME=VALUE` (the prefix may be left out) in its place.

    Raises GivenError for an unknown name and for a value that the setting refuses.
    """
    changed: dict[str, object] = settings.model_dump()
    for text in given:
        name, equals, value = text.strip().removeprefix(PREFIX).partition("=")
        if not equals:
            raise GivenError(f"{text!r}: needs the form {PREFIX}NAME=VALUE")
        if name not in changed:
            near = get_close_matches(name, changed, n=1)
            hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
            raise GivenError(f"{PREFIX}{name}: there is no such setting{hint}")
        changed[name] = value
    try:
        return Rules.model_validate(changed)
    except ValidationError as error:
        faults = [
            f"{'.'.join(['rules', *map(str, fault['loc'])])}: {fault['msg']}"
            for fault in error.errors(include_url=False)
        ]
        raise GivenError("\n".join(faults)) from None
