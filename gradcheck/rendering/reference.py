"""The reference of all primitives and compositions as Markdown, made from the records.

`python -m gradcheck.rendering.reference docs/reference/primitives.md` writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import scipy

from gradcheck.rendering.layout import code, escape, markdown_table
from gradcheck.studies.catalogue import Composition, Entry, catalogue, compositions

VERSIONS = f"NumPy {'.'.join(np.__version__.split('.')[:2])}, SciPy {'.'.join(scipy.__version__.split('.')[:2])}"
COMMAND = "python -m gradcheck.rendering.reference docs/reference/primitives.md"


def reference() -> str:
    """The whole page."""
    return page(catalogue(), compositions())


def page(entries: Sequence[Entry], composed: Sequence[Composition]) -> str:
    """A table of the primitives, each in detail, the decisions, and the compositions."""
    rules, decisions = [e for e in entries if not e.decision], [e for e in entries if e.decision]
    parts = [
        "# Primitives",
        f"Made from the records by `{COMMAND}` ({VERSIONS}); do not edit.",
        "`g` is the cotangent of the result `y`. A rule is proved by SymPy on every open piece of the domain, or for every entry at the example shapes; "
        "how it is proved stands in the last column. Rules are shown as they are traced, at the first example.",
        markdown_table([_row(e) for e in rules], ("primitive", "computes", "callables", "rule")),
        "## In detail",
        *(_family(name, list(group)) for name, group in groupby(rules, key=lambda e: e.family)),
        "## Decisions",
        "Piecewise constant: no derivative flows through them. What they decide is followed and watched.",
        markdown_table([(code(e.name), code(e.formula), _listed(e.callables)) for e in decisions], ("primitive", "computes", "callables")),
        "## Compositions",
        "Followed as compositions of the primitives above: nothing to prove. What an option or a form of a call does not allow is refused with a message.",
        markdown_table([(code(c.name), code(c.through), escape(c.says)) for c in composed], ("callable", "listed with", "followed as")),
    ]
    return "\n\n".join(parts) + "\n"


def _row(entry: Entry) -> tuple[str, str, str, str]:
    return f"[{entry.name}](#{entry.name})", code(entry.formula), _listed(entry.callables), entry.proof.status


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(code, names))


def _family(name: str, entries: list[Entry]) -> str:
    return "\n\n".join([f"### In `{name}`", *map(_detail, entries)])


def _detail(entry: Entry) -> str:
    facts = [("computes", code(entry.formula)), ("callables", _listed(entry.callables)), ("domain", code(entry.domain))]
    facts += [("pieces", _listed(entry.pieces)), ("special points", "; ".join(entry.special)), ("notes", "; ".join(entry.notes))]
    facts += [(f"cost for {c.at}", c.counts) for c in entry.costs]
    facts += [("proof", f"{entry.proof.status}, {escape(entry.proof.detail)}")]
    lines = [f"- {what}: {text}" for what, text in facts if text]
    return "\n\n".join([f"#### {entry.name}", "\n".join(lines), *(_rule(name, text) for name, text in entry.rules)])


def _rule(name: str, text: str) -> str:
    shown = text if "\n" in text else f"d{name} = {text}"
    return f"```python\n{shown}\n```" if not text.startswith("none: ") else f"d{name}: {text}"


def main(arguments: Sequence[str]) -> None:
    """Write the page to a file, or print it."""
    text = reference()
    if arguments:
        Path(arguments[0]).write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main(sys.argv[1:])
