"""A gradient as a torch.autograd.Function or a jax.custom_vjp, in the framework's own operations where each has a counterpart."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from textwrap import dedent, indent
from typing import Any

import numpy as np

from gradcheck.codegen.bodies import General, Setting, general_body
from gradcheck.codegen.dialects import DIALECTS, Dialect
from gradcheck.codegen.forward import own_source
from gradcheck.codegen.numpy_module import LIBRARIES_ROUND, Module, Written, add_forward, add_gradient, setting_of
from gradcheck.codegen.parts import docstring, guard_lines, literal, point_lines
from gradcheck.codegen.shapes import Sizes
from gradcheck.codegen.statements import Body, UnwritableError
from gradcheck.codegen.subject import Subject, is_number
from gradcheck.codegen.verify import Verified, run_source, tape_at, verified
from gradcheck.errors import GradcheckError, GradientError, UsageError

WAYS = {"torch": "a torch.autograd.Function", "jax": "a jax.custom_vjp"}


def write_for(subject: Subject, target: str, *, test: bool = True) -> str:
    """The module for a framework. UsageError where it is not installed: what cannot be run is not verified."""
    if importlib.util.find_spec(target) is None:
        raise UsageError(
            f"{target} is not installed, so that what is written for it could not be verified: pip install 'gradcheck[{target}]'"
        )
    for name, a in zip(subject.parameters, subject.points[0], strict=True):
        if not is_number(a):
            raise UsageError(
                f"{subject.name}: argument {name} is a {type(a).__name__}; for {target}, source is written of numbers and arrays"
            )
    try:
        return _judged(_own_operations(subject, DIALECTS[target]), test=test)
    except UnwritableError as error:
        reason = str(error)
    except GradientError as error:
        reason = f"{target}'s own operations do not give the gradient: {_reason(error)}"
    except GradcheckError:
        raise
    except Exception as error:  # noqa: BLE001  whatever the framework says of operands it does not take
        reason = f"{target} refuses its operations: {type(error).__name__}: {str(error).splitlines()[0][:120]}"
    return _judged(_numpy_inside(subject, target, reason), test=test)


def _reason(error: GradientError) -> str:
    """What the verdict says, in a line."""
    return str(getattr(error.verdict, "reason", error)).partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Framed:
    """A module for a framework before its docstring is known. `inside` is NumPy source that it calls, where it has no operations of its own."""

    subject: Subject
    target: str
    general: General
    inside: Written | None = None
    reason: str = ""

    @property
    def class_name(self) -> str:
        """The torch.autograd.Function's name."""
        return "".join(part.capitalize() for part in self.subject.name.split("_") if part) + "Function"

    def source(self, found: Verified | None = None, *, test: bool = False) -> str:
        """The module."""
        module = Module()
        write = (
            {"torch": _torch, "jax": _jax}[self.target]
            if self.inside is None
            else {"torch": _torch_inside, "jax": _jax_inside}[self.target]
        )
        write(module, self, found)
        if test and found is not None:
            module.imports["import numpy as np"] = None
            module.definitions.append(_test(self, found))
        dialect = DIALECTS["numpy" if self.inside else self.target]
        return module.text(dialect, f"{self.subject.name} as {WAYS[self.target]}: written, and verified, by gradcheck.")


def _judged(framed: Framed, *, test: bool) -> str:
    """Run the module, judge it, and say what was found."""
    function = run_source(framed.source(), framed.subject.name)[framed.subject.name]
    value, claim = value_of(framed.target, function), claim_of(framed.target, framed.subject, function)
    if framed.target == "jax":
        _require_traceable(framed.subject, function)
    try:
        found = verified(framed.subject, value, claim, framed.general.sizes)
    except GradientError:
        if not framed.general.sizes.groups or framed.inside is not None:
            raise
        from gradcheck.codegen.bodies import body_at

        here = body_at(framed.subject, framed.subject.points[0], Setting(DIALECTS[framed.target], {framed.subject.name}, value=True))
        return _judged(replace(framed, general=General(here, Sizes())), test=test)
    return framed.source(found, test=test)


def _own_operations(subject: Subject, dialect: Dialect) -> Framed:
    general = general_body(
        subject, Setting(dialect, {subject.name, f"{subject.name}_forward", f"{subject.name}_backward", "saved"}, value=True)
    )
    if dialect.functional and (general.body.guards or general.fixed):
        raise UnwritableError("it takes decisions on values, which jax.jit does not see")
    return Framed(subject, dialect.name, general)


def _numpy_inside(subject: Subject, target: str, reason: str) -> Framed:
    own = own_source(subject.function, subject.name)
    general = general_body(subject, setting_of(subject, own))
    written = Written(
        _under_another_name(subject), general, None if own is None else own_source(subject.function, f"{subject.name}_numpy"), value=False
    )
    return Framed(subject, target, general, written, reason)


