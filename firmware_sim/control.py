"""Lets a person make something happen to a fleet that runs.

The fleet listens on `demo/v1/{device}/scenario`, `fleet` in place of a device meaning
one of its own choice: `{"scenario":"seal-cut","id":"…"}`. With `"within_m":20000` it
happens to all that are that near to it, too. It answers on
`demo/v1/{device or fleet}/result`:
`{"id":"…","ok":true,"device_id":"…","also":["…"],"message":"…"}`.
While it runs, `demo/v1/fleet` holds (retained) `{"state":"running","devices":[…],
"speed":20}`; a last will clears it.
"""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firmware_sim.clock import VirtualClock
from firmware_sim.link import Down, LinkEvent, Message, Up
from firmware_sim.mqtt_link import Broker, Login, MqttLink, Network
from firmware_sim.route import distance_m
from firmware_sim.scenario import ScenarioError, bundled
from firmware_sim.tracker import BusyError, Tracker

PREFIX = "demo/v1"
ANY = "fleet"
STATUS_TOPIC = f"{PREFIX}/{ANY}"
MOST_BYTES = 65_536
RECONNECT_S = 2.0
STATUS_WITHIN_S = 1.5


class NoFleetError(RuntimeError):
    """No fleet runs at this broker (or it cannot be asked)."""


class RefusedError(RuntimeError):
    """The fleet refused; the text says why."""


@dataclass(frozen=True, slots=True)
class Injected:
    """What was done."""

    scenario: str
    device_id: str
    message: str
    also: tuple[str, ...] = ()


class FleetControl:
    """The fleet's side: call `serve` several times a second."""

    def __init__(
        self,
        network: Network,
        broker: Broker,
        login: Login,
        trackers: Mapping[str, Tracker],
        clock: VirtualClock,
    ) -> None:
        self._trackers, self._speed = trackers, clock.speed
        self._link = MqttLink(
            network,
            broker,
            login,
            will=(STATUS_TOPIC, b""),
            listen=[(f"{PREFIX}/+/scenario", 1)],
            clean_start=True,
        )
        self._connect_at: float | None = 0.0

    def serve(self, at_s: float) -> None:
        """Keep connected, and do what was asked; `at_s` is the virtual time."""
        if self._connect_at is not None and time.monotonic() >= self._connect_at:
            self._connect_at = None
            self._link.connect()
        for event in self._link.news():
            match event:
                case Up():
                    self._link.publish(STATUS_TOPIC, self._status(), retain=True)
                case Down():
                    self._connect_at = time.monotonic() + RECONNECT_S
                case Message(retained=False):
                    self._obey(event, at_s)
                case _:
                    pass

    def close(self) -> None:
        """Say that no fleet runs any more."""
        self._link.publish(STATUS_TOPIC, b"", retain=True)
        self._link.close()

    def _status(self) -> bytes:
        status = {"state": "running", "devices": sorted(self._trackers), "speed": self._speed}
        return json.dumps(status).encode()

    def _obey(self, message: Message, at_s: float) -> None:
        wanted = message.topic.split("/")[2]
        order = _object(message.payload)
        answer: dict[str, Any] = {"id": str(order.get("id", ""))[:64], "device_id": wanted}
        try:
            within_m = float(order.get("within_m", 0.0))
            tracker = self._choose(wanted, at_s, within_m)
            scenario = bundled(str(order.get("scenario")))
            tracker.inject(scenario, at_s)
            near = self._near(tracker, at_s, within_m)
            for other in near:
                other.inject(scenario, at_s)
            answer |= {"ok": True, "device_id": tracker.device_id, "message": "started"}
            answer["also"] = [other.device_id for other in near]
        except (RefusedError, BusyError, ScenarioError, ValueError, TypeError) as reason:
            answer |= {"ok": False, "message": str(reason)}
        self._link.publish(f"{PREFIX}/{wanted}/result", json.dumps(answer).encode())

    def _near(self, tracker: Tracker, at_s: float, within_m: float) -> list[Tracker]:
        """The others within a distance to which something can happen; none within 0 m."""
        return [
            other
            for other in self._trackers.values()
            if other is not tracker
            and within_m > 0
            and other.firmware.running
            and other.scene(at_s) is None
            and distance_m(other.motion.point, tracker.motion.point) <= within_m
        ]

    def _choose(self, wanted: str, at_s: float, within_m: float) -> Tracker:
        """Of its own choice: one with most others around it, then one with far to go."""
        if wanted != ANY:
            tracker = self._trackers.get(wanted)
            if tracker is None:
                raise RefusedError(f"device {wanted}: is not in the running fleet")
            if not tracker.firmware.running:
                raise RefusedError(f"device {wanted}: is switched off at the moment")
            return tracker
        able = [
            tracker
            for tracker in self._trackers.values()
            if tracker.motion.moving and tracker.scene(at_s) is None and tracker.firmware.running
        ]
        if not able:
            raise RefusedError("no tracker of the fleet is moving and undisturbed just now")
        return max(able, key=lambda t: (len(self._near(t, at_s, within_m)), t.journey.remaining_m))


