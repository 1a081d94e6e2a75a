"""When which fault begins and ends, and whether a scenario is under way."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from firmware_sim.faults import AnyFault


@dataclass(frozen=True, slots=True)
class Scene:
    """A scenario's faults on this timeline, from the first one to the end of the last."""

    name: str
    from_s: float
    until_s: float


@dataclass
class Timeline:
    """Faults in virtual seconds; begins come before ends of the same moment."""

    active: list[AnyFault] = field(default_factory=list)
    _ahead: list[tuple[float, int, bool, AnyFault]] = field(default_factory=list)
    _scenes: list[Scene] = field(default_factory=list)
    _number: int = 0

    def add(self, name: str, faults: Iterable[AnyFault], start_s: float) -> None:
        """Put a scenario's faults on the timeline, counted from `start_s`."""
        ends = [start_s]
        for fault in faults:
            begin_s = start_s + fault.at_s
            ends.append(begin_s + fault.duration_s)
            self._push(begin_s, True, fault)
            self._push(ends[-1], False, fault)
        if len(ends) > 1:
            self._scenes.append(Scene(name, start_s, max(ends)))

    def due(self, at_s: float) -> list[tuple[bool, AnyFault]]:
        """What begins (True) or ends (False) up to `at_s`, in order; `active` follows."""
        found = []
        while self._ahead and self._ahead[0][0] <= at_s:
            _, _, begins, fault = heappop(self._ahead)
            found.append((begins, fault))
            if begins:
                self.active.append(fault)
            else:
                self.active.remove(fault)
        return found

    def scene(self, at_s: float) -> str | None:
        """The name of the scenario that is under way."""
        self._scenes = [scene for scene in self._scenes if scene.until_s >= at_s]
        return next((scene.name for scene in self._scenes if scene.from_s <= at_s), None)

    def _push(self, at_s: float, begins: bool, fault: AnyFault) -> None:
        self._number += 1
        heappush(self._ahead, (at_s, self._number, begins, fault))
