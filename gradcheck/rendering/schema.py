"""The published JSON Schemas of our documents, and what is wrong with a document that breaks them.

Any validator of draft 2020-12 reads the schemas. The one here knows the words they use, so that reports are read without another package; the tests
hold it against the package jsonschema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import Any

from gradcheck.errors import UsageError

NAMES = ("run", "verdict", "study", "assignment", "marks", "gradescope")
Schema = Mapping[str, Any]
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "integer": lambda v: (isinstance(v, int) and not isinstance(v, bool)) or (isinstance(v, float) and v.is_integer()),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}
_BOUNDS: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "minimum": ("number", lambda v, bound: not v < bound),
    "maximum": ("number", lambda v, bound: not v > bound),
    "minLength": ("string", lambda v, bound: len(v) >= bound),
    "pattern": ("string", lambda v, bound: re.search(bound, v) is not None),
    "minItems": ("array", lambda v, bound: len(v) >= bound),
    "maxItems": ("array", lambda v, bound: len(v) <= bound),
}
_SHOWN = 60  # characters of a wrong value in a message


def schema_text(name: str) -> str:
    """The schema of a document, by one of `NAMES`, as it is published."""
    if name not in NAMES:
        raise UsageError(f"{name}: there is no schema of that name; there are {', '.join(NAMES)}")
    return resources.files("gradcheck.rendering").joinpath("schemas", f"{name}.schema.json").read_text(encoding="utf-8")


def fault(document: Any, name: str) -> str | None:
    """The first thing in which a document breaks its schema: where, what is there, what was expected; None for a good one."""
    root = json.loads(schema_text(name))
    return next(_Reader(root).faults(document, root, ""), None)


def fits(value: Any, schema: Schema, root: Schema) -> bool:
    """Whether a value keeps to a part of a schema; `root` is the whole."""
    return _Reader(root).good(value, schema)


class _Reader:
    """Walks a value and a schema together; `root` is where definitions are looked up."""

    def __init__(self, root: Schema) -> None:
        self.root = root

    def good(self, value: Any, schema: Schema) -> bool:
        return next(self.faults(value, schema, ""), None) is None

    def faults(self, value: Any, schema: Schema, at: str) -> Iterator[str]:
        if "$ref" in schema:
            yield from self.faults(value, self.root["$defs"][schema["$ref"].rpartition("/")[2]], at)
        yield from _simple(value, schema, at)
        yield from self._combined(value, schema, at)
        if isinstance(value, dict):
            yield from self._object(value, schema, at)
        if isinstance(value, list) and "items" in schema:
            for i, item in enumerate(value):
                yield from self.faults(item, schema["items"], f"{at}[{i}]")

    def _combined(self, value: Any, schema: Schema, at: str) -> Iterator[str]:
        for part in schema.get("allOf", ()):
            yield from self.faults(value, part, at)
        if "anyOf" in schema and not any(self.good(value, part) for part in schema["anyOf"]):
            yield f"{_place(at)} is {_shown(value)}, expected {_alternatives(schema['anyOf'])}"
        if "not" in schema and self.good(value, schema["not"]):
            yield f"{_place(at)} is {_shown(value)}, which is excluded"
        if "if" in schema:
            yield from self.faults(value, schema["then" if self.good(value, schema["if"]) else "else"], at)

    def _object(self, value: dict[str, Any], schema: Schema, at: str) -> Iterator[str]:
        known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        for key in schema.get("required", ()):
            if key not in value:
                yield f"{_place(at)} has no key {key!r}"
        for key, item in value.items():
            part = known.get(key, others)
            if part is False:
                yield f"{_place(at)} has a key {_shown(key)}, which is none of {', '.join(known)}"
            elif part is not True:
                yield from self.faults(item, part, f"{at}.{key}" if at else key)


def _simple(value: Any, schema: Schema, at: str) -> Iterator[str]:
    """What needs no look inside: type, the words allowed, bounds."""
    if "type" in schema and not _TYPES[schema["type"]](value):
        yield f"{_place(at)} is {_shown(value)}, expected {schema['type']}"
        return
    if "const" in schema and not _same(value, schema["const"]):
        yield f"{_place(at)} is {_shown(value)}, expected {schema['const']!r}"
    if "enum" in schema and not any(_same(value, word) for word in schema["enum"]):
        yield f"{_place(at)} is {_shown(value)}, expected one of {', '.join(map(str, schema['enum']))}"
    for word, (kind, holds) in _BOUNDS.items():
        if word in schema and _TYPES[kind](value) and not holds(value, schema[word]):
            yield f"{_place(at)} is {_shown(value)}, expected {word} {schema[word]}"


def _same(value: Any, word: Any) -> bool:
    """Equal as JSON: false is not 0."""
    return isinstance(value, bool) == isinstance(word, bool) and bool(value == word)


def _place(at: str) -> str:
    return at or "the document"


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _alternatives(parts: Any) -> str:
    """What a choice allows, in words."""
    return " or ".join(filter(None, map(_meant, parts))) or "a finite number"


def _meant(part: Schema) -> str:
    if "allOf" in part:
        return _meant(part["allOf"][0])
    name = part.get("$ref", "").rpartition("/")[2]
    return "a finite number" if name == "finite" else name or part.get("type", "") or ", ".join(map(str, part.get("enum", ())))
