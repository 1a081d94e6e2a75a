"""Moves many trackers through virtual time, offline or against a network."""

from collections.abc import Callable, Mapping, Sequence
from heapq import heapify, heapreplace
from typing import Protocol

from firmware_sim.clock import VirtualClock
from firmware_sim.tracker import Tracker

LONGEST_WAIT_S = 0.25  # real seconds; how fast a stop is noticed


class Poller(Protocol):
    """A network loop."""

    def poll(self, timeout_s: float) -> Sequence[object]:
        """Serve the sockets until something happens; the links that have news."""


class Schedule:
    """Trackers by their next sample."""

    def __init__(self, trackers: Sequence[Tracker]) -> None:
        self._trackers = trackers
        self._heap = [(tracker.next_tick_s, i) for i, tracker in enumerate(trackers)]
        heapify(self._heap)

    @property
    def next_s(self) -> float:
        """Virtual second of the next sample of any tracker."""
        return self._heap[0][0] if self._heap else float("inf")

    def take_until(self, at_s: float, stamp: Callable[[float], None]) -> None:
        """All samples due up to `at_s`, in the order of time; `stamp` hears each time."""
        while self._heap and self._heap[0][0] <= at_s:
            due_s, i = self._heap[0]
            stamp(due_s)
            self._trackers[i].advance(due_s)
            heapreplace(self._heap, (self._trackers[i].next_tick_s, i))


def run_offline(trackers: Sequence[Tracker], clock: VirtualClock, until_s: float) -> None:
    """As fast as possible up to virtual second `until_s`; `clock` has no speed."""
    Schedule(trackers).take_until(until_s, clock.advance_to)


def run_live(
    trackers: Mapping[object, Tracker],
    clock: VirtualClock,
    network: Poller,
    *,
    stop: Callable[[], bool],
    until_s: float = float("inf"),
    each_round: Callable[[float], None] = lambda _at_s: None,
) -> None:
    """At the clock's pace until `stop()` or `until_s`; `trackers` by their links.

    `each_round` is called with the virtual time several times a second.
    """
    schedule = Schedule(list(trackers.values()))
    while not stop() and (now_s := clock.now_s()) < until_s:
        clock.slip_to(schedule.next_s)
        wait_s = min(LONGEST_WAIT_S, clock.real_seconds_until(schedule.next_s))
        for link in network.poll(wait_s):
            if link in trackers:
                trackers[link].pump(clock.now_s())
        now_s = clock.now_s()
        schedule.take_until(now_s, lambda _due_s: None)
        each_round(now_s)
