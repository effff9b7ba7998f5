"""The bytes of source files: passed on as they are, as PEP 263 leaves their encoding to Python, but for UTF-16 and UTF-32, which Python cannot read."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def as_source(content: bytes) -> tuple[bytes, str]:
    """The bytes of a file of text as Python can read them, and what was noticed about them ("" for nothing)."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return content.decode(encoding).encode(), f"is encoded in {encoding.upper()} and was read as such; save it as UTF-8"
            except UnicodeError:
                return content, f"says that it is {encoding.upper()} and is not; save it as UTF-8"
    if content.startswith(codecs.BOM_UTF8):
        return content, "begins with a byte order mark, which is not needed"
    return content, ""
