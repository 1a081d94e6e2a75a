"""This machine's installation: folder, ports, secrets, and the servers it brings along."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from cli.configure import home, load
from db.server import DatabaseServer
from domain.settings import Settings
from ingest.broker import BrokerServer

DATABASE = "kawal"
# Users of the broker that are no devices (deploy/mosquitto.acl).
SERVICES = ("ingest", "demo", "demo-remote")
_FIRST_CHOICE = {
    "database": 54329, "broker": 1883, "control": 54330, "kpu": 54331, "shipping": 54332,
}  # fmt: skip


class Site:
    """What `kawal` finds or makes below its home folder. Making is idempotent."""

    def __init__(self, settings: Settings | None = None, folder: Path | None = None) -> None:
        self.settings = settings or load()
        self.home = folder or home()
        self.runtime = self.home / "runtime"

    @property
    def own_database(self) -> bool:
        """Whether the database is the embedded one."""
        return self.settings.database.url is None

    @property
    def own_broker(self) -> bool:
        """Whether the broker is the embedded one."""
        return self.settings.broker.url is None

    @cached_property
    def database(self) -> DatabaseServer:
        """The embedded database server."""
        return DatabaseServer(self.runtime, self.home / "data/database", self.ports["database"])

    @cached_property
    def broker(self) -> BrokerServer:
        """The embedded broker."""
        host = self.settings.broker.listen_host
        return BrokerServer(self.runtime, self.home / "data/broker", self.ports["broker"], host)

    @property
    def database_url(self) -> str:
        """Where the database is, with its secret."""
        url = self.settings.database.url
        return url.get_secret_value() if url else self.database.url(DATABASE)

    @property
    def broker_url(self) -> str:
        """Where the broker is, with the secret of ingest."""
        url = self.settings.broker.url
        if url:
            return url.get_secret_value()
        return f"mqtt://ingest:{self.password('ingest')}@127.0.0.1:{self.ports['broker']}"

    @property
    def broker_address(self) -> tuple[str, int]:
        """Host and port of the broker."""
        parts = urlsplit(self.broker_url)
        return parts.hostname or "127.0.0.1", parts.port or (
            8883 if parts.scheme == "mqtts" else 1883
        )

    @cached_property
    def ports(self) -> dict[str, int]:
        """Ports of the embedded servers: chosen once, then kept."""
        file = self.home / "ports.json"
        kept: dict[str, int] = json.loads(file.read_text("utf-8")) if file.exists() else {}
        missing = {name: first for name, first in _FIRST_CHOICE.items() if name not in kept}
        if missing:
            kept |= {name: free_port(first) for name, first in missing.items()}
            self.home.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(kept), "utf-8")
        return kept

    def password(self, name: str) -> str:
        """The secret of `name`, made at first use and kept in a file that only we can read."""
        return self.passwords([name])[name]

    def passwords(self, names: Iterable[str]) -> dict[str, str]:
        """The secrets of several names."""
        names = list(names)
        kept = self._kept()
        missing = [name for name in names if name not in kept]
        if missing:
            kept |= {name: secrets.token_urlsafe(18) for name in missing}
            self._keep(kept)
        return {name: kept[name] for name in names}

    def forget_password(self, name: str) -> None:
        """Drop a secret, so that the next use makes another."""
        kept = self._kept()
        if kept.pop(name, None) is not None:
            self._keep(kept)

    def _kept(self) -> dict[str, str]:
        if not self._secrets.exists():
            return {}
        kept: dict[str, str] = json.loads(self._secrets.read_text("utf-8"))
        return kept

    def _keep(self, kept: dict[str, str]) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        fresh = self._secrets.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(kept, indent=1, sort_keys=True), "utf-8")
        fresh.replace(self._secrets)

    @property
    def _secrets(self) -> Path:
        return self.home / "secrets.json"


def free_port(first: int = 0) -> int:
    """`first` if nobody listens there, else any free one."""
    for port in (first, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise OSError("no free port on 127.0.0.1")
