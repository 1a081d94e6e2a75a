"""Flat read models, one for each need of the screen.

`Watch` reads what changed since its last look; the functions below it answer one
question each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from psycopg import OperationalError
from psycopg.rows import args_row
from psycopg_pool import ConnectionPool

from db.accounts import Role
from db.pool import Connection
from db.sql import queries

Pool = ConnectionPool[Connection]
OutageError = OperationalError
"""The server does not answer; also raised by a pool that has no connection in time."""

Row = TypeVar("Row")


class PositionRow(NamedTuple):
    """The newest fix of a device. None means not reported."""

    device_id: str
    fix_time: datetime
    received_at: datetime
    lat_deg: float
    lon_deg: float
    speed_kmh: float | None
    course_deg: float | None
    accuracy_m: float
    battery_pct: float | None
    signal_dbm: float | None
    buffered: bool
    flags: int


class StatusRow(NamedTuple):
    """What a device last said of itself: online, sleeping or offline."""

    device_id: str
    state: str
    received_at: datetime
    report_interval_s: float | None


class AlertRow(NamedTuple):
    """An alert with the words that a card needs.

    `handled_by` took the newest step of its life-cycle, `assignee` is the login of who has
    it, `shelved_by` and `assignee_name` are names.
    """

    alert_id: int
    rule: str
    severity: int
    state: str
    device_id: str | None
    shipment_id: str | None
    surat_jalan_no: str | None
    from_name: str | None
    to_name: str | None
    facility_name: str | None
    expected_name: str | None
    tz: str
    opened_at: datetime
    raised_at: datetime
    last_seen_at: datetime
    cleared_at: datetime | None
    late_by_s: float | None
    occurrences: int
    detail: dict[str, Any]
    handled_by: str | None
    handled_at: datetime | None
    assignee: str | None = None
    assignee_name: str | None = None
    quiet: bool = False
    recurrences: int = 0
    escalation: int = 0
    escalated_at: datetime | None = None
    shelved_until: datetime | None = None
    shelved_by: str | None = None
    shelf_reason: str | None = None
    parent_id: int | None = None
    group_id: str | None = None
    rules_version: str | None = None


class DeviceRow(NamedTuple):
    """A device and the shipment that it watches now."""

    device_id: str
    kind: str
    name: str
    report_interval_s: float
    registered: bool
    shipment_id: str | None


class ShipmentRow(NamedTuple):
    """A shipment that a device watches."""

    shipment_id: str
    surat_jalan_no: str | None
    direction: str
    mode: str
    status: str
    from_facility: str
    from_name: str
    to_facility: str
    to_name: str
    route_id: str | None
    planned_departure: datetime
    planned_arrival: datetime
    vehicle: str | None
    carrier: str | None
    escort: str | None
    box_count: int | None


class ProgressRow(NamedTuple):
    """How far a shipment is by one device, and when it is expected."""

    shipment_id: str
    device_id: str
    along_m: float
    length_m: float
    percent: float
    fix_time: datetime
    eta_early: datetime | None
    eta: datetime | None
    eta_late: datetime | None
    wrong_way: bool
    stretch_mode: str
    updated_at: datetime


class FacilityRow(NamedTuple):
    """A place; its fence is a circle or the polygon as the plan holds it."""

    facility_id: str
    kind: str
    name: str
    tz: str
    lat_deg: float
    lon_deg: float
    fence_radius_m: float | None
    fence_polygon: Any


class RouteRow(NamedTuple):
    """The line of a corridor as the plan holds it, and half the corridor's width."""

    route_id: str
    name: str
    half_width_m: float
    line: Any


class StepRow(NamedTuple):
    """One step of an alert's life; `assignee` and `until` where it was assigned or shelved."""

    at: datetime
    actor: str
    trigger: str
    from_state: str | None
    to_state: str
    note: str | None
    assignee: str | None = None
    until: datetime | None = None


class HandlerRow(NamedTuple):
    """An account whose role may handle alerts."""

    login: str
    name: str
    role: str


class TrackPoint(NamedTuple):
    """A fix on a track."""

    lon_deg: float
    lat_deg: float
    flags: int


class Plan(NamedTuple):
    """Everything that the screen shows of the plan. `totals`: shipments by status."""

    devices: list[DeviceRow]
    shipments: list[ShipmentRow]
    totals: dict[str, int]
    facilities: list[FacilityRow]
    routes: list[RouteRow]


