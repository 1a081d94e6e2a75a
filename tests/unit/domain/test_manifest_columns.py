from collections import Counter
from pathlib import Path

import pytest

from domain.manifest_cells import INDONESIAN
from domain.manifest_columns import (
    ALIASES,
    ALIASES_OF,
    COLUMNS,
    NAMES,
    column_of,
    headed_kind,
    lacking,
    named_kind,
    normalised,
)
from domain.manifest_words import RecordKind

PAGE = Path(__file__).parents[3] / "docs/reference/manifest.md"


@pytest.mark.parametrize("kind", RecordKind)
def test_no_heading_means_two_columns_of_one_table(kind: RecordKind) -> None:
    aliases = ALIASES | ALIASES_OF.get(kind, {})
    headings = [*COLUMNS[kind], *(a for name in COLUMNS[kind] for a in aliases.get(name, ()))]
    assert [name for name, times in Counter(map(normalised, headings)).items() if times > 1] == []
    for name in COLUMNS[kind]:
        for heading in (name, name.upper(), f" {name.replace('_', ' ')} ", *aliases.get(name, ())):
            column = column_of(kind, heading)
            assert column is not None
            assert column.name == name


def test_every_alias_is_of_a_column() -> None:
    columns = {name for kind in RecordKind for name in COLUMNS[kind]}
    assert set(ALIASES) <= columns
    assert all(set(aliases) <= set(COLUMNS[kind]) for kind, aliases in ALIASES_OF.items())


@pytest.mark.parametrize("kind", RecordKind)
def test_a_table_tells_its_kind_by_name_or_by_all_its_columns(kind: RecordKind) -> None:
    for name in NAMES[kind]:
        assert named_kind(f"KPU-{name.upper()}_2024-11-20 (1)") is kind
    assert headed_kind(list(COLUMNS[kind])) is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("kawal-manifest-lines", RecordKind.LINE),
        ("ReceiptLines", RecordKind.RECEIPT_LINE),
        ("rincian penerimaan", RecordKind.RECEIPT_LINE),
        ("units_of_stations", None),
        ("outlines", None),
        ("Sheet1", None),
    ],
)
def test_names(name: str, kind: RecordKind | None) -> None:
    assert named_kind(name) is kind


def test_what_a_table_lacks() -> None:
    assert lacking(RecordKind.LINE, ["manifest", "item"]) == ["line_no", "qty"]
    (voters,) = lacking(RecordKind.STATION, ["id", "region", "number"])
    assert voters == "voters_governor or voters_regent or voters_mayor"
    assert lacking(RecordKind.STATION, ["id", "region", "number", "voters_regent"]) == []


def test_the_docs_name_every_column_alias_and_word() -> None:
    page = PAGE.read_text("utf-8")
    told = {name for names in NAMES.values() for name in names} | set(INDONESIAN)
    for aliases in (ALIASES, *ALIASES_OF.values()):
        told |= {name for names in aliases.values() for name in names}
    assert {name for name in told if f"`{name}`" not in page} == set()