def _under_another_name(subject: Subject) -> Subject:
    return replace(subject, name=f"{subject.name}_numpy")


def _saved(subject: Subject, body: Body) -> list[str]:
    """What the backward part reads of the forward part and of the arguments."""
    tree = ast.parse(dedent("\n".join((*body.backward, *(f"    ({r})" for r in body.results[1:])))))
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    made = [n.id for n in ast.walk(ast.parse(dedent("\n".join(body.forward)))) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return [n for n in dict.fromkeys((*subject.parameters, *made)) if n in read]


def _results(framed: Framed) -> list[str]:
    """What the backward part returns: a cotangent for every argument, None for data."""
    subject, parts = framed.subject, iter(framed.general.body.results[1:])
    found = []
    for i in range(len(subject.parameters)):
        text = next(parts) if i in subject.argnums else "None"
        found.append(text if subject.vjp or text == "None" else _times(text))
    return found


def _times(text: str) -> str:
    node = ast.parse(text, mode="eval").body
    return (
        f"cotangent * {text}"
        if isinstance(node, ast.Name | ast.Call | ast.Subscript | ast.Attribute | ast.Constant)
        else f"cotangent * ({text})"
    )


def _more(framed: Framed) -> list[str]:
    return [f"Works in NumPy inside: {framed.reason}."] if framed.inside is not None else []


def _doc(framed: Framed, found: Verified | None) -> list[str]:
    by = ", ".join(framed.subject.differentiated)
    return docstring(f"{framed.subject.name}, and its gradient by {by}.", framed.subject, framed.general, found, more=_more(framed))


def _shifted(lines: Sequence[str]) -> list[str]:
    return [indent(line, "    ") if line else line for line in lines]


# torch
def _torch(module: Module, framed: Framed, found: Verified | None) -> None:
    subject, body = framed.subject, framed.general.body
    module.imports["import torch"] = None
    module.constants |= body.constants
    for needed in body.helpers:
        module.add_helper(needed, DIALECTS[framed.target])
    early, late = guard_lines(subject, framed.general, subject.name)
    saved, names = _saved(subject, body), ", ".join(subject.parameters)
    keep = [f"    ctx.save_for_backward({', '.join(saved)})"] if saved else []
    load = [f"    {', '.join(saved)}{',' if len(saved) == 1 else ''} = ctx.saved_tensors"] if saved else []
    forward = ["@staticmethod", f"def forward(ctx, {names}):", *early, *body.forward, *late, *keep, f"    return {body.results[0]}"]
    backward = ["@staticmethod", "def backward(ctx, cotangent):", *load, *body.backward, f"    return {', '.join(_results(framed))}"]
    head = [f"class {framed.class_name}(torch.autograd.Function):", *_doc(framed, found), ""]
    module.definitions.append([*head, *_shifted(forward), "", *_shifted(backward)])
    module.definitions.append(_applied(framed))


def _applied(framed: Framed) -> list[str]:
    subject = framed.subject
    names = ", ".join(subject.parameters)
    says = f'    """{subject.name} of tensors, with its gradient: see {framed.class_name}."""'
    data = [
        f"    {name} = torch.as_tensor({name}, dtype=torch.{np.asarray(a).dtype.name})"
        for i, (name, a) in enumerate(zip(subject.parameters, subject.points[0], strict=True))
        if i not in subject.argnums and not np.ndim(a)
    ]
    return [f"def {subject.name}({names}):", says, *data, f"    return {framed.class_name}.apply({names})"]


def _torch_inside(module: Module, framed: Framed, found: Verified | None) -> None:
    subject, inside = framed.subject, framed.inside
    assert inside is not None
    _add_numpy(module, inside)
    module.imports["import torch"] = None
    names = ", ".join(subject.parameters)
    extra = ", cotangent.detach().cpu().numpy()[()]" if subject.vjp else ""
    parts = [
        f"torch.as_tensor(gradient[{subject.argnums.index(i)}]).to(cotangent)" if i in subject.argnums else "None"
        for i in range(len(subject.parameters))
    ]
    packed = f"({inside.name}(*ctx.given{extra}),)" if len(subject.argnums) == 1 else f"{inside.name}(*ctx.given{extra})"
    results = ", ".join(p if subject.vjp or p == "None" else f"cotangent * {p}" for p in parts)
    module.definitions.append([
        f"class {framed.class_name}(torch.autograd.Function):", *_doc(framed, found), "",
        "    @staticmethod", f"    def forward(ctx, {names}):",
        f"        ctx.given = [a.detach().cpu().numpy()[()] if isinstance(a, torch.Tensor) else a for a in ({names},)]",
        f"        return torch.as_tensor({inside.subject.name}(*ctx.given))", "",
        "    @staticmethod", "    def backward(ctx, cotangent):", f"        gradient = {packed}", f"        return {results}",
    ])  # fmt: skip
    module.definitions.append(_applied(framed))


def _add_numpy(module: Module, inside: Written) -> None:
    module.imports["import numpy as np"] = None
    add_forward(module, inside.subject, inside.own)
    add_gradient(module, inside, None)


# jax
def _jax(module: Module, framed: Framed, found: Verified | None) -> None:
    subject, body = framed.subject, framed.general.body
    for line in ("import jax", "import jax.numpy as jnp"):
        module.imports[line] = None
    module.constants |= body.constants
    for needed in body.helpers:
        module.add_helper(needed, DIALECTS[framed.target])
    early, _ = guard_lines(subject, framed.general, subject.name)
    saved, names, name = _saved(subject, body), ", ".join(subject.parameters), subject.name
    kept = f"({', '.join(saved)}{',' if len(saved) == 1 else ''})"
    load = [f"    {', '.join(saved)}{',' if len(saved) == 1 else ''} = saved"] if saved else []
    results = _results(framed)
    module.definitions += [
        ["@jax.custom_vjp", f"def {name}({names}):", *_doc(framed, found), f"    return {name}_forward({names})[0]"],
        [f"def {name}_forward({names}):", '    """The value, and what the backward part reads."""', *early, *body.forward, f"    return {body.results[0]}, {kept}"],
        [f"def {name}_backward(saved, cotangent):", '    """A cotangent for every argument."""', *load, *body.backward,
         f"    return {', '.join(results)}{',' if len(results) == 1 else ''}"],
        [f"{name}.defvjp({name}_forward, {name}_backward)"],
    ]  # fmt: skip


def _jax_inside(module: Module, framed: Framed, found: Verified | None) -> None:
    subject, inside, name = framed.subject, framed.inside, framed.subject.name
    assert inside is not None
    _add_numpy(module, inside)
    for line in ("import jax", "import jax.numpy as jnp"):
        module.imports[line] = None
    names = ", ".join(subject.parameters)
    given = ", ".join(subject.differentiated)
    shape = ast.unparse(literal_shape(subject))
    like = ", ".join(f"jax.ShapeDtypeStruct(jnp.shape({n}), jnp.result_type({n}))" for n in subject.differentiated)
    several = len(subject.argnums) > 1
    extra = ", cotangent" if subject.vjp else ""
    parts = [f"gradient[{subject.argnums.index(i)}]" if i in subject.argnums else "None" for i in range(len(subject.parameters))]
    results = ", ".join(p if subject.vjp or p == "None" else f"cotangent * {p}" for p in parts)
    module.definitions += [
        ["@jax.custom_vjp", f"def {name}({names}):", *_doc(framed, found), f"    return {name}_forward({names})[0]"],
        [f"def {name}_forward({names}):", '    """The value, and what the backward part reads."""',
         f"    value = jax.ShapeDtypeStruct({shape}, jnp.result_type({given}))",
         f"    return jax.pure_callback(_value, value, {names}), ({names},)"],
        [f"def {name}_backward(saved, cotangent):", '    """A cotangent for every argument."""', f"    {names}{'' if ',' in names else ','} = saved",
         f"    like = ({like},)", f"    gradient = jax.pure_callback(_gradient, like, *saved{extra})", f"    return {results}{'' if ',' in results else ','}"],
        ["def _value(*given):", '    """NumPy\'s value."""', f"    return np.asarray({inside.subject.name}(*(np.asarray(a)[()] for a in given)))"],
        ["def _gradient(*given):", '    """NumPy\'s gradient."""', f"    found = {inside.name}(*(np.asarray(a)[()] for a in given))",
         f"    return tuple(np.asarray(g) for g in {'found' if several else '(found,)'})"],
        [f"{name}.defvjp({name}_forward, {name}_backward)"],
    ]  # fmt: skip


def literal_shape(subject: Subject) -> ast.expr:
    """The shape of the function's result at its first point."""
    with np.errstate(all="ignore"):
        value = subject.function(*subject.points[0])
    return ast.Tuple([literal(int(n)) for n in np.shape(value)])


# what a framework gives, as NumPy
def value_of(target: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A framework's function, in and out as NumPy."""

    def value(*arguments: Any) -> Any:
        if target == "torch":
            import torch

            return function(*(torch.as_tensor(np.array(a)) for a in arguments)).numpy()
        import jax

        with jax.enable_x64(new_val=True):
            return np.asarray(function(*map(jax.numpy.asarray, arguments)))

    return value


def claim_of(target: str, subject: Subject, function: Callable[..., Any]) -> Callable[..., Any]:
    """What a framework's reverse mode gives of a function, in and out as NumPy."""
    return {"torch": _torch_claim, "jax": _jax_claim}[target](subject, function)


def _torch_claim(subject: Subject, function: Callable[..., Any]) -> Callable[..., Any]:
    import torch

    def claim(*arguments: Any) -> Any:
        count = len(subject.parameters)
        tensors = [torch.as_tensor(np.array(a)) for a in arguments[:count]]
        leaves = [tensors[i].requires_grad_() for i in subject.argnums]
        value = function(*tensors)
        cotangent = torch.as_tensor(np.array(arguments[count])) if subject.vjp else torch.ones_like(value)
        found = [g.numpy()[()] for g in torch.autograd.grad(value, leaves, cotangent)]
        return found[0] if len(found) == 1 else tuple(found)

    return claim


def _jax_claim(subject: Subject, function: Callable[..., Any]) -> Callable[..., Any]:
    import jax

    def claim(*arguments: Any) -> Any:
        count = len(subject.parameters)
        with jax.enable_x64(new_val=True):
            given = [jax.numpy.asarray(a) for a in arguments[:count]]
            value, pull = jax.vjp(lambda *moving: function(*_placed(given, subject.argnums, moving)), *(given[i] for i in subject.argnums))
            cotangent = jax.numpy.asarray(arguments[count]) if subject.vjp else jax.numpy.ones_like(value)
            found = [np.asarray(g)[()] for g in pull(cotangent)]
        return found[0] if len(found) == 1 else tuple(found)

    return claim


def _require_traceable(subject: Subject, function: Callable[..., Any]) -> None:
    """What is written for JAX works under jax.jit, which knows shapes and no values."""
    import jax

    def both(*given: Any) -> Any:
        value, pull = jax.vjp(lambda *moving: function(*_placed(given, subject.argnums, moving)), *(given[i] for i in subject.argnums))
        return value, pull(jax.numpy.ones_like(value))

    with jax.enable_x64(new_val=True):
        jax.eval_shape(both, *map(jax.numpy.asarray, subject.points[0]))


def _placed(given: Sequence[Any], argnums: Sequence[int], moving: Sequence[Any]) -> list[Any]:
    found = list(given)
    for i, value in zip(argnums, moving, strict=True):
        found[i] = value
    return found


def _test(framed: Framed, found: Verified) -> list[str]:
    """A test of the framework's reverse mode against the numbers that were verified."""
    subject = framed.subject
    rng = np.random.default_rng(7)
    cotangents, pinned = [], []
    for p in found.points:
        with np.errstate(all="ignore"):
            value = np.asarray(subject.function(*p))
        cotangent = rng.standard_normal(value.shape) if subject.vjp else np.float64(1.0)
        cotangents.append((cotangent,))
        pinned.append(tape_at(subject, p, (cotangent,) if subject.vjp else ()))
    lines = [f"def test_{subject.name}():", f'    """The gradient that {framed.target} gives, against the numbers that were verified."""']
    lines += [*point_lines(found.points), *point_lines(pinned, "expected")]
    lines += point_lines(cotangents, "cotangents") if subject.vjp else []
    each = (
        "for point, pinned, (cotangent,) in zip(points, expected, cotangents, strict=True):"
        if subject.vjp
        else "for point, pinned in zip(points, expected, strict=True):"
    )
    moving = repr(subject.argnums)
    allowed = found.from_tape + LIBRARIES_ROUND
    if framed.target == "torch":
        seed = "torch.as_tensor(cotangent)" if subject.vjp else "torch.ones_like(value)"
        body = [
            "        tensors = [torch.as_tensor(np.array(a)) for a in point]",
            f"        moving = [tensors[i].requires_grad_() for i in {moving}]",
            f"        value = {subject.name}(*tensors)",
            f"        found = torch.autograd.grad(value, moving, {seed})",
        ]
    else:
        lines.append('    jax.config.update("jax_enable_x64", True)  # the numbers are of double precision')
        seed = "jnp.asarray(cotangent)" if subject.vjp else "jnp.ones_like(value)"
        body = [
            "        given = [jnp.asarray(a) for a in point]",
            f"        value, pull = jax.vjp({subject.name}, *given)",
            f"        found = [pull({seed})[i] for i in {moving}]",
        ]
    return [
        *lines, f"    {each}", *body, "        for one, other in zip(found, pinned, strict=True):",
        f"            # found within {found.from_tape} ulp of the largest entry; other versions may round otherwise",
        "            unit = np.spacing(np.max(np.abs(other)))",
        f"            assert np.all(np.abs(np.asarray(one) - other) <= {allowed} * unit)",
    ]  # fmt: skip
