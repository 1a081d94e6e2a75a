"""Checkpoints of the custody ledger, signed again and again."""

from __future__ import annotations

from datetime import datetime

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from db.custody_checkpoints import checkpoint
from db.pool import Connection

log = structlog.get_logger(__name__)

INTERVAL_S = 900.0


class CustodyCheckpoints:
    """A task: signs the heads of the chains that moved. The hash goes to the log, which is
    one place more where it stands."""

    name = "custody-checkpoints"
    interval_s = INTERVAL_S

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def run(self, connection: Connection, now: datetime) -> None:
        """Sign once. Raises db.custody_checkpoints.LedgerError where the ledger was changed."""
        made = checkpoint(connection, self._key, now)
        if made is not None:
            log.info("custody checkpoint", hash=made.hash, chains=made.chains)
