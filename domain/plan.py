"""The plan: what should move where, along which way, watched by which device.

One document, `format: kawal-plan`, version 1; docs/reference/plan.md describes it and
`schema()` is its JSON Schema. `parse` reads it whole or refuses it with every fault.
"""

from __future__ import annotations

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
DEVICE_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
TEXT_PATTERN = r"^[^\u0000-\u001f\u007f]*[^\u0000-\u0020\u007f][^\u0000-\u001f\u007f]*$"
