"""Connector: what each outside system that is asked for pages looks like to the runner."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol, TypeVar

from db.pool import Connection
from domain.manifest_rows import ImportReport

ItemT = TypeVar("ItemT")


class OutsideError(Exception):
    """The outside system does not do what it should; the message says what to do.

    `retry_after_s`: it asked to be left alone for so long.
    """

    def __init__(self, words: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(words)
        self.retry_after_s = retry_after_s


class CursorLostError(OutsideError):
    """The outside system no longer knows our place: begin again, which changes nothing twice."""


class PageRefusedError(Exception):
    """A page that came whole and cannot be read as what it should be."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class StoppingError(Exception):
    """The service was asked to stop; what was begun is rolled back and comes again."""


class Page(NamedTuple):
    """What lies behind one cursor. `next` is None where there is no further page yet; `mark`
    tells this content of the page from others: an ETag, or a sum of ours."""

    document: object
    next: str | None
    mark: str
    sha256: str


class NotModified(NamedTuple):
    """The page is as it was when it was last taken."""


class Stored(NamedTuple):
    """What a page came to: records that are new or changed, and refused ones."""

    records: int
    refused: int


def tally(report: ImportReport) -> Stored:
    """What an import came to, for the state of a connector."""
    return Stored(report.count("NEW") + report.count("CHANGED"), report.count("REFUSED"))


def until_stopped(items: Iterable[ItemT], stop: threading.Event) -> Iterator[ItemT]:
    """The items, until `stop`; then StoppingError undoes what was begun with them."""
    for item in items:
        if stop.is_set():
            raise StoppingError
        yield item


class Connector(Protocol[ItemT]):
    """One outside system. `fetch` knows the protocol, `parse` the format, `store` our tables;
    the runner calls `store` in the transaction that moves the checkpoint."""

    @property
    def name(self) -> str:
        """Key in connector_state."""

    @property
    def interval_s(self) -> float:
        """How often it is asked while all is well."""

    def fetch(self, cursor: str | None, mark: str | None) -> Page | NotModified:
        """Get the page behind `cursor`; raises OutsideError."""

    def parse(self, page: Page) -> Iterator[ItemT]:
        """What is on the page, good or bad; raises PageRefusedError."""

    def store(
        self, connection: Connection, items: Iterator[ItemT], page: Page, cursor: str | None
    ) -> Stored:
        """Put it into the caller's transaction."""
