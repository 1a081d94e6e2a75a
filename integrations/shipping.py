"""Shipping: status reports of PT Pos, pulled page by page (docs/reference/shipping-api.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook as Key

from db import rejections, shipping
from db.pool import Connection
from db.rejections import Rejection
from domain.shipping import (
    ListRefusedError,
    PlatformStatus,
    RefusedStatus,
    StatusItem,
    read_statuses,
)
from integrations.connector import NotModified, Page, PageRefusedError, Stored
from integrations.http import Client, fetch_page
from integrations.webhooks import Hook, Message, Took

PATH = "/v1/statuses"


class ShippingConnector:
    """A connector over the platform's list of status reports."""

    name = "shipping"

    def __init__(self, client: Client, interval_s: float) -> None:
        self._client = client
        self.interval_s = interval_s

    def fetch(self, cursor: str | None, mark: str | None) -> Page | NotModified:
        """One page of reports."""
        return fetch_page(self._client, PATH, cursor, mark)

    def parse(self, page: Page) -> Iterator[StatusItem]:
        """Its reports, each taken or refused."""
        return _read(page.document)

    def store(
        self,
        connection: Connection,
        items: Iterator[StatusItem],
        page: Page,
        cursor: str | None,
    ) -> Stored:
        """Keep them; what we do not understand is kept too, and told."""
        del page, cursor
        return store_items(connection, self.name, items)


def push_hook(keys: list[Key]) -> Hook:
    """What the platform pushes: one document of the same format a message."""

    def take(connection: Connection, message: Message) -> Took:
        stored = store_items(connection, "shipping-push", _read(message.document))
        return Took(stored, {"new": stored.records, "refused": stored.refused})

    return Hook("shipping-push", "/webhooks/shipping", keys, take)


def _read(document: object) -> Iterator[StatusItem]:
    try:
        yield from read_statuses(document)
    except ListRefusedError as error:
        raise PageRefusedError(error.field, error.reason) from None


def store_items(connection: Connection, connector: str, items: Iterable[StatusItem]) -> Stored:
    """Store reports that were pulled or pushed, in the caller's transaction."""
    reports: list[PlatformStatus] = []
    refused: list[Rejection] = []
    now = datetime.now(UTC)
    for item in items:
        if isinstance(item, PlatformStatus):
            reports.append(item)
        if fault := _fault(item):
            refused.append(
                Rejection(now, f"connector/{connector}", None, *fault, item.raw.encode())
            )
    fresh = shipping.store(connection, reports)
    rejections.record(connection, refused)
    return Stored(fresh, len(refused))


def _fault(item: StatusItem) -> tuple[str, str] | None:
    if isinstance(item, RefusedStatus):
        return item.field, item.reason
    if item.status is None:
        reason = f"{item.word!r} is no status that we know: kept, and compared with nothing"
        return "word", reason
    return None
