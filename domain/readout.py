"""Read-out: facts as NDJSON or CSV for others (docs/reference/cli.md).

Times are RFC 3339 in UTC. A text cell of the CSV that a spreadsheet would run as a formula
is led by an apostrophe (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

_AGE = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def moment(text: str, now: datetime) -> datetime:
    """A time from what a person types: `90m`, `2h`, `3d` before `now`, or RFC 3339 with zone.

    Raises ValueError with what is expected.
    """
    try:
        if match := _AGE.fullmatch(text):
            return now - timedelta(**{_UNITS[match[2]]: float(match[1])})
        when = datetime.fromisoformat(text)
        if when.tzinfo is not None:
            return when.astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # neither, or beyond the years 1 to 9999
    raise ValueError(
        f"{text!r}: needs an age such as 90m, 2h, 3d, or a time with its zone such as"
        " 2024-11-26T08:00:00+07:00"
    )


def ndjson(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One JSON object a line."""
    for row in rows:
        yield json.dumps(row, default=_plain, ensure_ascii=False) + "\n"


def csv_lines(rows: Iterable[Mapping[str, Any]], fields: Iterable[str]) -> Iterator[str]:
    """A header and one line a row, by RFC 4180 with line feeds; nested values as JSON."""
    fields = list(fields)
    line = io.StringIO()
    # So that either character of the end of a line is quoted where a cell holds it.
    writer = csv.writer(line, lineterminator="\r\n")
    for row in chain([fields], ([_cell(r[name]) for name in fields] for r in rows)):
        writer.writerow(row)
        yield line.getvalue().removesuffix("\r\n") + "\n"
        line.seek(0)
        line.truncate()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, Mapping | list):
        return json.dumps(value, default=_plain, ensure_ascii=False)
    return _plain(value) if isinstance(value, datetime) else value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)
