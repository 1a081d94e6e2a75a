"""KPU: manifests, pulled page by page (docs/reference/kpu-api.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from standardwebhooks.webhooks import Webhook as Key

from db import manifests
from db.pool import Connection
from domain.manifest_rows import ImportReport, Row
from domain.settings import Materials
from integrations.connector import NotModified, Page, PageRefusedError, Stored, tally
from integrations.http import Client, fetch_page
from integrations.manifest_files import FileRefusedError, read_document
from integrations.webhooks import Hook, Message, Took

PATH = "/v1/manifests"


class KpuConnector:
    """A connector over KPU's list of manifests."""

    name = "kpu"

    def __init__(self, client: Client, interval_s: float, materials: Materials) -> None:
        self._client = client
        self._materials = materials
        self.interval_s = interval_s

    def fetch(self, cursor: str | None, mark: str | None) -> Page | NotModified:
        """One page of manifests."""
        return fetch_page(self._client, PATH, cursor, mark)

    def parse(self, page: Page) -> Iterator[Row]:
        """Its records, each taken or refused."""
        return _read(page.document)

    def store(
        self, connection: Connection, items: Iterator[Row], page: Page, cursor: str | None
    ) -> Stored:
        """As one import."""
        report = manifests.store(
            connection,
            items,
            source="kpu-pull",
            name=cursor or "(first page)",
            sha256=page.sha256,
            imported_by="kpu",
            materials=self._materials,
        )
        return tally(report)


def push_hook(keys: list[Key], materials: Materials) -> Hook:
    """What KPU pushes: one document of the same format a message."""

    def take(connection: Connection, message: Message) -> Took:
        report = manifests.store(
            connection,
            _read(message.document),
            source="kpu-push",
            name=message.message_id,
            sha256=message.sha256,
            imported_by="kpu",
            materials=materials,
        )
        return Took(tally(report), _told(report))

    return Hook("kpu-push", "/webhooks/kpu", keys, take)


def _read(document: object) -> Iterator[Row]:
    try:
        yield from read_document(document)
    except FileRefusedError as error:
        raise PageRefusedError(error.field, error.reason) from None


def _told(report: ImportReport) -> dict[str, Any]:
    refused = [{"place": row.place, "field": row.field, "reason": row.reason}
               for row in report.refused]  # fmt: skip
    return {
        "import": report.import_id,
        "counts": {kind: dict(states) for kind, states in report.counts.items()},
        "refused": refused,
    }