class Changes(NamedTuple):
    """Rows that changed since the last look; `whole` marks one with all rows.

    A row may come again unchanged. `plan` is None where nothing of it changed.
    """

    whole: bool
    server_time: datetime
    positions: list[PositionRow]
    statuses: list[StatusRow]
    alerts: list[AlertRow]
    plan: Plan | None
    progress: Sequence[ProgressRow] = ()


class Watch:
    """Exact looks at what changed, over a connection of its own.

    A look asks for `changed_xid >= mark`, where the mark is the oldest transaction that
    was still running at the look before: whatever it commits later is found then.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._mark = "0"
        self._plan_mark: str | None = None
        connection.autocommit = True
        connection.execute(queries("views")["listen"])

    def wait(self, timeout_s: float) -> None:
        """Return when a writer notifies, at the latest after `timeout_s`."""
        for _ in self._connection.notifies(timeout=timeout_s, stop_after=1):
            pass

    def look(self, *, at_plan: bool, whole: bool = False) -> Changes:
        """Read the changed rows, or with `whole` all of them, which also tells of rows that
        are gone. The plan only where `at_plan` asks for it."""
        if whole:
            self._mark = "0"
        connection, sql, since = self._connection, queries("views"), {"since": self._mark}
        with connection.transaction():
            connection.execute(sql["one_snapshot"])
            mark, now = connection.execute(sql["mark"]).fetchone() or ("0", None)
            changes = Changes(
                whole=self._mark == "0",
                server_time=now,
                positions=_rows(connection, PositionRow, "positions_changed", since),
                statuses=_rows(connection, StatusRow, "statuses_changed", since),
                alerts=_rows(connection, AlertRow, "alerts_changed", since),
                plan=self._changed_plan() if at_plan else None,
                progress=_rows(connection, ProgressRow, "progress_changed", since),
            )
        self._mark = mark
        return changes

    def _changed_plan(self) -> Plan | None:
        row = self._connection.execute(queries("views")["plan_mark"]).fetchone()
        if row is None or row[0] == self._plan_mark:
            return None
        self._plan_mark = row[0]
        return read_plan(self._connection)


@contextmanager
def watch(pool: Pool, timeout_s: float) -> Iterator[Watch]:
    """A watch over one connection of the pool, which is closed afterwards.

    Raises OutageError after `timeout_s` without one.
    """
    connection = pool.getconn(timeout_s)
    try:
        yield Watch(connection)
    finally:
        connection.close()  # it listens and commits by itself: not fit for others
        pool.putconn(connection)


def read_plan(connection: Connection) -> Plan:
    """All that the screen shows of the plan."""
    totals = connection.execute(queries("views")["shipment_totals"]).fetchall()
    return Plan(
        devices=_rows(connection, DeviceRow, "devices"),
        shipments=_rows(connection, ShipmentRow, "shipments"),
        totals=dict(totals),
        facilities=_rows(connection, FacilityRow, "facilities"),
        routes=_rows(connection, RouteRow, "routes"),
    )


def track(connection: Connection, device_id: str, since: datetime, limit: int) -> list[TrackPoint]:
    """The newest `limit` fixes after `since`, doubted ones too, oldest first."""
    parameters = {"device_id": device_id, "since": since, "limit": limit}
    return _rows(connection, TrackPoint, "track", parameters)


def alert_steps(connection: Connection, alert_id: int) -> list[StepRow]:
    """The life of an alert so far, oldest step first; empty for an unknown alert."""
    return _rows(connection, StepRow, "alert_steps", {"alert_id": alert_id})


def handlers(connection: Connection) -> list[HandlerRow]:
    """Whom an alert can be assigned to, by name."""
    accounts = _rows(connection, HandlerRow, "accounts")
    return [row for row in accounts if Role(row.role).may_handle_alerts]


def ping(connection: Connection) -> None:
    """Raises psycopg.OperationalError where the server does not answer."""
    connection.execute(queries("views")["ping"])


def _rows(
    connection: Connection,
    kind: Callable[..., Row],
    query: str,
    parameters: dict[str, Any] | None = None,
) -> list[Row]:
    with connection.cursor(row_factory=args_row(kind)) as cursor:
        return cursor.execute(queries("views")[query], parameters).fetchall()
