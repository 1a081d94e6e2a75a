"""Text files: from the bytes that people send to lines of text, whatever the encoding.

UTF-8 with or without BOM, UTF-16 and UTF-32 as spreadsheets write them, and Windows-1252 where
a file is not UTF-8. A piece that is no text in the encoding becomes BROKEN, which no field of
a record takes: its row is refused, and the others are not.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO

Opener = Callable[[], BinaryIO]

CHUNK_BYTES = 1 << 20
LINE_CHARS = 1 << 18
BROKEN = "\udcff"
_ERRORS = "kawal-broken"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as that of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _broken(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BROKEN, error.end


codecs.register_error(_ERRORS, _broken)


def encoding_of(opener: Opener) -> str:
    """The encoding of a file, which is read to its end where it has no BOM."""
    with opener() as file:
        start = file.read(4096)
    for bom, encoding in _BOMS:
        if start.startswith(bom):
            return encoding
    # ASCII text in UTF-16 has a NUL in every other byte.
    if len(start) >= 4 and start[1::2].count(0) * 3 > len(start):
        return "utf-16-le"
    if len(start) >= 4 and start[::2].count(0) * 3 > len(start):
        return "utf-16-be"
    return "utf-8" if _is_utf8(opener) or _is_mostly_utf8(opener) else "cp1252"


def _chunks(opener: Opener) -> Iterator[bytes]:
    with opener() as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _is_utf8(opener: Opener) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in _chunks(opener):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_mostly_utf8(opener: Opener) -> bool:
    """More letters beyond ASCII that are sound UTF-8 than bytes that are not: a name was cut
    in the middle. Windows-1252 text has next to no such letters by chance."""
    decoder = codecs.getincrementaldecoder("utf-8")(_ERRORS)
    sound = broken = 0
    for chunk in _chunks(opener):
        beyond = [c for c in decoder.decode(chunk) if c > "\x7f"] if not chunk.isascii() else ()
        broken += (bad := sum(c == BROKEN for c in beyond))
        sound += len(beyond) - bad
    return sound > broken


def text_of(opener: Opener, encoding: str) -> io.TextIOWrapper:
    """The file as text; its line ends are left as they are."""
    return io.TextIOWrapper(opener(), encoding=encoding, errors=_ERRORS, newline="")


def skip_line(text: io.TextIOBase, line: str) -> None:
    """Read on to the end of a line of which only the start was taken."""
    while line and not line.endswith(("\n", "\r")):
        line = text.readline(LINE_CHARS)


def is_cut(line: str) -> bool:
    """Whether a line is longer than what is taken of one."""
    return len(line) >= LINE_CHARS and not line.endswith(("\n", "\r"))
