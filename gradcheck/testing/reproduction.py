"""A failure as a few lines of Python that can be pasted: the imports, the point, the check."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.domains import Data
from gradcheck.testing.asked import Asked
from gradcheck.verdicts.verdict import Verdict, written

PRINTED = 200  # numbers of a point that are written out; more go into a file


def reproduction(asked: Asked, verdict: Verdict, folder: Path | None) -> str:
    """Python source that shows the verdict again. A point of many numbers is saved in `folder` and read from there."""
    point, before = _point(verdict.witness if verdict.witness is not None else _first(asked), folder)
    names, imports = _names(asked)
    options = "".join(f", {name}={value!r}" for name, value in _options(asked))
    values = "from numpy import inf, nan" if re.search(r"\b(inf|nan)\b", point + options) else ""
    domains = "from gradcheck import Integer, Real, check" if "domain=" in options else "from gradcheck import check"
    lines = ["import numpy as np", values, domains, *imports, *before, f"print(check({', '.join(names)}, at={point}{options}))"]
    return "\n".join(line for line in lines if line)


def _options(asked: Asked) -> list[tuple[str, Any]]:
    said = [("argnums", asked.argnums), ("vjp", asked.vjp or None), ("order", None if asked.order == 1 else asked.order)]
    said += [("digits", asked.digits), ("seed", asked.seed or None)]
    if asked.domain is not None and not any(isinstance(d, Data) for d in asked.domain.values()):
        said.append(("domain", dict(asked.domain)))
    return [(name, value) for name, value in said if value is not None]


def _first(asked: Asked) -> tuple[Any, ...]:
    """The first of the points asked for, where the verdict has none of its own."""
    from gradcheck.verdicts.check import drawn, points_of

    if asked.at is None and asked.domain is not None and not isinstance(asked.function, Case):
        return tuple(drawn(asked.function, asked.domain, asked.seed, 1)[0])
    return tuple(points_of(asked.function, asked.points(), asked.seed)[0])


def _point(point: tuple[Any, ...], folder: Path | None) -> tuple[str, list[str]]:
    """The point as source, and what has to come before it."""
    if sum(a.size for a in point if isinstance(a, np.ndarray)) <= PRINTED:
        return written(point), []
    if folder is None:
        return "POINT", [
            f"# POINT: {sum(int(np.size(a)) for a in point)} numbers, too many to print, and pytest keeps no cache to save them in"
        ]
    arrays = {f"a{i}": a for i, a in enumerate(point) if isinstance(a, np.ndarray) and a.dtype != object}
    file = folder / f"point-{hashlib.sha256(b''.join(a.tobytes() for a in arrays.values())).hexdigest()[:16]}.npz"
    np.savez(file, **arrays)  # type: ignore[arg-type]
    parts = [f"saved['a{i}']" if f"a{i}" in arrays else written((a,))[1:-2] for i, a in enumerate(point)]
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})", [f"saved = np.load({str(file)!r})"]


def _names(asked: Asked) -> tuple[list[str], list[str]]:
    """How the function and the gradient are called, and what brings them there: an import, or a run of their file."""
    names: list[str] = []
    lines: list[str] = []
    files: dict[str, str] = {}
    for function, stand_in in ((asked.function, "f"), (asked.gradient, "grad")):
        plain = function.function if isinstance(function, Case) else function
        module, name, file = getattr(plain, "__module__", ""), getattr(plain, "__qualname__", ""), _file(plain)
        if not module or not name.isidentifier():  # methods, lambdas, functions of functions
            lines.append(f"{stand_in} = ...  # {_nameless(plain, name, file)}: it has no name to import, paste its definition here")
            name = stand_in
        elif file and not ("." in module and _importable(module)):
            if file not in files:
                files[file] = f"of_file{len(files) + 1}" if files else "of_file"
                lines += ["from runpy import run_path", f"{files[file]} = run_path({file!r})"]
            lines.append(f"{name} = {files[file]}[{name!r}]")
        else:
            lines.append(f"from {module} import {name}")
        names.append(name)
    return names, list(dict.fromkeys(lines))


def _nameless(plain: Any, name: str, file: str) -> str:
    where = f" ({file}:{plain.__code__.co_firstlineno})" if file and hasattr(plain, "__code__") else ""
    return f"{name or type(plain).__name__}{where}"


def _importable(module: str) -> bool:
    """Whether a module lies in a package that Python finds."""
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return False
    return found is not None and bool(found.origin)


def _file(plain: Any) -> str:
    """The file of a function, from the current folder where it is below it."""
    try:
        file = Path(inspect.getsourcefile(inspect.unwrap(plain)) or "")
    except TypeError:
        return ""
    if not file.is_file():
        return ""
    here = Path.cwd()
    return file.relative_to(here).as_posix() if file.is_relative_to(here) else str(file)