def inject(
    broker: Broker,
    login: Login,
    scenario: str,
    device_id: str | None = None,
    *,
    within_m: float = 0.0,
    timeout_s: float = 5.0,
) -> Injected:
    """Make `scenario` happen at once to a tracker of the running fleet, and to all others
    within `within_m` of it.

    `device_id` None: to a moving one of the fleet's choice. Raises NoFleetError where no
    fleet runs or none answers, RefusedError with the fleet's reason otherwise, and
    ScenarioError for a scenario that does not come with the simulator.
    """
    bundled(scenario)
    wanted = ANY if device_id is None else device_id
    network = Network()
    asked = _Asking(network, broker, login, wanted)
    try:
        asked.wait_for_fleet(STATUS_WITHIN_S)
        answer = asked.ask(scenario, within_m, timeout_s)
    finally:
        asked.close()
        network.close()
    if not answer.get("ok"):
        raise RefusedError(str(answer.get("message", "refused")))
    also = tuple(map(str, answer.get("also", ())))
    return Injected(scenario, str(answer["device_id"]), str(answer.get("message", "")), also)


class _Asking:
    """One question to the fleet."""

    def __init__(self, network: Network, broker: Broker, login: Login, wanted: str) -> None:
        own = Login(login.username, login.password, f"{login.username}-{uuid.uuid4().hex[:8]}")
        self._network, self._wanted = network, wanted
        self._result = f"{PREFIX}/{wanted}/result"
        self._inbox: list[LinkEvent] = []
        self._link = MqttLink(
            network, broker, own, listen=[(STATUS_TOPIC, 1), (self._result, 1)], clean_start=True
        )
        self._link.connect()

    def wait_for_fleet(self, timeout_s: float) -> None:
        status = self._await(STATUS_TOPIC, timeout_s)
        devices = status.get("devices", [])
        if status.get("state") != "running":
            raise NoFleetError("no simulated fleet runs at this broker")
        if self._wanted != ANY and self._wanted not in devices:
            raise RefusedError(
                f"device {self._wanted}: is not in the running fleet; "
                f"it has: {', '.join(map(str, devices))}"
            )

    def ask(self, scenario: str, within_m: float, timeout_s: float) -> dict[str, Any]:
        number = uuid.uuid4().hex
        wish = {"scenario": scenario, "id": number, "within_m": within_m}
        order = json.dumps(wish).encode()
        self._link.publish(f"{PREFIX}/{self._wanted}/scenario", order)
        until_s = time.monotonic() + timeout_s
        while (left_s := until_s - time.monotonic()) > 0:
            answer = self._await(self._result, left_s)
            if answer.get("id") == number:
                return answer
        raise NoFleetError("the simulated fleet does not answer")

    def close(self) -> None:
        self._link.close()

    def _await(self, topic: str, timeout_s: float) -> dict[str, Any]:
        """The next message on `topic`; {} after `timeout_s`."""
        until_s = time.monotonic() + timeout_s
        while (left_s := until_s - time.monotonic()) > 0:
            while self._inbox:
                event = self._inbox.pop(0)
                if isinstance(event, Down):
                    raise NoFleetError(f"the broker cannot be asked: {event.reason}")
                if isinstance(event, Message) and event.topic == topic:
                    return _object(event.payload)
            self._network.poll(min(left_s, 0.2))
            self._inbox += self._link.news()
        return {}


def _object(payload: bytes) -> dict[str, Any]:
    """A small JSON object; {} for anything else, since anybody may have sent it."""
    try:
        found = json.loads(payload) if len(payload) <= MOST_BYTES else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
