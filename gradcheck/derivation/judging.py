"""Whether what a chain of formulas says is so: every formula evaluated, every sum added up, the recursion followed forward."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.derivation.algebra import evaluate, is_cut, names_in, parse
from gradcheck.derivation.chain import Chain, Equality
from gradcheck.derivation.hop_formulas import agree


def discrepancies(chain: Chain, gradient: Mapping[str, Any]) -> tuple[str, ...]:
    """What is not so, one sentence each: lines whose formula gives another number, totals that are not the gradient given by input."""
    return (*_lines(chain), *_totals(chain, gradient), *_recursion(chain, gradient))


def _lines(chain: Chain) -> Iterator[str]:
    for line in chain.lines():
        if line.formula and not line.left.startswith("_t") and not is_cut(line.formula):
            shown = chain.values[line.left]
            found = evaluate(line.formula, chain.values)
            if not _same(found, shown):
                yield f"{line.left} = {line.formula} is {found!r}, not {shown!r}"
            if line.value is not None and not _same(line.value, shown):
                yield f"{line.left} is shown as {line.value!r}, and is {shown!r}"


def _same(found: Any, shown: Any) -> bool:
    return agree(np.asarray(found, dtype=float), np.asarray(shown, dtype=float))


def _totals(chain: Chain, gradient: Mapping[str, Any]) -> Iterator[str]:
    for part in chain.parts:
        for line in part.lines if part.name == "gradient" else ():
            name = chain.symbols[line.left].name
            if not _same(line.value, gradient[name]):
                yield f"the derivative by {name} is shown as {line.value!r}, and is {gradient[name]!r}"


def _recursion(chain: Chain, gradient: Mapping[str, Any]) -> Iterator[str]:
    """The recursion from the inputs on, where all of it is there: along a direction it must give the gradient times the direction."""
    lines = [line for part in chain.parts if part.name == "unrolled" for line in part.lines]
    along = _direction(chain, gradient)
    expected = sum(float(np.sum(np.multiply(g, along[_prime(chain, n)]))) for n, g in gradient.items())
    for line in reversed(lines):
        _follow(chain, line, along)
    result = along.get(chain.result.replace("_v", "_t"))
    if result is not None and not _same(np.float64(result), np.float64(expected)):
        yield f"the recursion gives {result!r} along a direction, not {expected!r}"


def _prime(chain: Chain, name: str) -> str:
    return next(id for id, s in chain.symbols.items() if s.kind == "prime" and s.name == name)


def _direction(chain: Chain, gradient: Mapping[str, Any]) -> dict[str, Any]:
    """Each input moving by numbers of its own."""
    shapes = {n: np.shape(g) for n, g in gradient.items()}
    return {
        _prime(chain, n): (np.cos(1.0 + i + np.arange(np.prod(s, dtype=int))).reshape(s))[()] for i, (n, s) in enumerate(shapes.items())
    }


def _follow(chain: Chain, line: Equality, along: dict[str, Any]) -> None:
    """Form one derivative of the recursion where all it reads is known."""
    read = {n for n in names_in(parse(line.formula)) if n.startswith("_t")}
    for id in read - set(along):
        symbol = chain.symbols[chain.symbols[id].of]
        whole = next((t for t, s in chain.symbols.items() if s.kind == "prime" and symbol.index is not None and s.name == symbol.of), "")
        if whole in along:
            along[id] = along[whole][symbol.index]
    if read <= set(along):
        found = evaluate(line.formula, {**chain.values, **along})
        along[line.left] = np.broadcast_to(found, chain.symbols[line.left].shape)[()]
