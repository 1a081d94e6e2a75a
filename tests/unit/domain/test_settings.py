"""Settings: defaults of the rule book, bounds, and no secret in print."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from domain.settings import Settings


def fields() -> dict[str, FieldInfo]:
    """Every field by its path."""
    found = {}
    for section, place in Settings.model_fields.items():
        assert isinstance(place.annotation, type)
        assert issubclass(place.annotation, BaseModel)
        for name, field in place.annotation.model_fields.items():
            found[f"{section}.{name}"] = field
    return found


def test_the_defaults_are_those_of_the_rule_book() -> None:
    rules = Settings().rules
    assert (rules.confirm_fixes, rules.silence_intervals, rules.max_speed_kmh) == (3, 2, 200)
    assert rules.reevaluate_hours >= 72  # what store and forward may hold back


@pytest.mark.parametrize("path", fields())
def test_every_field_is_described_by_a_sentence(path: str) -> None:
    """The reference page and `kawal check` are made of it."""
    description = fields()[path].description or ""
    assert description[:1].isupper() or description.startswith("mqtt://")
    assert description.endswith((".", ")"))


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        ("ingest", "batch_size", 0),
        ("ingest", "batch_wait_ms", 0),
        ("ingest", "health_port", 65536),
        ("ingest", "retention_days", 0),
        ("ingest", "housekeeping_interval_s", 0),
        ("rules", "late_after_s", 0),
        ("rules", "max_speed_kmh", -1),
        ("rules", "confirm_fixes", 0),
        ("rules", "silence_intervals", 0.5),
        ("rules", "snapshot_fixes", 1),
        ("dashboard", "language", "jv"),
        ("dashboard", "tick_ms", 1),
        ("dashboard", "session_hours", 0),
        ("database", "url", 5),
        ("broker", "typo", "x"),
    ],
)
def test_a_value_out_of_bounds_is_refused_at_its_place(
    section: str, field: str, value: Any
) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({section: {field: value}})
    (fault,) = refused.value.errors()
    assert fault["loc"] == (section, field)


def test_more_fixes_than_are_looked_at_would_never_agree() -> None:
    with pytest.raises(ValidationError, match="confirm_fixes must not be more than confirm_window"):
        Settings.model_validate({"rules": {"confirm_fixes": 5, "confirm_window": 4}})


def test_settings_do_not_change_while_they_are_used() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().rules.max_speed_kmh = 1  # type: ignore[misc]


def test_secrets_are_not_printed() -> None:
    secret = "postgresql://kawal:rahasia@127.0.0.1/kawal"
    settings = Settings.model_validate({"database": {"url": secret}, "broker": {"url": secret}})
    for said in (repr(settings), str(settings), settings.model_dump_json()):
        assert "rahasia" not in said
    assert settings.database.url is not None
    assert settings.database.url.get_secret_value() == secret
