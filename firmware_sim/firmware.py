"""The firmware: boot, acquire, report by policy, sleep."""

from enum import StrEnum
from typing import Literal

from firmware_sim import frame
from firmware_sim.board import Board, Surroundings
from firmware_sim.clock import VirtualClock
from firmware_sim.commands import CommandDesk
from firmware_sim.frame import Command
from firmware_sim.gnss import Fix
from firmware_sim.journal import Journal
from firmware_sim.journey import Motion
from firmware_sim.route import turn_deg
from firmware_sim.sensors import Occurrence
from firmware_sim.settings import Policy

MOVING_FROM_KMH = 5.0
COURSE_COUNTS_FROM_KMH = 10.0
GIVE_UP_S = 120.0  # looking for a fix on a short waking


class State(StrEnum):
    """What the firmware is doing."""

    OFF = "off"
    BOOT = "boot"
    ACQUIRE = "acquire"
    TRACK = "track"
    SLEEP = "sleep"


class Mode(StrEnum):
    """Which interval counts."""

    MOVING = "moving"
    STOPPED = "stopped"
    ALARM = "alarm"


class Firmware:
    """A state machine that is stepped in rising virtual time; starts switched off.

    `true` is the simulation's clock, only used to translate durations to the wire's.
    """

    def __init__(self, board: Board, policy: Policy, true: VirtualClock, seal_no: str) -> None:
        self.board = board
        self.state = State.OFF
        self._policy, self._true, self._seal_no = policy, true, seal_no
        self._wake_s = 0.0
        self._forget()

    def _forget(self) -> None:
        """Volatile memory at power on."""
        self._interval_s: float | None = None
        self._mode = Mode.STOPPED
        self._boot_ready_s = 0.0
        self._journal = Journal(self.board)
        self._desk = CommandDesk()
        self._last_fix_s = self._last_report_s = self._moved_s = float("-inf")
        self._alarm_until_s = self._next_status_s = float("-inf")
        self._acquire_since_s = 0.0
        self._reported_course: float | None = None
        self._report_now = self._lost = self._jammed = False
        self._drowsy = self._battery_low = self._leaving = False

    @property
    def running(self) -> bool:
        """Switched on and past its boot."""
        return self.state not in (State.OFF, State.BOOT)

    def power_off(self, until_s: float) -> None:
        """Lose power until virtual second `until_s`: no word to the broker."""
        self.state, self._wake_s = State.OFF, until_s
        self.board.modem.cut()
        self.board.receiver.stop()

    def shutdown(self, at_s: float) -> None:
        """Switch off in order: tell the broker, hang up."""
        self._leaving = True
        if self.running:
            self.board.modem.close(at_s)
        self.state, self._wake_s = State.OFF, float("inf")

    def step(self, at_s: float, around: Surroundings) -> None:
        """One sample: feel, decide, send."""
        self.board.sensors.advance(at_s, around.motion, self.state is not State.SLEEP)
        if self._powered(at_s):
            self._sample(at_s, around)
            self.pump(at_s, around.motion)

    def pump(self, at_s: float, motion: Motion) -> None:
        """Serve the modem and obey commands; also between two samples."""
        if not self.running:
            return
        modem = self.board.modem
        modem.pump(at_s, self.board.antenna.covered(motion.point))
        while modem.commands:
            self._obey(modem.commands.pop(0), at_s)

    def _powered(self, at_s: float) -> bool:
        sensors = self.board.sensors
        if self.state is State.OFF:
            if at_s < self._wake_s or not sensors.charged:
                return False
            self._forget()
            self.state, self._boot_ready_s = State.BOOT, at_s + self._policy.boot_s
        if sensors.flat:
            self.power_off(at_s)
            return False
        if self.state is State.BOOT:
            if at_s < self._boot_ready_s:
                return False
            self._boot(at_s)
        return True

    def _boot(self, at_s: float) -> None:
        self.board.ring.begin_epoch()
        self.board.modem.reset()
        self._moved_s = at_s
        self._journal.event("boot", at_s)
        self._acquire(at_s)

    def _acquire(self, at_s: float) -> None:
        self.state, self._acquire_since_s = State.ACQUIRE, at_s
        self.board.receiver.start()

    def _sample(self, at_s: float, around: Surroundings) -> None:
        for occurrence in self.board.sensors.read():
            self._occurred(occurrence, at_s)
        self._watch_battery(at_s)
        if self.state is State.SLEEP:
            self._maybe_wake(at_s, around.motion)
            return
        fix = self.board.receiver.sample(at_s, around.motion, around.sky)
        self._watch_jamming(at_s, around.sky.jamming)
        self._watch_fix(at_s, fix)
        self._choose_mode(at_s, fix)
        if fix is not None and self._due(at_s, fix):
            self._report(at_s, fix)
        self._maybe_sleep(at_s)

    def _occurred(self, occurrence: Occurrence, at_s: float) -> None:
        seal_no = self._seal_no if occurrence.with_seal else None
        self._journal.event(occurrence.event, at_s, seal_no=seal_no, light_lux=occurrence.light_lux)
        if occurrence.event in frame.ALARMS:
            self._alarm_until_s = at_s + self._policy.alarm_hold_s
            self._report_now = True

    def _watch_battery(self, at_s: float) -> None:
        sensors = self.board.sensors
        low = sensors.battery_pct < sensors.settings.low_pct + (5.0 if self._battery_low else 0.0)
        if low and not self._battery_low:
            self._journal.event("battery_low", at_s)
        self._battery_low = low

    def _watch_jamming(self, at_s: float, jamming: int) -> None:
        if (jamming > 0) != self._jammed:
            self._jammed = jamming > 0
            self._journal.event("jamming_started" if self._jammed else "jamming_ended", at_s)

    def _watch_fix(self, at_s: float, fix: Fix | None) -> None:
        if fix is None:
            missing_s = at_s - self._last_fix_s
            if self.state is State.TRACK and missing_s > self._policy.fix_lost_after_s:
                self._lost = True
                self._journal.event("fix_lost", at_s)
                self.state, self._acquire_since_s = State.ACQUIRE, at_s
            return
        self._journal.saw(fix, at_s)
        self._last_fix_s = at_s
        if self.state is State.ACQUIRE:
            self.state = State.TRACK
            self._report_now |= not self._drowsy
            if self._lost:
                self._lost = False
                self._journal.event("fix_regained", at_s)

    def _choose_mode(self, at_s: float, fix: Fix | None) -> None:
        if fix is not None and fix.speed_kmh >= MOVING_FROM_KMH:
            self._moved_s = at_s
        if at_s < self._alarm_until_s:
            mode = Mode.ALARM
        elif at_s - self._moved_s <= self._policy.stopped_after_s:
            mode = Mode.MOVING
        else:
            mode = Mode.STOPPED
        if mode is not self._mode:
            self._mode = mode
            self._report_now |= mode is not Mode.STOPPED
            self.board.modem.tell_status()
        if at_s >= self._next_status_s:
            self._next_status_s = at_s + self._policy.status_interval_s
            self.board.modem.tell_status()

    @property
    def interval_s(self) -> float:
        """The interval that counts now, in virtual seconds."""
        policy = self._policy
        moving_s = policy.moving_interval_s if self._interval_s is None else self._interval_s
        match self._mode:
            case Mode.MOVING:
                return moving_s
            case Mode.STOPPED:
                return max(policy.stopped_interval_s, moving_s)
            case Mode.ALARM:
                return min(policy.alarm_interval_s, moving_s)

    def _due(self, at_s: float, fix: Fix) -> bool:
        return (
            self._report_now or at_s - self._last_report_s >= self.interval_s or self._turned(fix)
        )

    def _turned(self, fix: Fix) -> bool:
        if fix.course_deg is None or fix.speed_kmh < COURSE_COUNTS_FROM_KMH:
            return False
        if self._reported_course is None:
            return True
        return turn_deg(self._reported_course, fix.course_deg) > self._policy.course_change_deg

    def _report(self, at_s: float, fix: Fix) -> None:
        self._last_report_s, self._report_now = at_s, False
        self._reported_course = fix.course_deg
        self._journal.position(fix, at_s)

    def _maybe_sleep(self, at_s: float) -> None:
        quiet = self._mode is Mode.STOPPED and not self._report_now
        if not quiet or at_s - self._moved_s <= self._policy.sleep_after_s:
            return
        reported = self.state is State.TRACK
        gave_up = self._drowsy and at_s - self._acquire_since_s > GIVE_UP_S
        if reported or gave_up:
            self._last_report_s = at_s if gave_up else self._last_report_s
            self.state = State.SLEEP
            self.board.receiver.stop()
            if not self._drowsy:
                self._drowsy = True
                self.board.modem.tell_status()

    def _maybe_wake(self, at_s: float, motion: Motion) -> None:
        alarm = at_s < self._alarm_until_s
        if motion.moving or alarm or self._report_now:
            self._drowsy = False
            self._moved_s = max(self._moved_s, at_s - self._policy.stopped_after_s)
            self.board.modem.tell_status()
            self._acquire(at_s)
        elif at_s - self._last_report_s >= self.interval_s:
            self._acquire(at_s)

    def _obey(self, command: Command, at_s: float) -> None:
        reason = self._desk.refusal(command, self._journal.last_fix is not None)
        if reason is None and command.name == "report_now":
            self._report_now = True
        elif reason is None and command.report_interval_s is not None:
            self._interval_s = self._true.virtual_seconds(command.report_interval_s)
            self.board.modem.tell_status()
        self._journal.event(
            "command_result",
            at_s,
            command_id=command.id,
            result="done" if reason is None else "refused",
            note=reason,
        )

    def status(self, at_s: float) -> bytes:
        """The retained status message as it is now."""
        board = self.board
        state: Literal["online", "sleeping", "offline"] = "sleeping" if self._drowsy else "online"
        return frame.status(
            "offline" if self._leaving else state,
            time=board.clock.time(at_s),
            reason="shutdown" if self._leaving else None,
            firmware=frame.FIRMWARE,
            report_interval_s=round(self._true.wire_seconds(self.interval_s), 3),
            battery_pct=board.sensors.battery_pct,
            signal_dbm=board.antenna.strength_dbm(at_s),
            ring_used=len(board.ring),
            ring_capacity=board.ring.capacity,
        )
