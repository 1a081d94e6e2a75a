"""The words of the screen, from the gettext catalogues in `locale/`.

A message id is a stable key, so that neither language is the original of the other.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from babel.messages.pofile import read_po

LANGUAGES = ("id", "en")

Catalogue = Mapping[str, str]


class Texts:
    """The words of one language. Calling it with a key gives the text."""

    def __init__(self, language: str, catalogue: Catalogue) -> None:
        self.language = language
        self.catalogue = catalogue

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key` with `{name}` filled in; the key itself where nothing is written."""
        return self.catalogue.get(key, key).format(**values)


@cache
def catalogue(language: str) -> Catalogue:
    """Key to text of `language`. Raises ValueError for a language that we do not speak."""
    if language not in LANGUAGES:
        raise ValueError(f"language: {language!r} is none of {', '.join(LANGUAGES)}")
    path = files("dashboard").joinpath("locale", language, "LC_MESSAGES", "kawal.po")
    messages = read_po(io.BytesIO(path.read_bytes()), locale=language)
    return {str(message.id): str(message.string) for message in messages if message.id}


def texts(language: str) -> Texts:
    """The words of `language`; Indonesian where we do not speak it."""
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    return Texts(spoken, catalogue(spoken))
