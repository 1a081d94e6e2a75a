"""Reasons: where a plan document is at fault and why, in words for who wrote it."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic_core import ErrorDetails

from domain.plan import DEVICE_ID_PATTERN, ID_PATTERN, TEXT_PATTERN, schema
from domain.regions import CODE_PATTERN, in_indonesia
from domain.thresholds import FIXED, JOINT, SETTABLE, SETTABLE_ALONE

Loc = tuple[int | str, ...]
WHOLE = "(document)"


def path_of(loc: Loc) -> str:
    """Such as `shipments[3].to`."""
    return "".join(map(_step, loc)).removeprefix(".") or WHOLE


def _step(step: int | str) -> str:
    plain = isinstance(step, str) and re.fullmatch(r"[A-Za-z0-9_$-]{1,60}", step)
    return f".{step}" if plain else f"[{quoted(step)}]"


def quoted(value: object) -> str:
    """A value of the file, cut short and with nothing in it that a terminal would obey."""
    text = json.dumps(value, ensure_ascii=False)
    text = text if text.isprintable() else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


_REASONS = {
    "missing": "is required",
    "bool_type": "must be true or false",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number",
    "model_type": "must be an object",
    "string_type": "must be text in quotes",
    "tuple_type": "must be a list",
}
_PATTERN_REASONS = {
    ID_PATTERN: "must be 1 to 64 letters, digits, dots, - or _, beginning with a letter or digit",
    DEVICE_ID_PATTERN: "must be 1 to 64 letters, digits, - or _",
    TEXT_PATTERN: "must be text without control characters, not empty and not blank at either end",
    CODE_PATTERN: "must be a dotted Kemendagri code of 2, 4, 6 or 10 digits, such as 33.74.15",
}


def reason_of(detail: ErrorDetails, document: Any) -> str:
    """What pydantic found wrong at one place of `document`."""
    kind, loc = detail["type"], detail["loc"]
    if kind == "extra_forbidden" and "rules" in loc[:-1]:
        return _no_threshold(str(loc[-1]), loc[:2] == ("operation", "rules"))
    if kind == "extra_forbidden":
        return f"is not a field of a plan{_suggestion(str(loc[-1]))}"
    if "coordinates" in loc and isinstance(loc[-1], int) and kind in ("missing", "too_long"):
        return "must be [longitude, latitude] and nothing more"
    if kind == "string_pattern_mismatch":
        reason = _PATTERN_REASONS[detail["ctx"]["pattern"]]
    elif kind == "too_short":
        return f"needs at least {detail['ctx']['min_length']}"
    elif kind == "json_invalid":
        reason = f"is not JSON ({detail['ctx']['error']})"
    else:
        message = detail["msg"].removeprefix("Value error, ")
        reason = _REASONS.get(kind, message.replace("Input should", "must", 1))
    return reason + _shown(detail) + _swapped(loc, document)


def _suggestion(name: str) -> str:
    close = get_close_matches(name, _field_names(), n=1)
    return f": did you mean {close[0]}?" if close else ""


def _no_threshold(name: str, for_all: bool) -> str:
    if name in FIXED:
        return f"cannot be set in a plan, only in the settings: {FIXED[name]}"
    if name in JOINT:
        return f"can be set for the whole operation only: {JOINT[name]}"
    close = get_close_matches(name, SETTABLE if for_all else SETTABLE_ALONE, n=1)
    return "is no threshold of the rules" + (f": did you mean {close[0]}?" if close else "")


@cache
def _field_names() -> tuple[str, ...]:
    parts = [schema(), *schema()["$defs"].values()]
    return tuple({each for part in parts for each in part.get("properties", ())})


def _shown(detail: ErrorDetails) -> str:
    value = detail["input"]
    if detail["type"] in ("missing", "json_invalid") or not isinstance(value, str | int | float):
        return ""
    return f", not {quoted(value)}"


def _swapped(loc: Loc, document: Any) -> str:
    """A hint where latitude and longitude would be in Indonesia the other way round."""
    if not loc or not (loc[-1] == "lat_deg" or ("coordinates" in loc and loc[-1] == 1)):
        return ""
    place = document
    for step in loc[:-1]:
        place = place[step]
    try:
        lat, lon = place[loc[-1]], place["lon_deg" if loc[-1] == "lat_deg" else 0]
        swapped = in_indonesia(lat_deg=lon, lon_deg=lat)
    except (KeyError, IndexError, TypeError):
        return ""
    return " (longitude and latitude seem to be swapped)" if swapped else ""
