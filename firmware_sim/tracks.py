"""Reads recorded tracks: CSV by named columns, and GPX. Bad rows are reported, not fatal."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO
from xml.etree.ElementTree import ParseError
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import gpxpy
import gpxpy.gpx

from firmware_sim.track_fix import RowError, TrackFix, checked_device, fix_time, in_utc, number

DELIMITERS = ";\t|,"


class TrackError(ValueError):
    """The file cannot be read at all; says what to change."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns of a CSV file; None: there is no such column."""

    time: str
    lat: str
    lon: str
    device: str | None = None
    speed: str | None = None
    course: str | None = None
    accuracy: str | None = None
    altitude: str | None = None


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read. `timezone`: an IANA name for times that carry no zone (else refused).

    `device`: the device of a file without a device column (None: the file's name);
    `device_prefix` is put before each name. `delimiter` None: found in the header.
    `accuracy_m`: assumed where the file has none.
    """

    delimiter: str | None = None
    encoding: str = "utf-8-sig"
    timezone: str | None = None
    device: str | None = None
    device_prefix: str = ""
    accuracy_m: float = 10.0


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that could not be read. `line`: of the file, from 1; in GPX the point's number."""

    line: int
    field: str
    reason: str


@dataclass(slots=True)
class Tracks:
    """What a file holds: fixes in the order of time, and the rows refused."""

    fixes: list[TrackFix] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)

    @property
    def devices(self) -> list[str]:
        """Device ids in alphabetical order."""
        return sorted({fix.device_id for fix in self.fixes})


def read_tracks(file: Path, columns: Columns | None, options: ReadOptions) -> Tracks:
    """Read a `.gpx` file, or a CSV file by its `columns`, as a whole into memory.

    Raises TrackError when the file cannot be opened, a named column is missing, the
    zone is unknown, or the GPX is not XML.
    """
    zone = _zone(options.timezone)
    tracks = Tracks()
    try:
        if file.suffix.lower() == ".gpx":
            _read_gpx(file, options, zone, tracks)
        elif columns is None:
            raise TrackError(f"{file.name}: a CSV file needs the names of its columns")
        else:
            with file.open(encoding=options.encoding, errors="replace", newline="") as text:
                _read_csv(text, file, _Reader(columns, options, zone, file.stem), tracks)
    except (OSError, LookupError) as reason:
        raise TrackError(f"{file.name}: {reason}") from None
    tracks.fixes.sort(key=lambda fix: fix.fix_time)
    return tracks


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise TrackError(f"timezone {name!r}: unknown; give a name like Asia/Jakarta") from None


def sniff_delimiter(header: str) -> str:
    """The delimiter that cuts the header line into the most columns."""
    return max(DELIMITERS, key=header.count)


@dataclass(frozen=True, slots=True)
class _Reader:
    columns: Columns
    options: ReadOptions
    zone: ZoneInfo | None
    stem: str

    def fix(self, row: Mapping[str, str | None]) -> TrackFix:
        columns = self.columns
        course = self._optional(row, "course", columns.course)
        accuracy = self._optional(row, "accuracy", columns.accuracy)
        return TrackFix(
            self._device(row),
            fix_time(self._text(row, "time", columns.time), self.zone),
            number("lat", self._text(row, "lat", columns.lat)),
            number("lon", self._text(row, "lon", columns.lon)),
            self.options.accuracy_m if accuracy is None else accuracy,
            self._optional(row, "speed", columns.speed),
            None if course is None else course % 360.0,
            self._optional(row, "altitude", columns.altitude),
        )

    def named(self) -> list[str]:
        c = self.columns
        all_of = (c.time, c.lat, c.lon, c.device, c.speed, c.course, c.accuracy, c.altitude)
        return [name for name in all_of if name is not None]

    def _device(self, row: Mapping[str, str | None]) -> str:
        if self.columns.device is None:
            return device_id(self.options, self.stem)
        name = self._text(row, "device", self.columns.device)
        return checked_device(self.options.device_prefix + name)

    def _text(self, row: Mapping[str, str | None], what: str, column: str) -> str:
        text = (row.get(column) or "").strip()
        if not text:
            raise RowError(what, f"column {column} is empty")
        return text

    def _optional(
        self, row: Mapping[str, str | None], what: str, column: str | None
    ) -> float | None:
        if column is None or not (row.get(column) or "").strip():
            return None
        return number(what, self._text(row, what, column))


def device_id(options: ReadOptions, stem: str) -> str:
    """The device of a file that does not name any."""
    return checked_device(options.device_prefix + (options.device or stem))


def _read_csv(text: TextIO, file: Path, reader: _Reader, tracks: Tracks) -> None:
    header = text.readline()
    text.seek(0)
    rows = csv.DictReader(text, delimiter=reader.options.delimiter or sniff_delimiter(header))
    known = rows.fieldnames or []
    missing = [name for name in reader.named() if name not in known]
    if missing:
        raise TrackError(
            f"{file.name}: no column {', '.join(missing)}; the file has: {', '.join(known)}"
        )
    for line, row in _lines(rows, tracks):
        try:
            tracks.fixes.append(reader.fix(row))
        except RowError as bad:
            tracks.refused.append(RefusedRow(line, bad.field, bad.reason))


def _lines(
    rows: "csv.DictReader[str]", tracks: Tracks
) -> Iterator[tuple[int, Mapping[str, str | None]]]:
    """Rows with their line; what the csv module itself cannot read is refused."""
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as reason:
            tracks.refused.append(RefusedRow(rows.line_num, "row", str(reason)))
            continue
        yield rows.line_num, row


def _read_gpx(file: Path, options: ReadOptions, zone: ZoneInfo | None, tracks: Tracks) -> None:
    try:
        with file.open(encoding=options.encoding, errors="replace") as text:
            gpx = gpxpy.parse(text)
        device = device_id(options, file.stem)
    except (gpxpy.gpx.GPXException, ParseError, ValueError) as reason:
        raise TrackError(f"{file.name}: {reason}") from None
    points = (p for track in gpx.tracks for segment in track.segments for p in segment.points)
    for nth, point in enumerate(points, start=1):
        try:
            tracks.fixes.append(_gpx_fix(point, device, options, zone))
        except RowError as bad:
            tracks.refused.append(RefusedRow(nth, bad.field, bad.reason))


def _gpx_fix(
    point: gpxpy.gpx.GPXTrackPoint, device: str, options: ReadOptions, zone: ZoneInfo | None
) -> TrackFix:
    if point.time is None:
        raise RowError("time", "the point has none")
    altitude = None if point.elevation is None else number("altitude", str(point.elevation))
    speed_kmh = None if point.speed is None else number("speed", str(point.speed * 3.6))
    course = None if point.course is None else number("course", str(point.course)) % 360.0
    return TrackFix(
        device,
        in_utc(point.time, zone),
        number("lat", str(point.latitude)),
        number("lon", str(point.longitude)),
        options.accuracy_m,
        speed_kmh,
        course,
        altitude,
    )
