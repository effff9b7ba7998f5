"""A recorded program as a plain NumPy function, written out as source that stands on the user's own lines with the user's own names.

So the circuit that is traced through it says z, h, y and where they are written, and a diagnosis points into the user's file. A program that is nobody's
lines (a torch.nn.Sequential of layers) gets a listing of its own, which tracebacks and diagnoses can show.
"""

from __future__ import annotations

import ast
import keyword
import linecache
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcheck.circuit.memory import blank
from gradcheck.circuit.traced import TracedArray
from gradcheck.frameworks import aten
from gradcheck.frameworks.torch_program import Program, Ref, Step

Function = Callable[..., Any]


def as_numpy(program: Program, names: Sequence[str], name: str) -> Function:
    """The function of arrays that a program of tensors is; several results as a tuple."""
    writer = _Writer(program, [_identifier(n) for n in names], _identifier(name))
    tree, file = writer.tree()
    scope: dict[str, Any] = {**writer.operations(), **writer.held}
    code = compile(tree, file, "exec")
    exec(code, scope)  # noqa: S102  what we have just written ourselves
    made: Function = scope[writer.name]
    return made


class _Writer:
    """Source of a program, statement by statement."""

    def __init__(self, program: Program, arguments: list[str], name: str) -> None:
        self.program, self.arguments, self.name = program, _apart(arguments), name
        self.names: dict[int, str] = dict(zip(program.inputs, self.arguments, strict=True))
        self.writes = any(s.op.partition(".")[0].endswith("_") for s in program.steps)
        self.taken = {*self.arguments, name, *(_function(s.op) for s in program.steps)}
        for k in program.constants:
            self.names[k] = self._free("constant")
        self.locals = {self.names[k]: self._free("constant") for k in program.constants if self.writes}
        self.held = {self.names[k]: v for k, v in program.constants.items()}
        self.names |= {k: self.locals.get(self.names[k], self.names[k]) for k in program.constants}
        self.file = _main_file(program.steps)

    def _to_write(self, source: str) -> str:
        """An array that may be written into, with traced values where the arguments are traced."""
        return f"writable({', '.join([source, *self.arguments])})"

    def operations(self) -> dict[str, Function]:
        """What the source calls its operations."""
        found = {_function(s.op): _decide if s.op == "decide" else aten.find(s.op) for s in self.program.steps}
        return {name: operation for name, operation in found.items() if operation is not None} | {"writable": _writable}

    def tree(self) -> tuple[ast.Module, str]:
        """The module that defines the function, every statement on its user's line, and the file it claims to be."""
        statements = [self._statement(step, self._named(i)) for i, step in enumerate(self.program.steps)]
        outputs = ", ".join(self.names[k] for k in self.program.outputs)
        copies = [f"{local} = {self._to_write(name)}" for name, local in self.locals.items()]
        body = [*copies, *statements, f"return ({outputs},)" if len(self.program.outputs) > 1 else f"return {outputs}"]
        source = f"def {self.name}({', '.join(self.arguments)}):\n" + "\n".join(f"    {line}" for line in body) + "\n"
        tree = ast.parse(source)
        if self.file is None:
            file = f"<{self.name} read as NumPy>"
            linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
            return tree, file
        self._place(tree)
        return tree, self.file

    def _place(self, tree: ast.Module) -> None:
        function = tree.body[0]
        assert isinstance(function, ast.FunctionDef)
        last = 1
        for statement, step in zip(function.body, [*[None] * len(self.locals), *self.program.steps, None], strict=True):
            last = last if step is None else next((line for file, line, _ in step.lines if file == self.file), last)
            _put(statement, last)
        for node in (function, function.args, *function.args.args):
            if hasattr(node, "lineno"):
                node.lineno = node.end_lineno = getattr(function.body[0], "lineno", 1)  # type: ignore[attr-defined]

    def _statement(self, step: Step, wanted: str | None) -> str:
        arguments = [self._written(a) for a in step.arguments] + [f"{k}={self._written(v)}" for k, v in step.options.items()]
        call = f"{_function(step.op)}({', '.join(arguments)})"
        made = [k for k in step.results if k is not None]
        fresh = [k for k in made if k not in self.names]
        for k in fresh:
            self.names[k] = self._free(wanted or _identifier(step.op))
        if not fresh:  # a decision, or written in place
            return call
        if step.single:
            return f"{self.names[made[0]]} = {self._to_write(call) if self.writes and step.op.partition('.')[0] in aten.MAKES else call}"
        targets = ", ".join("_" if k is None else self.names[k] for k in step.results)
        return f"({targets},) = {call}"

    def _written(self, value: Any) -> str:
        if isinstance(value, Ref):
            return self.names[value.index]
        if isinstance(value, list):
            return f"[{', '.join(map(self._written, value))}]"
        if isinstance(value, float) and not np.isfinite(value):
            return f"float({str(value)!r})"
        return repr(value)

    def _named(self, i: int) -> str | None:
        """The variable that the user's line gives the value to, if this is the last operation of the line."""
        steps = self.program.steps
        here = steps[i].lines[0] if steps[i].lines else None
        if here is None or (i + 1 < len(steps) and steps[i + 1].lines and steps[i + 1].lines[0] == here):
            return None
        match = re.match(r"\s*([A-Za-z_]\w*)\s*(?::[^=]+)?=(?!=)", linecache.getline(here[0], here[1]))
        return match[1] if match and not keyword.iskeyword(match[1]) else None

    def _free(self, name: str) -> str:
        count, free = 0, name
        while free in self.taken:
            count += 1
            free = f"{name}_{count}"
        self.taken.add(free)
        return free


def _put(statement: ast.stmt, line: int) -> None:
    for node in ast.walk(statement):
        if hasattr(node, "lineno"):
            node.lineno = node.end_lineno = line  # type: ignore[attr-defined]


def _decide(value: Any, outcome: Any) -> None:
    """A branch of the user's that follows a value: the circuit holds only where it stays."""
    if isinstance(value, TracedArray):
        value.recorder.decide(value, type(outcome))


def _writable(array: Any, *arguments: Any) -> Any:
    """A copy of a plain array that takes traced values where an argument is traced."""
    plain, like = np.array(array), next((a for a in arguments if isinstance(a, TracedArray)), None)
    return blank(like, plain) if like is not None and plain.ndim and plain.dtype.kind == "f" else plain


def _main_file(steps: Sequence[Step]) -> str | None:
    """The file most operations are asked for in; None where none is the user's own."""
    counted = Counter(step.lines[0][0] for step in steps if step.lines)
    return counted.most_common(1)[0][0] if counted else None


def _function(op: str) -> str:
    return "aten_" + re.sub(r"\W+", "_", op)  # mul_ is another operation than mul


def _identifier(name: str) -> str:
    found = re.sub(r"\W+", "_", name).strip("_") or "f"
    return f"_{found}" if found[0].isdigit() or keyword.iskeyword(found) else found


def _apart(names: list[str]) -> list[str]:
    """Different names for different arguments."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return found
