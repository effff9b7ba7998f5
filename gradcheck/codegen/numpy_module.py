"""A gradient as a module of plain NumPy: the function, its gradient, and a test of both."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gradcheck.codegen.bodies import General, Setting, general_body
from gradcheck.codegen.dialects import NUMPY, Dialect, helper
from gradcheck.codegen.expressions import laid_out, parse
from gradcheck.codegen.forward import Own, own_source
from gradcheck.codegen.parts import constant_lines, docstring, guard_lines, point_lines
from gradcheck.codegen.statements import Body, Writer
from gradcheck.codegen.subject import Subject, derived
from gradcheck.codegen.verify import Verified, tape_at
from gradcheck.domains import floating_positions

LIBRARIES_ROUND = 4  # ulp that other versions of NumPy, and other processors, may add


@dataclass(slots=True)
class Module:
    """What a module holds, to be put together in order."""

    imports: dict[str, None] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    helpers: dict[str, str] = field(default_factory=dict)
    definitions: list[list[str]] = field(default_factory=list)

    def text(self, dialect: Dialect, title: str) -> str:
        """The module's source, with what it does not refer to left out."""
        blocks = ["\n".join(d) for d in self.definitions]
        body = "\n\n\n".join([*(h.rstrip() for h in self.helpers.values()), *blocks])
        constants = "\n".join(constant_lines(self.constants, dialect))
        parts = [f'"""{title}"""', import_text(self.imports), *([constants] if constants else [])]
        return "\n\n".join(parts) + f"\n\n\n{body}\n"

    def add_helper(self, name: str, dialect: Dialect) -> None:
        """A helper function, or a module that statements refer to."""
        text = helper(name, dialect)
        if text is None:
            self.imports[f"import {name}"] = None
        else:
            self.helpers[name] = text

    def add_body(self, body: Body, parameters: Sequence[str]) -> Body:
        """The constants, helpers and imports that statements refer to; the statements with SciPy's functions by their bare names."""
        self.constants |= body.constants
        for needed in body.helpers:
            self.add_helper(needed, NUMPY)
        text = "\n".join((*parameters, *body.forward, *body.backward, *body.results))
        written = set(re.findall(r"(?<![.\w])[A-Za-z_]\w*", text)) | set(self.constants)
        bare = {}
        for name in dict.fromkeys(re.findall(r"(?<![.\w])special\.(\w+)", text)):
            if name in written:  # a variable of the user's has the name
                self.imports["from scipy import special"] = None
            else:
                self.imports[f"from scipy.special import {name}"] = None
                bare[f"special.{name}"] = name
        return renamed(body, bare)


