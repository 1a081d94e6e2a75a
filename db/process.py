"""A server of the embedded runtime: under which account it runs, and when it ends."""

import os
import pwd
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from subprocess import DEVNULL
from typing import ClassVar

_STOP_TIMEOUT_S = 30.0
_START_ATTEMPTS = 3


class ServerError(RuntimeError):
    """A server of the runtime could not be set up, started or reached."""


@dataclass(frozen=True)
class Account:
    """A way to run a program without root: words put before its command, and who it then is."""

    prefix: tuple[str, ...]
    uid: int
    gid: int


def accounts() -> Iterator[Account]:
    """Ways to run as an ordinary user, the one that asks least of the machine first."""
    if os.geteuid() != 0:
        yield Account((), os.geteuid(), os.getegid())
        return
    # Root is mapped to a user without privileges: files stay root's, no account is needed.
    yield Account(("unshare", "--user", "--map-user=1000", "--map-group=1000"), 0, 0)
    nobody = pwd.getpwnam("nobody")
    become = ("setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups")
    yield Account(become, nobody.pw_uid, nobody.pw_gid)
    # Containers often forbid the first way, and a checkout below /root forbids the second.
    pass_folders = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    yield Account((*become, *pass_folders), nobody.pw_uid, nobody.pw_gid)


def give_to(account: Account, path: Path) -> None:
    """Make a file or folder the account's own."""
    if os.geteuid() == 0:
        os.chown(path, account.uid, account.gid)


def _may_run(account: Account, program: Path, data_dir: Path) -> bool:
    test = ("test", "-O", str(data_dir), "-a", "-x", str(program))
    done = subprocess.run([*account.prefix, *test], check=False, stderr=DEVNULL)
    return done.returncode == 0


def running(program: str, argument: str) -> list[int]:
    """Pids of processes that have `argument` and a path that ends in `program` as arguments."""
    return [
        int(cmdline.parent.name)
        for cmdline in Path("/proc").glob("[0-9]*/cmdline")
        if _matches(cmdline, program, argument)
    ]


def _matches(cmdline: Path, program: str, argument: str) -> bool:
    try:
        words = cmdline.read_bytes().split(b"\0")
    except OSError:  # it has ended meanwhile
        return False
    ending = os.fsencode(f"/{program}")
    return os.fsencode(argument) in words and any(word.endswith(ending) for word in words)


class RuntimeServer(ABC):
    """A server program of the unpacked runtime with its data folder, in the foreground.

    `reclaim()` and then `command()` are for a supervisor; `start()` and `stop()` make this
    process the supervisor. Either way the server stops cleanly when the thread that started
    it ends.
    """

    program: ClassVar[str]  # below the root of the runtime
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, runtime: Path, data_dir: Path, port: int) -> None:
        self.runtime = runtime.resolve()
        self.data_dir = data_dir.resolve()
        self.port = port
        self.log = self.data_dir / "server.log"
        self._child: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def argv(self) -> list[str]:
        """The server's own command line, without account and parent."""

    @abstractmethod
    def mark(self) -> str:
        """The argument of the command line that tells this server from others."""

    @abstractmethod
    def refusal(self) -> str | None:
        """Why the server does not serve now, or None if it does."""

    def path_of(self, program: str) -> Path:
        """Where the runtime holds a program; raises ServerError if it is not there."""
        path = self.runtime / program
        if not path.is_file():
            raise ServerError(f"{path} is missing; run deploy/runtime.sh")
        return path

    def command(self) -> list[str]:
        """Command line for a supervisor, which must be the direct parent."""
        # The kernel forgets the signal when an account changes, so the account comes first.
        last_wish = ["setpriv", "--pdeathsig", self.stop_signal.name.removeprefix("SIG")]
        return [*self.account.prefix, *last_wish, *self.argv()]

    @cached_property
    def account(self) -> Account:
        """The first way to run as an ordinary user that owns the data folder.

        Makes the folder if need be. An empty one is given away, one with data never.
        """
        program = self.path_of(self.program)
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        unused = not any(self.data_dir.iterdir())
        for account in accounts():
            if unused:
                give_to(account, self.data_dir)
            if _may_run(account, program, self.data_dir):
                return account
        raise ServerError(
            f"{self.data_dir} must belong to the user that runs {self.runtime / self.program}; "
            "best is an ordinary user in a folder of its own"
        )

    def write_file(self, path: Path, text: str) -> None:
        """Replace a small file at once, readable only by the server's account."""
        partial = path.with_name(path.name + ".partial")
        partial.touch(mode=0o600)
        partial.write_text(text, encoding="utf-8")
        give_to(self.account, partial)
        partial.replace(path)

    def pids(self) -> list[int]:
        """All processes of this server, whoever started them."""
        return running(f"{Path(self.program).name}.real", self.mark())

    def leaders(self, pids: list[int]) -> list[int]:
        """Those of its processes that take the stop signal for all."""
        return pids

    def reclaim(self) -> None:
        """Stop what was left running on this data folder, as after a SIGKILL of its parent."""
        self.signal(self.leaders(self.pids()), self.stop_signal)
        if not self.gone_within(_STOP_TIMEOUT_S):
            self.signal(self.pids(), signal.SIGKILL)
            self.gone_within(_STOP_TIMEOUT_S)

    def signal(self, pids: list[int], number: signal.Signals) -> None:
        """Send a signal to processes of this server; one that has ended is left out."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def gone_within(self, timeout_s: float) -> bool:
        """Wait until no process of this server is left; False if there still is one."""
        deadline = time.monotonic() + timeout_s
        while self.pids():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def start(self, timeout_s: float = 30.0) -> None:
        """Run the server as our child and wait until it serves."""
        self.reclaim()
        for attempt in range(1, _START_ATTEMPTS + 1):
            self._spawn()
            try:
                self.wait_ready(timeout_s)
            except ServerError:
                # Within a second of a kill the old lock can still be held.
                if attempt == _START_ATTEMPTS or not self._exited():
                    self.stop()
                    raise
                time.sleep(0.5)
            else:
                return

    def _spawn(self) -> None:
        if self._child is not None:  # reclaimed, or ended by itself
            self._child.wait()
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.command(),
                stdin=DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    def _exited(self) -> bool:
        return self._child is not None and self._child.poll() is not None

    def wait_ready(self, timeout_s: float) -> None:
        """Return when the server serves; ServerError with the reason if it does not in time."""
        deadline = time.monotonic() + timeout_s
        while (reason := self.refusal()) is not None:
            if self._exited():
                raise ServerError(f"{self.program} ended at its start:\n{self._last_words()}")
            if time.monotonic() > deadline:
                raise ServerError(f"{self.program} does not serve after {timeout_s} s: {reason}")
            time.sleep(0.05)

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])

    def stop(self) -> None:
        """Stop the server cleanly, whoever started it; nothing happens if it does not run."""
        if self._child is not None:
            self._child.send_signal(self.stop_signal)
            try:
                self._child.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
            self._child = None
        self.reclaim()
