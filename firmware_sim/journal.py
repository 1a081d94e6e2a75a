"""Makes the records: positions and events, numbered and stored in the ring."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from firmware_sim import frame
from firmware_sim.board import Board
from firmware_sim.gnss import Fix

RING_CLEAR = 0.9  # below this fill an overflow is over


@dataclass
class Journal:
    """Writes down what the firmware tells it; remembers the last known fix."""

    board: Board
    last_fix: tuple[Fix, datetime] | None = None
    _overflow: frame.Key | None = None  # of the event that told it

    def saw(self, fix: Fix, at_s: float) -> None:
        """A fix, reported or not."""
        self.last_fix = fix, self.board.clock.time(at_s)

    def position(self, fix: Fix, at_s: float) -> None:
        """Report a fix of this moment."""
        self._store(
            "position",
            at_s,
            fix_time=self.board.clock.time(at_s),
            lat_deg=fix.lat_deg,
            lon_deg=fix.lon_deg,
            speed_kmh=fix.speed_kmh,
            course_deg=fix.course_deg,
            accuracy_m=fix.accuracy_m,
            hdop=fix.hdop,
            satellites=fix.satellites,
            battery_pct=self.board.sensors.battery_pct,
            signal_dbm=self.board.antenna.strength_dbm(at_s),
            buffered=not self.board.modem.connected,
            jamming=fix.jamming or None,
            mock=fix.mock or None,
        )

    def event(self, event: str, at_s: float, **more: Any) -> None:
        """Report an event of this moment with the last known fix; None fields are left out."""
        known: dict[str, Any] = {}
        if self.last_fix is not None:
            fix, fix_time = self.last_fix
            known = {
                "fix_time": fix_time,
                "lat_deg": fix.lat_deg,
                "lon_deg": fix.lon_deg,
                "accuracy_m": fix.accuracy_m,
            }
        self._store(
            "event",
            at_s,
            event=event,
            event_time=self.board.clock.time(at_s),
            **known,
            **more,
            battery_pct=self.board.sensors.battery_pct,
            buffered=not self.board.modem.connected,
        )

    def _store(self, kind: frame.Kind, at_s: float, **named: Any) -> None:
        ring = self.board.ring
        record, overwritten = ring.append(kind, frame.fields(**named))
        self.board.modem.add(record)
        if overwritten and (self._overflow is None or ring.get(self._overflow) is None):
            # Told again when its own record was overwritten, so that it arrives once.
            self._overflow = ring.epoch, ring.last_seq + 1
            self.event("ring_overflow", at_s)
        elif len(ring) < RING_CLEAR * ring.capacity:
            self._overflow = None
