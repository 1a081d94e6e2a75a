"""The task that signs checkpoints."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from db import custody
from db.custody_checkpoints import standings
from db.pool import Connection
from domain.custody import Step
from integrations.custody_checkpoints import CustodyCheckpoints
from tests.integration.db.custody_scene import MANIFEST, NOW, event, put_manifest


def test_what_moved_is_signed_and_what_did_not_is_not(connection: Connection) -> None:
    put_manifest(connection)
    task = CustodyCheckpoints(Ed25519PrivateKey.generate())
    task.run(connection, NOW)
    assert standings(connection, MANIFEST) == []
    custody.append(connection, MANIFEST, [event(Step.PACK)], "sari", NOW)
    for _ in range(2):
        task.run(connection, NOW)
    assert [one.head.seq for one in standings(connection, MANIFEST)] == [1]
