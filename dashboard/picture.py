"""The picture: what is true now, and what of it each browser has yet to hear.

Nothing queues. Every row carries the version at which it changed, and a browser asks for
what is newer than the version it has: a slow one gets the newest state in one piece.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from dashboard.features import collection, facility_feature, fence_feature, route_feature
from dashboard.messages import (
    alert_object,
    alert_standing,
    device_columns,
    position_columns,
    progress_columns,
    shipment_object,
    status_columns,
)
from dashboard.tables import Table
from db.views import (
    AlertRow,
    Changes,
    DeviceRow,
    Plan,
    PositionRow,
    ProgressRow,
    ShipmentRow,
    StatusRow,
)
from domain.alerts import OPEN_STATES, AlertState
from domain.priority import in_flood, raised_lately
from domain.settings import Alerts, Rules
from domain.silence import is_silent, silent_after

ARRIVED = frozenset({"ARRIVED", "RECEIVED", "PARTIALLY_RECEIVED"})
REMEMBERED_VERSIONS = 5000


class Totals(NamedTuple):
    """The numbers above the map. Alerts on the shelf or in an incident are not among the
    open ones."""

    in_transit: int
    arrived: int
    shipments: int
    unacknowledged: int
    open: int
    shelved: int
    reporting: int
    silent: int
    unheard: int


class Flood(NamedTuple):
    """So many new alerts came in the last `window_s` seconds."""

    alerts: int
    window_s: float


class Picture:
    """Rows by key, and the answers to what the browsers ask. Not safe between threads."""

    def __init__(self, rules: Rules, work: Alerts | None = None) -> None:
        self.version = 0
        self.plan_version = 0
        self.newest_received_at: datetime | None = None
        self._rules = rules
        self._work = work or Alerts()
        self._raised: dict[int, datetime] = {}
        self._flooded = False
        self._oldest_version = 0
        self._numbers: dict[str, int] = {}
        self._devices: Table[str, DeviceRow] = Table()
        self._shipments: Table[str, ShipmentRow] = Table()
        self._statuses: Table[str, StatusRow] = Table()
        self._positions: Table[str, PositionRow] = Table()
        self._alerts: Table[int, AlertRow] = Table()
        self._progress: Table[str, ProgressRow] = Table()
        self._shipments_by_status: dict[str, int] = {}
        self._plan: dict[str, Any] = {}

    def apply(self, changes: Changes) -> bool:
        """Take the rows of a look; False where nothing in them is new."""
        version = self.version + 1
        news = [
            self._take_plan(changes.plan, version) if changes.plan else False,
            self._take_positions(changes.positions, version),
            *[self._statuses.put(row.device_id, row, version) for row in changes.statuses],
            *[self._take_alert(row, version) for row in changes.alerts],
            *[self._take_progress(row, version) for row in changes.progress],
        ]
        if changes.whole:
            news += self._keep_only_these(changes, version)
        if not any(news):
            return False
        self.version = version
        self._forget_old()
        return True

    def delta(self, since: int | None) -> dict[str, Any]:
        """What a browser at version `since` lacks; the whole picture for None.

        Tables are columns of equal length. `i` numbers a device within this server run.
        """
        whole = since is None or not self._oldest_version <= since <= self.version
        start = 0 if whole or since is None else since
        late_after_s = self._rules.late_after_s
        parts: dict[str, Any] = {
            "devices": device_columns(self._devices.since(start), self._number),
            "statuses": status_columns(self._statuses.since(start), self._number),
            "positions": position_columns(self._positions.since(start), self._number, late_after_s),
            "shipments": [shipment_object(row) for row in self._shipments.since(start)],
            "alerts": [alert_object(row) for row in self._alerts.since(start)],
            "progress": progress_columns(self._progress.since(start)),
        }
        gone = {} if whole else self._gone(start)
        filled = {name: part for name, part in (parts | gone).items() if whole or part}
        return {"seq": self.version, "whole": whole, **filled}

    def plan(self) -> dict[str, Any]:
        """Facilities, fences and routes as GeoJSON."""
        empty = collection([])
        return {"facilities": empty, "fences": empty, "routes": empty} | self._plan

    def totals(self, now: datetime) -> Totals:
        """The numbers above the map at the time `now`."""
        heard = [(row, self._heard_at(row.device_id)) for row in self._devices]
        silent = [row for row, at in heard if at and self._is_silent(row, at, now)]
        unheard = sum(at is None for _, at in heard)
        by_status = self._shipments_by_status
        shelved = [row for row in self._alerts if row.shelved_until and row.shelved_until > now]
        off_the_list = {row.alert_id for row in shelved}
        off_the_list |= {row.alert_id for row in self._alerts if row.parent_id is not None}
        listed = [row for row in self._alerts if row.alert_id not in off_the_list]
        return Totals(
            in_transit=by_status.get("IN_TRANSIT", 0),
            arrived=sum(count for status, count in by_status.items() if status in ARRIVED),
            shipments=sum(by_status.values()),
            unacknowledged=sum(row.state == AlertState.NEW for row in listed),
            open=len(listed),
            shelved=len(shelved),
            reporting=len(heard) - len(silent) - unheard,
            silent=len(silent),
            unheard=unheard,
        )

    def flood(self, now: datetime) -> Flood | None:
        """The flood of alerts at the time `now`, None where there is none."""
        start = now - timedelta(seconds=self._work.flood_window_s)
        self._raised = {alert: at for alert, at in self._raised.items() if at > start}
        times = self._raised.values()
        self._flooded = in_flood(times, now, self._work, already=self._flooded)
        if not self._flooded:
            return None
        return Flood(raised_lately(times, now, self._work), self._work.flood_window_s)

    def stale_after_s(self) -> float | None:
        """How long it may be quiet: the most frequent reporter should have been heard.

        None where no device ever was.
        """
        intervals = [
            self._interval_s(row) for row in self._devices if row.device_id in self._positions
        ]
        return silent_after(min(intervals), self._rules).total_seconds() if intervals else None

    def _take_plan(self, plan: Plan, version: int) -> bool:
        for device in plan.devices:
            self._devices.put(device.device_id, device, version)
        for shipment in plan.shipments:
            self._shipments.put(shipment.shipment_id, shipment, version)
        reporting = [row.device_id for row in self._positions]
        self._devices.keep_only([row.device_id for row in plan.devices] + reporting, version)
        self._shipments.keep_only([row.shipment_id for row in plan.shipments], version)
        self._shipments_by_status = plan.totals
        self._plan = {
            "facilities": collection(map(facility_feature, plan.facilities)),
            "fences": collection(map(fence_feature, plan.facilities)),
            "routes": collection(map(route_feature, plan.routes)),
        }
        self.plan_version += 1
        return True

    def _take_positions(self, rows: Iterable[PositionRow], version: int) -> bool:
        news = False
        for row in rows:
            if row.device_id not in self._devices:
                self._devices.put(row.device_id, _unknown_device(row.device_id), version)
            news = self._positions.put(row.device_id, row, version) or news
            if self.newest_received_at is None or row.received_at > self.newest_received_at:
                self.newest_received_at = row.received_at
        return news

    def _take_progress(self, row: ProgressRow, version: int) -> bool:
        """Of several devices with one shipment, the one that was seen last."""
        known = self._progress.get(row.shipment_id)
        if known is not None and known.fix_time > row.fix_time:
            return False
        return self._progress.put(row.shipment_id, row, version)

    def _take_alert(self, row: AlertRow, version: int) -> bool:
        standing = alert_standing(row)
        if standing.is_late or standing.is_quiet or standing.is_child:
            self._raised.pop(row.alert_id, None)
        else:
            self._raised[row.alert_id] = row.raised_at
        if row.state in OPEN_STATES:
            return self._alerts.put(row.alert_id, row, version)
        return self._alerts.drop(row.alert_id, version)

    def _keep_only_these(self, changes: Changes, version: int) -> list[bool]:
        return [
            self._positions.keep_only([row.device_id for row in changes.positions], version),
            self._statuses.keep_only([row.device_id for row in changes.statuses], version),
            self._alerts.keep_only([row.alert_id for row in changes.alerts], version),
            self._progress.keep_only([row.shipment_id for row in changes.progress], version),
        ]

    def _gone(self, since: int) -> dict[str, list[Any]]:
        return {
            "gone_devices": self._devices.gone_since(since),
            "gone_positions": self._positions.gone_since(since),
            "gone_shipments": self._shipments.gone_since(since),
            "gone_alerts": self._alerts.gone_since(since),
            "gone_progress": self._progress.gone_since(since),
        }

    def _forget_old(self) -> None:
        if self.version - self._oldest_version < 2 * REMEMBERED_VERSIONS:
            return
        self._oldest_version = self.version - REMEMBERED_VERSIONS
        self._devices.forget_gone(self._oldest_version)
        self._positions.forget_gone(self._oldest_version)
        self._shipments.forget_gone(self._oldest_version)
        self._alerts.forget_gone(self._oldest_version)
        self._progress.forget_gone(self._oldest_version)

    def _heard_at(self, device_id: str) -> datetime | None:
        position, status = self._positions.get(device_id), self._statuses.get(device_id)
        times = [position.received_at] if position else []
        if status is not None and status.state != "offline":  # a last will is the broker's word
            times.append(status.received_at)
        return max(times, default=None)

    def _is_silent(self, device: DeviceRow, heard_at: datetime, now: datetime) -> bool:
        status = self._statuses.get(device.device_id)
        if status is not None and status.state == "sleeping":
            return False
        return is_silent(heard_at, self._interval_s(device), now, self._rules)

    def _interval_s(self, device: DeviceRow) -> float:
        status = self._statuses.get(device.device_id)
        if status is not None and status.report_interval_s is not None:
            return status.report_interval_s
        return device.report_interval_s

    def _number(self, device_id: str) -> int:
        return self._numbers.setdefault(device_id, len(self._numbers))


def _unknown_device(device_id: str) -> DeviceRow:
    return DeviceRow(device_id, "", device_id, 60.0, False, None)
