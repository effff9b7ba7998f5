"""Which file of a submission is the one to run for a question, and what comes along with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gradcheck.grading.answers import Program
from gradcheck.grading.submissions.bounds import NOTEBOOK, SOURCE, Refusal
from gradcheck.grading.submissions.names import hides, is_code, listed, shown
from gradcheck.grading.submissions.notebook import read_notebook

_ATTEMPT = re.compile(r"(.+)-(\d{1,4})(\.py|\.ipynb|\.zip)", re.IGNORECASE)


def without_attempt(name: str) -> tuple[str, int]:
    """A name as Canvas writes it, without the number it adds when a file is handed in anew, and that number (0 for none)."""
    found = _ATTEMPT.fullmatch(name)
    return (found[1] + found[3], int(found[2])) if found else (name, 0)


def choose(names: Iterable[str], wanted: str) -> str:
    """The file to run where `wanted` is asked for: of that name, else as near to it as only one is. Raises Refusal, listing the candidates."""
    candidates = sorted(n for n in names if is_code(n))
    rules = (
        [n for n in candidates if n == wanted],
        [n for n in candidates if _last(n) == wanted],
        [n for n in candidates if _last(n).casefold() == wanted.casefold()],
        [n for n in candidates if _stem(_last(n)) == _stem(wanted)],
        [n for n in candidates if n.lower().endswith(SOURCE)],
        [n for n in candidates if n.lower().endswith(NOTEBOOK)],
    )
    for found in rules:
        if len(found) == 1:
            return found[0]
        if found:
            break
    if not candidates:
        raise Refusal(f"no Python file and no notebook was handed in: hand in {shown(wanted)}")
    raise Refusal(f"which file to mark cannot be told ({listed(candidates)}): name it {shown(wanted)}")


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _stem(name: str) -> str:
    return name.rpartition(".")[0].casefold()


def assemble(files: Mapping[str, bytes], wanted: str, code: int) -> Program:
    """The program to run for `wanted`: its folder is the top, what lies outside that folder stays behind, as do helpers that would hide a module.

    Raises Refusal where it cannot be told or read.
    """
    main = choose(files, wanted)
    top = main[: len(main) - len(_last(main))]
    warnings = [] if _stem(_last(main)) == _stem(wanted) else [f"{shown(main)} was taken for {shown(wanted)}"]
    outside = [n for n in files if not n.startswith(top)]
    if outside:
        warnings.append(f"left out, as they lie beside the folder of {shown(main)}: {listed(outside)}")
    helpers = {n[len(top) :]: c for n, c in files.items() if n.startswith(top) and n != main and not n.lower().endswith(NOTEBOOK)}
    hidden = sorted(n for n in helpers if hides(n))
    if hidden:
        warnings.append(f"left out, as they would hide modules of the same name: {listed(hidden)}; rename them")
    kept = {n: helpers[n] for n in sorted(helpers.keys() - set(hidden))}
    if not main.lower().endswith(NOTEBOOK):
        return Program({_last(main): files[main]} | kept, _last(main), warnings=tuple(warnings))
    notebook = read_notebook(files[main], main, code)
    return Program(kept, _last(main), notebook.cells, (*warnings, *notebook.warnings))
