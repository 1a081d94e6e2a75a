"""An offline generator: the messages of one tracker, as fast as possible."""

from collections.abc import Sequence
from datetime import UTC, datetime
from json import loads
from typing import Any

from firmware_sim import frame
from firmware_sim.clock import VirtualClock
from firmware_sim.flash import Ring
from firmware_sim.link import MemoryLink, Message
from firmware_sim.route import LonLat
from firmware_sim.runner import run_offline
from firmware_sim.scenario import Scenario, load
from firmware_sim.tracker import Tracker

DEFAULT_START = datetime(2024, 11, 26, tzinfo=UTC)  # the day before the vote

Sent = tuple[str, bytes, datetime]
"""(topic, payload, when it was put on the wire)."""


class _Committer:
    """A server that commits everything at once: acknowledges up to the first gap."""

    def __init__(self, device_id: str) -> None:
        self._topic = frame.topic(device_id, "ack")
        self._came: dict[int, set[int]] = {}
        self._up_to: dict[int, int] = {}

    def acknowledge(self, message: dict[str, Any]) -> Message:
        """Note a message's records; the acknowledgement to send."""
        epoch = message["epoch"]
        came = self._came.setdefault(epoch, set())
        came.update(record["seq"] for record in message.get("records", [message]))
        up_to = max(self._up_to.get(epoch, 0), message.get("oldest_seq", 1) - 1)
        while up_to + 1 in came:
            up_to += 1
            came.discard(up_to)
        self._up_to[epoch] = up_to
        return Message(self._topic, b'{"v":1,"epoch":%d,"seq":%d}' % (epoch, up_to))


def record(
    scenario: Scenario | str,
    route: Sequence[LonLat],
    *,
    device_id: str = "SIM-0001",
    seed: int | None = None,
    start: datetime = DEFAULT_START,
    duration_s: float | None = None,
    sample_s: float | None = None,
    epoch: int = 1,
) -> list[Sent]:
    """All that one tracker sends in `duration_s` virtual seconds (None: the scenario's).

    Everything is committed at once, so that only the scenario itself delays or repeats.
    `sample_s` above the scenario's makes it faster and coarser. Same arguments, same
    bytes. Raises ScenarioError for an unknown scenario, ValueError for a bad route.
    """
    played = load(scenario) if isinstance(scenario, str) else scenario
    if sample_s is not None:
        policy = played.policy.model_copy(update={"sample_s": sample_s})
        played = played.model_copy(update={"policy": policy})
    clock = VirtualClock(start)
    sent: list[Sent] = []
    server = _Committer(device_id)

    def answer(topic: str, payload: bytes) -> tuple[int, list[Message]]:
        sent.append((topic, payload, clock.wire_time(clock.now_s())))
        if topic.endswith("/status"):
            return 0, []
        return 0, [server.acknowledge(loads(payload))]

    ring = Ring(played.flash.capacity, first_epoch=epoch)
    tracker = Tracker(device_id, route, played, MemoryLink(answer), clock, ring=ring, seed=seed)
    run_offline([tracker], clock, played.duration_s if duration_s is None else duration_s)
    return sent
