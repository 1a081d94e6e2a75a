"""HTTP: one careful GET. Whatever the other side does, it ends in time, in bounded memory, and
in words that say what to do."""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
import threading
import time
import zlib
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import httpx

from integrations.connector import (
    CursorLostError,
    NotModified,
    OutsideError,
    Page,
    StoppingError,
)
from integrations.json_files import parsed

DEEPEST = 32  # levels of a JSON document; ours has five
PAGE_RECORDS = 500  # what we ask for; a server may give fewer
LONGEST_CURSOR = 1000
LONGEST_PAUSE_S = 3600.0
LOOK_S = 0.2  # how often a wait looks whether it should end
OUR_MARK = "sha256:"  # no ETag begins like this: they are quoted

_ESCAPES = re.compile(
    rb"(?P<sound>\\\\|\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w)|\\u0000|\\u[dD][89a-fA-F]\w\w"
)

T = TypeVar("T")


class BadJsonError(ValueError):
    """Bytes that are no sound JSON document; the message says why."""


class Answer(NamedTuple):
    """A JSON document. `mark` is its ETag, or a sum of ours where the server gave none."""

    document: object
    mark: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask and within which limits. The names of the settings go into the errors."""

    url: str
    token: str | None
    timeout_s: float
    largest_bytes: int
    url_setting: str
    token_setting: str

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
            httpx.URL(self.url)
        except (ValueError, httpx.InvalidURL):
            sound = False
        if not sound:
            raise ValueError(f"{self.url_setting}: must be an http:// or https:// address")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError(
                f"{self.url_setting}: a plain address, please: the secret belongs into"
                f" {self.token_setting}"
            )


def decode_json(body: bytes) -> object:
    """The document in `body`; raises BadJsonError. What no database holds as text, NUL and
    halves of characters, comes as U+FFFD, so that it spoils one field and not the page."""
    sound = _ESCAPES.sub(lambda found: found["sound"] or rb"\ufffd", body)
    try:
        document: object = parsed(sound.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadJsonError(f"is not UTF-8 at byte {error.start}") from None
    except ValueError as error:
        raise BadJsonError(str(error)) from None
    if _too_deep(document):
        raise BadJsonError(f"is nested deeper than {DEEPEST} levels")
    return document


def _too_deep(document: object) -> bool:
    level = _containers([document])
    for _ in range(DEEPEST):
        level = _containers(
            child
            for value in level
            for child in (value.values() if isinstance(value, dict) else value)
        )
    return bool(level)


def _containers(values: Iterable[object]) -> list[Any]:
    return [value for value in values if isinstance(value, dict | list)]


class Client:
    """Asks one endpoint. `stop` ends a wait with StoppingError."""

    def __init__(self, endpoint: Endpoint, stop: threading.Event) -> None:
        self._endpoint = endpoint
        self._stop = stop
        self._tls = ssl.create_default_context()

    def get(self, path: str, query: Mapping[str, str], mark: str | None) -> Answer | NotModified:
        """The JSON document at `path` below the address, unless it is still the one of `mark`.

        Raises OutsideError, in words for a person; CursorLostError for 410.
        """
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        if self._endpoint.token:
            headers["Authorization"] = f"Bearer {self._endpoint.token}"
        if mark and not mark.startswith(OUR_MARK):
            headers["If-None-Match"] = mark
        try:
            answer = asyncio.run(self._in_time(self._ask(path, query, headers)))
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None
        if isinstance(answer, Answer) and answer.mark == mark:
            return NotModified()
        return answer

    async def _in_time(self, work: Awaitable[T]) -> T:
        """A deadline over everything: a server that sends one byte a second meets no other."""
        task = asyncio.ensure_future(work)
        deadline_s = time.monotonic() + self._endpoint.timeout_s
        while not task.done():
            await asyncio.wait({task}, timeout=LOOK_S)
            late = time.monotonic() > deadline_s
            if not task.done() and (late or self._stop.is_set()):
                task.cancel()
                await asyncio.wait({task})
                if self._stop.is_set():
                    raise StoppingError
                raise OutsideError(
                    f"{self._origin} gave no whole answer within {self._endpoint.timeout_s:g} s"
                )
        return task.result()

    async def _ask(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Answer | NotModified:
        url = self._endpoint.url.rstrip("/") + path
        async with (
            # The environment's proxies and .netrc are not what the settings say.
            httpx.AsyncClient(
                timeout=self._endpoint.timeout_s,
                follow_redirects=False,
                trust_env=False,
                verify=self._tls,
            ) as client,
            client.stream("GET", url, params=dict(query), headers=dict(headers)) as response,
        ):
            if response.status_code == httpx.codes.NOT_MODIFIED:
                return NotModified()
            self._check(response)
            return self._answer(response, await self._body(response))

    def _check(self, response: httpx.Response) -> None:
        code = response.status_code
        if code != httpx.codes.OK:
            raise self._refused(code, response)
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise OutsideError(
                f"{self._origin} answers with {kind or 'no Content-Type'} where JSON should be:"
                f" is {self._endpoint.url_setting} right?"
            )

    async def _body(self, response: httpx.Response) -> bytes:
        body = _Body(response.headers.get("Content-Encoding"), self._endpoint.largest_bytes)
        async for chunk in response.aiter_raw():
            body.feed(chunk)
        return body.whole()

    def _answer(self, response: httpx.Response, body: bytes) -> Answer:
        digest = hashlib.sha256(body).hexdigest()
        try:
            document = decode_json(body)
        except BadJsonError as error:
            raise OutsideError(f"the answer of {self._origin} {error}") from None
        return Answer(document, response.headers.get("ETag") or OUR_MARK + digest, digest)

    # --- words ---

    @property
    def _origin(self) -> str:
        parts = urlsplit(self._endpoint.url)
        return f"{parts.scheme}://{parts.netloc}"

    def _unreachable(self, error: httpx.HTTPError) -> OutsideError:
        what = str(error) or type(error).__name__
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return OutsideError(
                f"no connection to {self._origin} ({what}): is it on, and is"
                f" {self._endpoint.url_setting} right?"
            )
        if isinstance(error, httpx.TimeoutException):
            return OutsideError(
                f"{self._origin} gave no whole answer within {self._endpoint.timeout_s:g} s"
            )
        return OutsideError(f"the connection to {self._origin} broke: {what}")

    def _refused(self, code: int, response: httpx.Response) -> OutsideError:
        ends = self._endpoint
        pause_s = _retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        words = {
            401: f"the token is refused: {ends.token_setting}",
            403: f"the token may not read this: {ends.token_setting}",
            404: f"there is nothing at {response.url.path}: is {ends.url_setting} right?",
            429: f"{self._origin} asks us to come less often",
        }.get(code)
        if code == httpx.codes.GONE:
            return CursorLostError(f"{self._origin} no longer knows our place: beginning again")
        if words is None and response.is_redirect:
            words = (
                f"{self._origin} sends us to {response.headers.get('Location')!r}, where we do"
                f" not follow: put the new address into {ends.url_setting}"
            )
        return OutsideError(
            words or f"{self._origin} answers {code} {response.reason_phrase}".rstrip(),
            retry_after_s=pause_s,
        )


def fetch_page(
    client: Client, path: str, cursor: str | None, mark: str | None
) -> Page | NotModified:
    """The page behind `cursor` of a list with `next`; raises OutsideError."""
    query = {"limit": str(PAGE_RECORDS), **({"cursor": cursor} if cursor else {})}
    answer = client.get(path, query, mark)
    return _page(answer) if isinstance(answer, Answer) else answer


def _page(answer: Answer) -> Page:
    if not isinstance(answer.document, dict):
        raise OutsideError("the answer is JSON, but no object")
    following = answer.document.pop("next", None)  # of the list, not of the document
    if following is not None and not _is_cursor(following):
        raise OutsideError(
            f"next: must be null or a text of 1 to {LONGEST_CURSOR} characters without NUL"
        )
    return Page(answer.document, following, answer.mark, answer.sha256)


def _is_cursor(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_CURSOR and value.isprintable()


class _Body:
    """Collects a body, unpacked, up to a cap: a small gzip can unfold into terabytes."""

    def __init__(self, encoding: str | None, largest_bytes: int) -> None:
        if encoding not in (None, "", "identity", "gzip"):
            raise OutsideError(f"the answer is packed as {encoding!r}; we asked for gzip")
        self._gunzip = zlib.decompressobj(16 + zlib.MAX_WBITS) if encoding == "gzip" else None
        self._largest = largest_bytes
        self._size = 0
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> None:
        if self._gunzip is not None:
            try:
                chunk = self._gunzip.decompress(chunk, self._largest - self._size + 1)
            except zlib.error as error:
                raise OutsideError(f"the answer is no gzip: {error}") from None
        self._size += len(chunk)
        if self._size > self._largest:
            raise OutsideError(
                f"the answer is larger than {self._largest / 1e6:g} MB"
                " (KAWAL_INTEGRATIONS_LARGEST_MB); ask for smaller pages"
            )
        self._parts.append(chunk)

    def whole(self) -> bytes:
        if self._gunzip is not None and not self._gunzip.eof:
            raise OutsideError("the answer ends in the middle of its gzip")
        return b"".join(self._parts)


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds, from a number or a date; never longer than an hour, whatever they ask."""
    if not value:
        return None
    try:
        wait_s = float(value) if value.isdigit() else _until(value, now)
    except (ValueError, TypeError):
        return None
    return min(max(wait_s, 0.0), LONGEST_PAUSE_S)


def _until(date: str, now: datetime) -> float:
    at = parsedate_to_datetime(date)
    return (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