def renamed(body: Body, names: Mapping[str, str]) -> Body:
    """The statements with other names for some functions."""
    if not names:
        return body
    pattern = re.compile("|".join(rf"(?<![.\w]){re.escape(n)}\b" for n in names))

    def lines(some: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(pattern.sub(lambda m: names[m.group()], line) for line in some)

    guards = tuple((lines((text,))[0], outcome) for text, outcome in body.guards)
    return replace(body, forward=lines(body.forward), backward=lines(body.backward), results=lines(body.results), guards=guards)


def import_text(lines: Mapping[str, None]) -> str:
    """Imports in order, those from one module in one line."""
    together: dict[str, list[str]] = {}
    plain = []
    for line in lines:
        words = line.split(maxsplit=3)
        if words[0] == "from":
            together.setdefault(words[1], []).append(words[3])
        else:
            plain.append(line)
    standard = [line for line in plain if line == "import math"]
    rest = [
        *sorted(line for line in plain if line not in standard),
        *(f"from {m} import {', '.join(sorted(n))}" for m, n in sorted(together.items())),
    ]
    return "\n".join([*standard, *([""] if standard and rest else []), *rest])


@dataclass(frozen=True, slots=True)
class Written:
    """Source before its docstring is known: `source(found)` is the module, with or without its test."""

    subject: Subject
    general: General
    own: Own | None
    value: bool

    @property
    def name(self) -> str:
        """What the gradient's function is called."""
        return f"{self.subject.name}_vjp" if self.subject.vjp else f"{self.subject.name}_gradient"

    @property
    def both(self) -> str:
        """What the function that returns the value too is called."""
        return f"{self.subject.name}_value_and_{'vjp' if self.subject.vjp else 'gradient'}"

    def source(self, found: Verified | None = None, *, test: bool = False) -> str:
        """The module."""
        module = Module(imports={"import numpy as np": None})
        add_forward(module, self.subject, self.own)
        add_gradient(module, self, found)
        if test and found is not None:
            module.definitions.append(test_lines(self, found))
        what = "A vector-Jacobian product" if self.subject.vjp else "The gradient"
        return module.text(NUMPY, f"{what} of {self.subject.name}: written, and verified, by gradcheck.")


def write_numpy(subject: Subject, *, value: bool = False) -> Written:
    """The most general NumPy source of a gradient."""
    own = own_source(subject.function, subject.name)
    return Written(subject, general_body(subject, setting_of(subject, own, value=value)), own, value)


def setting_of(subject: Subject, own: Own | None, dialect: Dialect = NUMPY, *, value: bool = False) -> Setting:
    """What a gradient is written in beside its function."""
    return Setting(dialect, {subject.name, *(own.names() if own else ())}, dict(own.constants) if own else {}, value)


def add_forward(module: Module, subject: Subject, own: Own | None) -> None:
    """The function: its author's source, or the recorded program where that does not stand alone."""
    if own is not None:
        module.imports |= own.imports
        module.constants |= own.constants
        module.definitions += [text.rstrip().splitlines() for text in own.functions.values()]
        return
    body = recorded(subject)
    body = module.add_body(body, subject.parameters)
    says = [f'    """{subject.name} as recorded at a point, for its source needs more than NumPy and SciPy."""']
    head = f"def {subject.name}({', '.join(subject.parameters)}):"
    module.definitions.append([head, *says, *body.forward, f"    return {body.results[0]}"])


def recorded(subject: Subject) -> Body:
    """The function's recorded program."""
    from gradcheck.circuit import simplify

    forward = derived(subject, subject.points[0], value=False).forward
    return Writer(simplify(forward), NUMPY, {subject.name}).write()


def add_gradient(module: Module, written: Written, found: Verified | None) -> None:
    """The gradient's function, and with `value` the one that returns the value too."""
    subject = written.subject
    body = module.add_body(written.general.body, subject.parameters)
    general = replace(written.general, body=body)
    written = replace(written, general=general)
    parameters = ", ".join((*subject.parameters, *(("cotangent",) if subject.vjp else ())))
    if not written.value:
        head = [f"def {written.name}({parameters}):", *docstring(_first(subject), subject, general, found)]
        module.definitions.append([*head, *statements(written, written.name), f"    return {', '.join(body.results)}"])
        return
    both = written.both
    gradient = ", ".join(body.results[1:])
    packed = gradient if len(body.results) == 2 else f"({gradient})"
    head = [f"def {both}({parameters}):", *docstring(f"The value of {subject.name}, and its derivative.", subject, general, found)]
    module.definitions.append([*head, *statements(written, both), f"    return {body.results[0]}, {packed}"])
    module.definitions.append([f"def {written.name}({parameters}):", f'    """{_first(subject)}"""', f"    return {both}({parameters})[1]"])


def _first(subject: Subject) -> str:
    if subject.vjp:
        return f"The cotangent times the Jacobian of {subject.name} by {_listed(subject.differentiated)}."
    return f"The gradient of {subject.name} by {_listed(subject.differentiated)}."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def statements(written: Written, what: str) -> list[str]:
    """Checks, the forward part, the backward part."""
    body = written.general.body
    early, late = guard_lines(written.subject, written.general, what)
    marker = ["    # backward"] if body.forward and body.backward else []
    return [*early, *body.forward, *late, *marker, *body.backward]


def test_lines(written: Written, found: Verified) -> list[str]:
    """A test that stands alone where gradcheck and pytest are: the verdict again, and the numbers that were found here."""
    subject, allowed = written.subject, found.from_tape + LIBRARIES_ROUND
    options = "" if subject.argnums == floating_positions(found.points[0]) else f", argnums={subject.argnums!r}"
    options += ", vjp=True" if subject.vjp else ""
    lines = [
        f"def test_{written.name}():", f'    """The verdict at the points where it was verified{"" if subject.vjp else ", and the numbers found there"}."""',
        "    from gradcheck import assert_gradient", "", *point_lines(found.points),
        *laid_out("    ", parse(f"assert_gradient({subject.name}, {written.name}, at=points{options})"), "    "),
    ]  # fmt: skip
    if subject.vjp:
        return lines
    pinned = [tape_at(subject, p) for p in found.points]
    several = len(subject.argnums) > 1
    return [
        *lines, *point_lines(pinned, "expected"), "    for point, pinned in zip(points, expected, strict=True):",
        f"        found = {written.name}(*point)" if several else f"        found = ({written.name}(*point),)",
        "        for one, other in zip(found, pinned, strict=True):",
        f"            # found within {found.from_tape} ulp of the largest entry; other libraries may round otherwise",
        "            unit = np.spacing(np.max(np.abs(other)))",
        f"            assert np.all(np.abs(one - other) <= {allowed} * unit)",
    ]  # fmt: skip
