"""A private mosquitto from the unpacked runtime, with a name and password for each device."""

import hashlib
import re
import secrets
import signal
import socket
from base64 import b64encode
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import quote

from db.process import RuntimeServer, ServerError

_DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
_USER = re.compile(r"[A-Za-z0-9_-]{1,64}")
# mosquitto's own default. The broker hashes on its one thread at every sign-in and, for all
# who are connected, at every reload; the passwords are random, so more would protect nothing.
_ITERATIONS = 101
_SALT_BYTES = 12
# MQTT 3.1.1 CONNECT and CONNACK: a stranger asks, and a broker of ours must refuse (code 5).
_ANONYMOUS_CONNECT = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"
_NOT_AUTHORISED = b"\x20\x02\x00\x05"


def password_entry(user: str, password: str) -> str:
    """A line of mosquitto's password file: PBKDF2 with SHA-512, random salt.

    Raises ValueError if the name is not one of the wire protocol, or the password is empty.
    """
    if not _USER.fullmatch(user):
        raise ValueError(f"user {user!r}: 1 to 64 characters out of A-Z a-z 0-9 _ - are needed")
    if not password:
        raise ValueError(f"user {user!r}: the password is empty")
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"{user}:$7${_ITERATIONS}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def site_conf(template: str, values: Mapping[str, str]) -> str:
    """The configuration with this machine's value for each word; KeyError if one is not there."""
    for word, value in values.items():
        line = re.search(rf"^{word} .*$", template, re.MULTILINE)
        if line is None:
            raise KeyError(word)
        template = f"{template[: line.start()]}{word} {value}{template[line.end() :]}"
    return template


class BrokerServer(RuntimeServer):
    """A mosquitto of our own with its state below `data_dir`, on `address` at `port`.

    A supervisor stops it with `stop_signal` (SIGTERM, which saves sessions and queues).
    """

    program = "usr/sbin/mosquitto"
    stop_signal = signal.SIGTERM

    def __init__(
        self, runtime: Path, data_dir: Path, port: int, address: str = "127.0.0.1"
    ) -> None:
        super().__init__(runtime, data_dir, port)
        self.address = address
        self._conf = self.data_dir / "broker.conf"
        self._acl = self.data_dir / "mosquitto.acl"
        self._password_file = self.data_dir / "passwords"
        self._plain: dict[str, str] = {}

    def initialise(self, users: Mapping[str, str]) -> None:
        """Write configuration, rules and passwords; repeat at every start.

        `users` maps names to passwords. A user of an earlier call keeps its password. A broker
        that runs goes on, and reads rules and passwords at `reload()`.
        """
        _ = self.account  # makes the folder
        template = (_DEPLOY / "mosquitto.conf").read_text(encoding="utf-8")
        self.write_file(self._conf, site_conf(template, self._site()))
        self.write_file(self._acl, (_DEPLOY / "mosquitto.acl").read_text(encoding="utf-8"))
        self.add_users(users)

    def add_users(self, users: Mapping[str, str]) -> None:
        """Add users or change their passwords; a running broker takes them at `reload()`."""
        fresh = {user: password_entry(user, password) for user, password in users.items()}
        self._write_entries(self._entries() | fresh)
        self._plain.update(users)

    def users(self) -> set[str]:
        """Names that may sign in."""
        return set(self._entries())

    def remove_users(self, users: Collection[str]) -> None:
        """Revoke users; at `reload()` their connections drop."""
        entries = self._entries()
        self._write_entries({user: entries[user] for user in entries if user not in users})

    def reload(self) -> None:
        """Have the running broker read rules and passwords again; ServerError if none runs."""
        pids = self.pids()
        if not pids:
            raise ServerError(f"no broker runs on {self.data_dir}")
        self.signal(pids, signal.SIGHUP)

    def url(self, user: str) -> str:
        """URL with name and password; KeyError if this object was not given the user."""
        password = quote(self._plain[user], safe="")
        return f"mqtt://{user}:{password}@{self.address}:{self.port}"

    def argv(self) -> list[str]:
        """mosquitto in the foreground."""
        return [str(self.path_of(self.program)), "-c", str(self._conf)]

    def mark(self) -> str:
        """The configuration file is named on the command line."""
        return str(self._conf)

    def refusal(self) -> str | None:
        """Why the broker does not serve now, or None if it does."""
        try:
            with socket.create_connection((self.address, self.port), timeout=2) as connection:
                connection.sendall(_ANONYMOUS_CONNECT)
                answer = connection.recv(4)
        except OSError as error:
            return str(error)
        return None if answer == _NOT_AUTHORISED else f"it answers a stranger with {answer.hex()}"

    def _site(self) -> dict[str, str]:
        return {
            "listener": f"{self.port} {self.address}",
            "persistence_location": f"{self.data_dir}/",
            "password_file": str(self._password_file),
            "acl_file": str(self._acl),
        }

    def _entries(self) -> dict[str, str]:
        if not self._password_file.exists():
            return {}
        lines = self._password_file.read_text(encoding="utf-8").splitlines()
        return {line.partition(":")[0]: line for line in lines}

    def _write_entries(self, entries: Mapping[str, str]) -> None:
        self.write_file(self._password_file, "".join(f"{line}\n" for line in entries.values()))
