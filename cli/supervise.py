"""The processes of `kawal up`, kept running by supervisord (deploy/supervisord.conf)."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ProtocolError, ServerProxy

from cli.configure import ROOT
from cli.site import Site

START_S = 15.0
STOP_S = 60.0


DEMO_SPEED = 20
# At twenty times its speed a truck would be faster than any truck, and says so on the screen.
DEMO_SETTINGS = {
    "KAWAL_RULES_MAX_SPEED_KMH": str(200 * DEMO_SPEED),
    "KAWAL_RULES_MAX_AIR_SPEED_KMH": str(1000 * DEMO_SPEED),
    # It also stands twenty times shorter than a real one.
    "KAWAL_RULES_STOP_AFTER_S": str(300 // DEMO_SPEED),
    "KAWAL_RULES_UNPLANNED_STOP_S": str(1800 // DEMO_SPEED),
    "KAWAL_RULES_CORRIDOR_AT_LEAST_S": "2",
    "KAWAL_RULES_PORT_STOP_S": str(3600 // DEMO_SPEED),
    "KAWAL_RULES_DETENTION_S": str(14400 // DEMO_SPEED),
    # Between two fixes a convoy goes twenty times as far.
    "KAWAL_RULES_CONVOY_ESCORT_M": "5000",
    "KAWAL_RULES_CONVOY_BEHIND_M": "10000",
    "KAWAL_RULES_CONVOY_FRESH_S": "30",  # one that stands reports every 15 s
    "KAWAL_RULES_CONVOY_AFTER_S": "30",
    "KAWAL_RULES_INTERFERENCE_WINDOW_S": "60",
    "KAWAL_RECONCILIATION_RECEIPT_AFTER_S": str(7200 // DEMO_SPEED),
    "KAWAL_RECONCILIATION_PRESENCE_SLACK_S": "60",
    "KAWAL_RECONCILIATION_PLATFORM_SLACK_S": str(7200 // DEMO_SPEED),
    "KAWAL_DASHBOARD_EXERCISE": f"LATIHAN / EXERCISE · {DEMO_SPEED}×",
}


class SuperviseError(Exception):
    """A process does not start; the message says which and where its log is."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process as its supervisor sees it."""

    name: str
    state: str
    pid: int
    since_s: int


class Supervisor:
    """The supervisor of one site, running or not."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def running(self) -> bool:
        """Whether a supervisor of this site answers."""
        try:
            self._call("getState")
        except (OSError, ProtocolError, Fault):
            return False
        return True

    def launch(self, *, demo: bool) -> None:
        """Start the supervisor in the background; its embedded servers come with it."""
        for folder in ("log", "run"):
            (self._site.home / folder).mkdir(parents=True, exist_ok=True)
        conf = str(ROOT / "deploy/supervisord.conf")
        command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c", conf]
        given = {**DEMO_SETTINGS, **self._standins()} if demo else {}
        environment = {**given, **self._environment()}
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise SuperviseError(f"the supervisor did not start:\n{done.stdout}{done.stderr}")
        _until(self.running, START_S, "the supervisor does not answer")

    def start(self, name: str) -> None:
        """Start one process and wait until it stays up for a moment."""
        try:
            self._call("startProcess", name, False)
        except Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise SuperviseError(f"{name}: {fault.faultString}; {self._log(name)}") from None

    def restart(self, name: str) -> None:
        """Stop one process if it runs, and start it."""
        try:
            self._call("stopProcess", name, True)
        except Fault as fault:
            if "NOT_RUNNING" not in fault.faultString:
                raise SuperviseError(f"{name}: {fault.faultString}") from None
        self.start(name)

    def processes(self) -> list[Process]:
        """All processes."""
        found: Any = self._call("getAllProcessInfo")
        return [
            Process(row["name"], row["statename"], row["pid"], row["now"] - row["start"])
            for row in found
        ]

    def shut_down(self) -> None:
        """Stop all processes in the order that loses nothing, then the supervisor."""
        pid: Any = self._call("getPID")
        self._call("shutdown")
        # It answers no more long before its processes are gone and its port is free.
        _until(lambda: not _alive(pid), STOP_S, "the supervisor does not stop")

    def _log(self, name: str) -> str:
        return f"see {self._site.home / 'log' / name}.log"

    def _call(self, method: str, *arguments: Any) -> Any:
        password = self._site.password("control")
        url = f"http://kawal:{password}@127.0.0.1:{self._site.ports['control']}/RPC2"
        with ServerProxy(url) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def _standins(self) -> dict[str, str]:
        """Where nothing else is set, the demonstration asks the stand-ins."""
        given, site, found = self._site.settings.integrations, self._site, {}
        if given.kpu_url is None:
            found["KAWAL_INTEGRATIONS_KPU_URL"] = f"http://127.0.0.1:{site.ports['kpu']}"
            found["KAWAL_INTEGRATIONS_KPU_TOKEN"] = site.password("kpu-token")
            found["KAWAL_INTEGRATIONS_KPU_INTERVAL_S"] = "2"
        if given.shipping_url is None:
            found["KAWAL_INTEGRATIONS_SHIPPING_URL"] = f"http://127.0.0.1:{site.ports['shipping']}"
            found["KAWAL_INTEGRATIONS_SHIPPING_TOKEN"] = site.password("shipping-token")
            found["KAWAL_INTEGRATIONS_SHIPPING_INTERVAL_S"] = "2"
        return found

    def _environment(self) -> dict[str, str]:
        site = self._site
        return {
            **os.environ,
            "KAWAL_ROOT": str(ROOT),
            "KAWAL_HOME": str(site.home),
            "KAWAL_USER": pwd.getpwuid(os.getuid()).pw_name,
            "KAWAL_PROGRAM": str(Path(sys.executable).with_name("kawal")),
            "KAWAL_CONTROL_PORT": str(site.ports["control"]),
            "KAWAL_CONTROL_PASSWORD": site.password("control"),
            "KAWAL_OWN_DATABASE": str(site.own_database).lower(),
            "KAWAL_OWN_BROKER": str(site.own_broker).lower(),
            "KAWAL_SUPERVISED": "1",
            "PYTHONUNBUFFERED": "1",
        }


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _until(condition: Any, timeout_s: float, complaint: str) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise SuperviseError(f"{complaint} after {timeout_s:.0f} s")
        time.sleep(0.1)
