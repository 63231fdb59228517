"""JSON that is written once, rarely read, and never searched: kept compressed, as one JSON text.

PostgreSQL compresses only rows above 2 KB, and each by itself. Most of such a value is the same in every order, so it
is compressed against these common words.
"""

import json
import zlib
from base64 import b85decode, b85encode
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from models.packed_words import WORDS_1

MARK = "1"
"""The first character of a packed value, which names the words."""
_WORDS = WORDS_1.encode()
_RAW = -zlib.MAX_WBITS


def pack(value: Any) -> Any:
    """Return the value as a text that `unpack` reads; an empty one as it is."""
    if not value:
        return value
    packing = zlib.compressobj(wbits=_RAW, zdict=_WORDS)
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return MARK + b85encode(packing.compress(plain) + packing.flush()).decode()


def unpack(stored: Any) -> Any:
    """Return what was packed; what is no packed text, as older versions wrote it, is returned as it is."""
    if not isinstance(stored, str) or not stored.startswith(MARK):
        return stored
    unpacking = zlib.decompressobj(wbits=_RAW, zdict=_WORDS)
    return json.loads(unpacking.decompress(b85decode(stored[len(MARK) :])))


class Packed(TypeDecorator[Any]):
    """A JSONB column of packed values. Statements that are written as text call `pack` themselves."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return pack(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return unpack(value)
