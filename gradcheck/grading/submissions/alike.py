"""When two identifiers are one: composed otherwise, or in the other case. Never because letters look alike; that is only warned of."""

from __future__ import annotations

import unicodedata

_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝвкмнтгαονρτυικχɑıǀ",
    "aeopcyxijshdqwbkmhtraovptuikxail",
)
"""Letters of other alphabets, and the Latin ones they look like: the most common of Unicode's table of confusables."""


def composed(identifier: str) -> str:
    """The identifier with accents composed (macOS writes file names decomposed). One that holds a sign which stands for a letter (the
    Kelvin sign for K) stays as it is.
    """
    stripped = identifier.strip()
    normal = unicodedata.normalize("NFC", stripped)
    return stripped if any(unicodedata.normalize("NFC", c) != c for c in stripped) else normal


def caseless(identifier: str) -> str:
    """The same in lower case, letter by letter, where that can be undone: a long s or a Kelvin sign is no s and no k."""
    return "".join(low if (low := c.lower()).upper() == c else c for c in composed(identifier))


def skeleton(identifier: str) -> str:
    """What the identifier looks like: for warnings only."""
    return unicodedata.normalize("NFKC", identifier.strip()).casefold().translate(_LOOKALIKES)
