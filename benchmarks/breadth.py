"""Which NumPy and SciPy functions that HIPS autograd or JAX differentiate gradcheck follows, read from what is installed.

No list of ours says what is tried: the names are those that NumPy, SciPy and a peer share. Arguments are found by trying generic ones on NumPy's
own function; `AWKWARD` holds arguments for functions that take none of them, and further ways of calling. Each gradient is held against
differences of NumPy's function and against the peers'.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import multiprocessing
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy import integrate, linalg, special, stats

from gradcheck import trace
from gradcheck.errors import GradcheckError
from gradcheck.verdicts.proof import prove

EFFECTS = ("_", "set", "save", "load", "print", "show", "info", "test", "fromfile", "tofile", "get")  # these write, or change NumPy
FORMS, AGREE = 5, 2e-6  # ways of calling tried per function, relative agreement with differences
KEEP = 40  # functions whose compiled programs a peer keeps
SECONDS, PATIENCE = 30, 150  # for one way of calling, and for all of one function

V, W = np.array([0.31, 0.72, 0.15, 0.58]), np.array([0.44, 0.23, 0.81, 0.37])
LARGE, U = np.array([1.7, 3.2, 2.4, 1.3]), np.array([0.27, 0.63, 0.49, 0.12])
M = np.array([[2.1, 0.3, 0.5], [0.4, 1.8, 0.2], [0.6, 0.1, 2.5]])
N = np.array([[0.7, 0.2, 0.9], [0.1, 0.5, 0.4], [0.3, 0.8, 0.6]])
SPD, V3, W3 = M @ M.T, np.array([0.3, 1.1, 0.7]), np.array([0.9, 0.2, 0.5])
X, CUBE = np.float64(0.37), np.arange(24.0).reshape(2, 3, 4) * 0.1 % 0.7 + 0.05
MASK = np.array([True, False, True, True])
PROBABILITIES = np.array([0.4, 0.1, 0.3, 0.2])

Call = Callable[..., Any]
GENERIC: tuple[tuple[str, Call, tuple[Any, ...]], ...] = (
    ("f(v)", lambda f, m, a: f(a), (V,)),
    ("f(v > 1)", lambda f, m, a: f(a), (LARGE,)),
    ("f(M)", lambda f, m, a: f(a), (M,)),
    ("f(S)", lambda f, m, a: f(a), (SPD,)),
    ("f(v, w)", lambda f, m, a, b: f(a, b), (V, W)),
    ("f(v > 1, w)", lambda f, m, a, b: f(a, b), (LARGE, W)),
    ("f(M, N)", lambda f, m, a, b: f(a, b), (M, N)),
    ("f(M, v)", lambda f, m, a, b: f(a, b), (M, V3)),
    ("f(2, v)", lambda f, m, a: f(2, a), (LARGE,)),
    ("f(v, 2)", lambda f, m, a: f(a, 2), (V,)),
    ("f(v, w, u)", lambda f, m, a, b, c: f(a, b, c), (V, W, U)),
    ("f(v > 1, w, u)", lambda f, m, a, b, c: f(a, b, c), (LARGE, W, U)),
    ("f([v, w])", lambda f, m, a, b: f([a, b]), (V, W)),
    ("f([M, N])", lambda f, m, a, b: f([a, b]), (M, N)),
    ("f(x)", lambda f, m, a: f(a), (X,)),
    ("f(T)", lambda f, m, a: f(a), (CUBE,)),
    ("f(c, v, w)", lambda f, m, a, b: f(MASK, a, b), (V, W)),
    ("f(c, v)", lambda f, m, a: f(MASK, a), (V,)),
    ("f(v, (2, 2))", lambda f, m, a: f(a, (2, 2)), (V,)),
    ("f(v, (3, 4))", lambda f, m, a: f(a, (3, 4)), (V,)),
    ("f(M, 0, 1)", lambda f, m, a: f(a, 0, 1), (M,)),
    ("f(v, 1, w)", lambda f, m, a, b: f(a, 1, b), (V, W)),
    ("f(v, [2, 0])", lambda f, m, a: f(a, m.array([2, 0])), (V,)),
    ("f(2, x, y)", lambda f, m, a, b: f(2, a, b), (np.float64(2.7), X)),
)
AWKWARD: dict[str, list[tuple[str, Call, tuple[Any, ...]]]] = {
    "numpy.einsum": [
        ("ij,jk->ik", lambda f, m, a, b: f("ij,jk->ik", a, b), (M, N)), ("ii", lambda f, m, a: f("ii", a), (M,)),
        ("ii->i", lambda f, m, a: f("ii->i", a), (M,)), ("ij,jk", lambda f, m, a, b: f("ij,jk", a, b), (M, N)),
        ("...ij,...j", lambda f, m, a, b: f("...ij,...j", a, b), (CUBE, V)), ("...->", lambda f, m, a: f("...->", a), (CUBE,)),
        ("ij,j,ik->k", lambda f, m, a, b, c: f("ij,j,ik->k", a, b, c), (M, V3, N)),
        ("optimize", lambda f, m, a, b, c: f("ij,jk,kl->il", a, b, c, optimize=True), (M, N, SPD)),
        ("lists of axes", lambda f, m, a, b: f(a, [0, 1], b, [1, 2], [0, 2]), (M, N)),
        ("lists, implicit", lambda f, m, a, b: f(a, [0, 1], b, [1]), (M, V3)), ("lists, dots", lambda f, m, a: f(a, [Ellipsis, 0]), (CUBE,)),
        ("iij->ij", lambda f, m, a: f("iij->ij", a), (np.arange(12.0).reshape(2, 2, 3),)),
        ("size 1 stretched", lambda f, m, a, b: f("ij,ij->ij", a, b), (M, V3[:, None])),
    ],
    "numpy.tensordot": [("axes=1", lambda f, m, a, b: f(a, b, axes=1), (M, N)), ("axes=((0,), (1,))", lambda f, m, a, b: f(a, b, axes=((0,), (1,))), (M, N))],
    "numpy.interp": [("f(x, knots, heights)", lambda f, m, a, b: f(a, m.array([0.0, 0.4, 1.0]), b), (V, V3))],
    "numpy.select": [("two conditions", lambda f, m, a, b: f([a > 0.5, a > 0.2], [a * a, b], 0.5), (V, W))],
    "numpy.piecewise": [("two pieces", lambda f, m, a: f(a, [a < 0.5, a >= 0.5], [lambda t: t * t, lambda t: 3 * t]), (V,))],
    "numpy.choose": [("f(indices, [v, w])", lambda f, m, a, b: f(m.array([0, 1, 1, 0]), [a, b]), (V, W))],
    "numpy.take_along_axis": [("along 1", lambda f, m, a: f(a, m.array([[2], [0], [1]]), 1), (M,))],
    "numpy.apply_along_axis": [("sum of squares", lambda f, m, a: f(lambda r: m.sum(r * r), 1, a), (M,))],
    "numpy.apply_over_axes": [("sums", lambda f, m, a: f(m.sum, a, [0, 2]), (CUBE,))],
    "numpy.average": [("weights", lambda f, m, a, b: f(a, weights=b), (V, W)), ("returned", lambda f, m, a, b: f(a, weights=b, returned=True)[0], (V, W))],
    "numpy.quantile": [
        *[(how, lambda f, m, a, how=how: f(a, 0.3, method=how), (V,)) for how in ("lower", "higher", "nearest", "midpoint")],
        ("several", lambda f, m, a: f(a, m.array([0.2, 0.7]), axis=1), (M,)),
    ],
    "numpy.percentile": [("30 %", lambda f, m, a: f(a, 30), (V,)), ("several", lambda f, m, a: f(a, m.array([20, 70]), axis=0), (M,))],
    "numpy.nanquantile": [("0.3", lambda f, m, a: f(a, 0.3), (V,))],
    "numpy.nanpercentile": [("30", lambda f, m, a: f(a, 30), (V,))],
    "numpy.pad": [("zeros", lambda f, m, a: f(a, 1), (M,)), ("edge", lambda f, m, a: f(a, 2, mode="edge"), (V,))],
    "numpy.insert": [("f(v, 1, w)", lambda f, m, a: f(a, 1, 0.5), (V,))],
    "numpy.block": [("2 x 2", lambda f, m, a, b: f([[a, b], [b, a]]), (M, N))],
    "numpy.trapezoid": [("over x", lambda f, m, a, b: f(a, b), (V, np.sort(W)))],
    "numpy.unwrap": [("jumps", lambda f, m, a: f(a), (np.array([0.1, 6.0, 12.1, 5.0]),))],
    "numpy.gradient": [("h", lambda f, m, a: f(a, 0.5), (V,)), ("both axes", lambda f, m, a: f(a), (M,))],
    "numpy.clip": [("scalars", lambda f, m, a: f(a, 0.2, 0.6), (V,)), ("arrays", lambda f, m, a, b, c: f(a, b, c), (V, W - 0.3, W + 0.05))],
    "numpy.compress": [("f(c, v)", lambda f, m, a: f(MASK, a), (V,))],
    "numpy.array_split": [("3", lambda f, m, a: f(a, 3), (V,))],
    "numpy.ldexp": [("n", lambda f, m, a: f(a, 3), (V,)), ("several n", lambda f, m, a: f(a, m.array([1, 2, 0, -1])), (V,))],
    "numpy.rollaxis": [("2", lambda f, m, a: f(a, 2), (CUBE,))], "numpy.moveaxis": [("0 to 2", lambda f, m, a: f(a, 0, 2), (CUBE,))],
    "numpy.cross": [("3", lambda f, m, a, b: f(a, b), (V3, W3)), ("rows", lambda f, m, a, b: f(a, b), (M, N)), ("axis 0", lambda f, m, a, b: f(a, b, axis=0), (M, N))],
    **{f"numpy.linalg.{n}": [("symmetric", lambda f, m, a: f(a + a.T), (M,))] for n in ("cholesky", "eigh", "eigvalsh")},
    "numpy.dsplit": [("2", lambda f, m, a: f(a, 2), (CUBE,))], "numpy.vsplit": [("3", lambda f, m, a: f(a, 3), (M,))],
    "numpy.expand_dims": [("axis 1", lambda f, m, a: f(a, 1), (V,))], "numpy.astype": [("float64", lambda f, m, a: f(a, m.float64), (V,))],
    "numpy.linalg.cross": [("3", lambda f, m, a, b: f(a, b), (V3, W3))],
    "numpy.linalg.tensorsolve": [("f(T, b)", lambda f, m, a, b: f(a, b), (np.eye(6).reshape(2, 3, 6) + 0.1, np.ones((2, 3)) * 0.4))],
    "numpy.linalg.tensorinv": [("ind=1", lambda f, m, a: f(a, ind=1), (np.eye(6).reshape(6, 2, 3) + 0.1,))],
    "numpy.linalg.norm": [("ord 3", lambda f, m, a: f(a, 3), (V,)), ("rows", lambda f, m, a: f(a, axis=1), (M,))],
    "scipy.special.logsumexp": [
        ("axis", lambda f, m, a: f(a, axis=1), (M,)), ("b", lambda f, m, a, b: f(a, b=b), (V, W)),
        ("return_sign", lambda f, m, a, b: f(a, b=b - 0.4, return_sign=True)[0], (V, W)),
    ],
    "scipy.special.softmax": [("axis", lambda f, m, a: f(a, axis=0), (M,))], "scipy.special.log_softmax": [("axis", lambda f, m, a: f(a, axis=0), (M,))],
    "scipy.special.betainc": [("x", lambda f, m, a: f(2.5, 1.5, a), (V,))], "scipy.special.gammainc": [("x", lambda f, m, a: f(2.5, a), (V,))],
    "scipy.special.gammaincc": [("x", lambda f, m, a: f(2.5, a), (V,))], "scipy.special.zeta": [("q", lambda f, m, a: f(3.0, a), (LARGE,))],
    "scipy.special.multigammaln": [("d = 2", lambda f, m, a: f(a, 2), (LARGE,))],
    "scipy.special.polygamma": [("n = 1", lambda f, m, a: f(1, a), (LARGE,))], "scipy.special.hyp1f1": [("x", lambda f, m, a: f(0.5, 1.5, a), (V,))],
    "scipy.special.hyp2f1": [("x", lambda f, m, a: f(0.5, 1.5, 2.5, a), (V,))],
    "scipy.special.rel_entr": [("p, q", lambda f, m, a, b: f(a, b), (PROBABILITIES, W))],
    "ndarray.astype": [("float64", lambda f, m, a: f(a, "float64"), (V,))], "ndarray.reshape": [("2 x 2", lambda f, m, a: f(a, (2, 2)), (V,))],
}  # fmt: skip


@dataclass(frozen=True)
class Namespace:
    """A namespace of NumPy or SciPy beside the peers' of the same name."""

    name: str
    module: Any
    autograd: str | None
    jax: str | None
    counted: bool = True


NAMESPACES = (
    Namespace("numpy", np, "autograd.numpy", "jax.numpy"),
    Namespace("ndarray", np.ndarray, "autograd.numpy.numpy_boxes", None),
    Namespace("numpy.linalg", np.linalg, "autograd.numpy.linalg", "jax.numpy.linalg"),
    Namespace("numpy.fft", np.fft, "autograd.numpy.fft", "jax.numpy.fft"),
    Namespace("scipy.special", special, "autograd.scipy.special", "jax.scipy.special"),
    Namespace("scipy.linalg", linalg, "autograd.scipy.linalg", "jax.scipy.linalg", counted=False),
    Namespace("scipy.integrate", integrate, "autograd.scipy.integrate", "jax.scipy.integrate", counted=False),
    Namespace("scipy.stats", stats, "autograd.scipy.stats", "jax.scipy.stats", counted=False),
)


@dataclass
class Form:
    """One way of calling, differentiated in one argument."""

    call: str
    argument: int
    peer: str
    status: str
    says: str = ""
    records: list[str] = field(default_factory=list)


@dataclass
class Entry:
    """A callable that a peer differentiates, and what became of every way of calling it."""

    namespace: str
    name: str
    counted: bool
    forms: list[Form] = field(default_factory=list)
    note: str = ""

    @property
    def status(self) -> str:
        """The worst over the ways of calling."""
        found = {f.status for f in self.forms}
        if not found:
            return "not tried"
        if found == {"supported"}:
            return "supported"
        return "WRONG" if "WRONG" in found else "partly" if "supported" in found else next(s for s in STATUSES if s in found)


STATUSES = ("WRONG", "crash", "missing", "clear error", "partly", "supported", "not tried")


# peers
@dataclass(frozen=True)
class Peer:
    """A framework: how it differentiates, and its module that stands for NumPy's."""

    name: str
    gradient: Callable[[Call, int, Sequence[Any]], Any]
    numpy: Any
    forget: Callable[[], Any] = lambda: None  # compiled programs of thousands of functions fill the memory


def peers() -> list[Peer]:
    """The peers that are installed; complains of the others."""
    found = []
    for make in (_autograd, _jax):
        try:
            found.append(make())
        except ImportError as error:
            print(f"MISSING PEER: {error}. What it differentiates is NOT covered below: pip install autograd jax", file=sys.stderr)
    return found


def _autograd() -> Peer:
    import autograd
    import autograd.numpy as anp

    for name in ("autograd.numpy.linalg", "autograd.numpy.fft", "autograd.scipy.special", "autograd.numpy.numpy_boxes"):
        importlib.import_module(name)
    return Peer("autograd", lambda f, i, args: autograd.grad(f, i)(*args), anp)


def _jax() -> Peer:
    import jax

    jax.config.update("jax_enable_x64", True)  # noqa: FBT003  its own way of setting
    import jax.numpy as jnp

    return Peer("jax", lambda f, i, args: jax.grad(f, i)(*map(jnp.asarray, args)), jnp, jax.clear_caches)


def in_autograds_tables() -> set[tuple[str, str]]:
    """Names autograd has a rule for, from its own tables."""
    try:
        from autograd.core import primitive_jvps, primitive_vjps
    except ImportError:
        return set()
    rules = set(primitive_vjps) | set(primitive_jvps)
    found = set()
    for space in NAMESPACES:
        module = _module(space.autograd)
        if module is not None:
            found |= {(space.name, n) for n in dir(module) if any(getattr(module, n, None) is r for r in rules)}
    return found


def _module(name: str | None) -> Any:
    try:
        return importlib.import_module(name) if name else None
    except ImportError:
        return None


def candidates() -> Iterator[tuple[Namespace, str, dict[str, Any]]]:
    """Callables that NumPy or SciPy and a peer share, each with the peers' versions."""
    for space in NAMESPACES:
        homes = {peer: _module(name) for peer, name in (("autograd", space.autograd), ("jax", space.jax))}
        if space.name == "ndarray":
            box = getattr(homes["autograd"], "ArrayBox", None)
            homes = {"autograd": box, "jax": _jax_array()}
        for name in sorted(n for n in dir(space.module) if not n.startswith(EFFECTS)):
            raw = getattr(space.module, name)
            if not callable(raw) or (isinstance(raw, type) and space.name != "ndarray"):
                continue
            theirs = {p: getattr(h, name) for p, h in homes.items() if h is not None and callable(getattr(h, name, None))}
            if theirs:
                yield space, name, theirs


def _jax_array() -> Any:
    try:
        import jax
    except ImportError:
        return None
    return jax.Array


# one way of calling
def weighed(m: Any, value: Any) -> Any:
    """A scalar in which every float of a result has a weight of its own."""
    if isinstance(value, (tuple, list)) or hasattr(value, "_fields"):
        return sum((weighed(m, v) * (1.0 + 0.3 * i) for i, v in enumerate(value) if _is_float(v)), 0.0)
    weights = np.cos(0.7 * np.arange(np.size(_plain(value)))).reshape(np.shape(_plain(value))) + 0.2
    if np.dtype(value.dtype).kind == "c":
        return m.sum(m.real(value) * weights) + m.sum(m.imag(value) * weights[..., ::-1] if weights.ndim else m.imag(value))
    return m.sum(value * weights)


def _plain(value: Any) -> Any:
    while hasattr(value, "_value"):  # autograd's boxes
        value = value._value
    return getattr(value, "value", value) if not isinstance(value, np.ndarray | np.generic) and not hasattr(value, "aval") else value


def _is_float(value: Any) -> bool:
    return isinstance(value, (tuple, list)) or (getattr(getattr(value, "dtype", None), "kind", "") in "fc" and bool(np.size(_plain(value))))


def _callee(space: Namespace, name: str, function: Any) -> Any:
    return (lambda x, *rest: getattr(x, name)(*rest)) if space.name == "ndarray" else function


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """No function may hold up the others."""

    def late(*_: Any) -> None:
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def differences(function: Call, args: Sequence[Any], position: int) -> Any:
    """Central differences of NumPy's function, twice extrapolated; None where they do not settle."""
    x = np.asarray(args[position], dtype=float)
    slopes = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        found = []
        for h in (4e-3, 2e-3, 1e-3, 5e-4):
            ends = []
            for s in (h, -h):
                moved = x.copy()
                moved[index] += s
                ends.append(float(function(*args[:position], moved[()], *args[position + 1 :])))
            found.append((ends[0] - ends[1]) / (2 * h))
        first = [(4 * b - a) / 3 for a, b in pairwise(found)]
        second = [(16 * b - a) / 15 for a, b in pairwise(first)]
        slopes[index] = second[-1]
        if not abs(second[-1] - second[0]) <= 1e-5 * (1 + abs(second[-1])):
            return None
    return slopes


def attempt(f: Call, *args: Any) -> Any:
    """The result, or the exception: a peer's and NumPy's errors are answers here."""
    try:
        with limited(SECONDS), warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            return f(*args)
    except Exception as error:  # noqa: BLE001  whatever a function raises says that it cannot be called so
        return error


def close(a: Any, b: Any) -> bool:
    """Equal but for the error of differences."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= AGREE * (1 + np.abs(a) + np.abs(b))))


STRICT = ("numpy.interp", "numpy.searchsorted")  # generic arguments are taken, and mean nothing: tables must be sorted
INSTEAD = {
    "f(v > 1)": "f(v)",
    "f(S)": "f(M)",
    "f(v > 1, w)": "f(v, w)",
    "f(v > 1, w, u)": "f(v, w, u)",
}  # only where the plainer way is refused


def accepted(space: Namespace, name: str, raw: Any) -> Iterator[tuple[str, Call, tuple[Any, ...]]]:
    """Ways of calling that NumPy's function takes, with a float result that depends on the arguments."""
    taken: list[str] = []
    for text, call, args in (*AWKWARD.get(f"{space.name}.{name}", ()), *GENERIC):
        given = text in {t for t, _, _ in AWKWARD.get(f"{space.name}.{name}", ())}
        if f"{space.name}.{name}" in STRICT and not given:
            return
        if len(taken) >= FORMS and not given:
            return
        if INSTEAD.get(text) in taken:
            continue
        value = attempt(lambda *a, call=call: float(_function(np, _callee(space, name, raw), call)(*a)), *args)
        if isinstance(value, float) and np.isfinite(value):
            taken.append(text)
            yield text, call, args


def examine(space: Namespace, name: str, theirs: dict[str, Any], installed: list[Peer]) -> tuple[Entry, list[Form]]:
    """All ways of calling one function; the second result are those where it is flat."""
    raw = getattr(space.module, name)
    entry, flat = Entry(space.name, name, space.counted), []
    for text, call, args in accepted(space, name, raw):
        own = _function(np, _callee(space, name, raw), call)
        for position in range(len(args)):
            truth = attempt(differences, own, args, position)
            if not isinstance(truth, np.ndarray):
                continue
            if not np.any(truth):
                flat.append(_ours(text, position, own, args, truth, ""))
                continue
            able = next(
                (
                    p.name
                    for p in installed
                    if p.name in theirs and _differentiates(p, space, name, theirs[p.name], call, args, position, truth)
                ),
                None,
            )
            if able:
                entry.forms.append(_ours(text, position, own, args, truth, able))
    return entry, flat


def _function(m: Any, callee: Any, call: Call) -> Call:
    """A scalar function of fresh copies: some of NumPy's functions write into what they are given."""
    return lambda *a: weighed(m, call(callee, m, *(x.copy() if isinstance(x, np.ndarray) else x for x in a)))


def _differentiates(peer: Peer, space: Namespace, name: str, theirs: Any, call: Call, args: Any, position: int, truth: Any) -> bool:
    found = attempt(peer.gradient, _function(peer.numpy, _callee(space, name, theirs), call), position, args)
    return not isinstance(found, Exception) and close(found, truth)


def _ours(text: str, position: int, own: Call, args: Sequence[Any], truth: Any, able: str) -> Form:
    circuit = attempt(lambda: trace(own, *args, argnums=(position,)))
    if isinstance(circuit, GradcheckError):
        says = str(circuit).partition(" [")[0].rpartition(".py:")[2]
        return Form(text, position, able, "missing" if "no derivative rule" in says else "clear error", says)
    if isinstance(circuit, Exception):
        return Form(text, position, able, "crash", f"{type(circuit).__name__}: {circuit}")
    from gradcheck.circuit import Floats, interpret

    found = attempt(lambda: interpret(circuit.gradient(value=False), Floats(), (args[position],))[0])
    if isinstance(found, Exception):
        return Form(text, position, able, "crash", f"{type(found).__name__}: {found}")
    records = sorted({e.primitive.name for e in circuit.equations})
    if not np.all(np.isfinite(np.asarray(found, dtype=float))):
        return Form(text, position, able, "clear error", "the gradient is no number, which is reported", records)
    if not close(found, truth):
        return Form(text, position, able, "WRONG", f"{np.ravel(found)[:4]} instead of {np.ravel(truth)[:4]}", records)
    return Form(text, position, able, "supported", "", records)


@cache
def proof_status(name: str) -> str:
    """How far a record's rule is proved."""
    from gradcheck.primitives import BY_NAME

    return prove(BY_NAME[name]).status


def proofs_of(entry: Entry) -> str:
    """The statuses of the rules an entry's circuits lead to, decisions aside."""
    names = {r for f in entry.forms for r in f.records}
    found = Counter(s for s in map(proof_status, sorted(names)) if s != "decision")
    return ", ".join(f"{n} {s}" for s, n in found.items())


def survey(only: str = "", beside: bool = False) -> tuple[list[Entry], list[tuple[str, Form]]]:
    """Every candidate that a peer differentiates; beside it those that are flat. A process that hangs in a peer's code is replaced."""
    names = [f"{space.name}.{name}" for space, name, _ in candidates() if only in f"{space.name}.{name}" and (beside or space.counted)]
    entries: list[Entry] = []
    flat: list[tuple[str, Form]] = []
    late: set[str] = set()
    context = multiprocessing.get_context("spawn")
    while names:
        ours, theirs = context.Pipe()
        worker = context.Process(target=_work, args=(theirs, names), daemon=True)
        worker.start()
        theirs.close()
        while names:
            name = names.pop(0)
            try:
                found = ours.recv() if ours.poll(PATIENCE) else None
            except EOFError:
                found = None
            if found is None:
                if name in late:
                    entries.append(Entry(*name.rsplit(".", 1), counted=True, note=f"not finished in {PATIENCE} s: not judged"))
                else:  # once more, in a process that has done nothing else
                    late.add(name)
                    names.insert(0, name)
                break
            entry, steps = found
            flat += [(name, s) for s in steps]
            if entry.forms or entry.note:
                entries.append(entry)
            print(f"{entry.status:12} {name}", file=sys.stderr)
        worker.kill()
        worker.join()
    return entries, flat


def _work(answers: Any, names: list[str]) -> None:
    """Examine the named callables one after the other."""
    with contextlib.redirect_stderr(io.StringIO()):
        installed = peers()
    tables, wanted, done = in_autograds_tables(), set(names), 0
    for space, name, theirs in candidates():
        if f"{space.name}.{name}" not in wanted:
            continue
        entry, steps = examine(space, name, theirs, installed)
        if not entry.forms and not steps and (space.name, name) in tables:
            entry.note = "autograd has a rule, but no generic arguments were accepted: add some to AWKWARD"
        done += 1
        if done % KEEP == 0:
            for peer in installed:
                peer.forget()
        answers.send((entry, steps))


def report(entries: list[Entry], flat: list[tuple[str, Form]]) -> dict[str, Any]:
    """The table, and the figures below it."""
    for entry in entries:
        print(f"{entry.namespace + '.' + entry.name:36} {entry.status:12} {len(entry.forms):2} ways  {proofs_of(entry)}{entry.note}")
        for f in entry.forms:
            if f.status != "supported":
                print(f"    {f.call}, argument {f.argument} ({f.peer}): {f.status}: {f.says[:150]}")
    steep = [(n, f) for n, f in flat if f.status == "WRONG"]
    print("\nflat functions with a gradient that is not 0:", ", ".join(f"{n} {f.call}" for n, f in steep) or "none")
    summary: dict[str, Any] = {}
    for title, chosen in (("counted", [e for e in entries if e.counted]), ("beside", [e for e in entries if not e.counted])):
        by = Counter(e.status for e in chosen)
        ways = Counter(f.status for e in chosen for f in e.forms)
        some = by["supported"] + by["partly"]
        summary[title] = {
            "callables": len(chosen), "all ways supported": by["supported"], "some ways supported": some, "statuses": dict(by), "ways": dict(ways),
            "percent supported": round(100 * by["supported"] / max(len(chosen), 1), 1), "percent of ways": round(100 * ways["supported"] / max(sum(ways.values()), 1), 1),
            "silently wrong": by["WRONG"],
        }  # fmt: skip
    summary["flat and wrong"] = len(steep)
    main = summary["counted"]
    print(
        f"\n{main['percent supported']} % of {main['callables']} callables supported in all ways tried"
        f" ({100 * main['some ways supported'] / max(main['callables'], 1):.1f} % in some), {main['percent of ways']} % of {sum(main['ways'].values())} ways,"
        f" {main['silently wrong'] + len(steep)} silently wrong; beside them (scipy.linalg, integrate, stats): {summary['beside']['statuses']}"
    )
    return summary


def main() -> None:
    """Survey, print, and write JSON where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="PATH", help="write entries and figures as JSON")
    parser.add_argument("--only", default="", help="only names that contain this")
    parser.add_argument("--beside", action="store_true", help="also scipy.linalg, scipy.integrate and scipy.stats, which are not counted")
    options = parser.parse_args()
    entries, flat = survey(options.only, options.beside)
    summary = report(entries, flat)
    if options.json:
        listed = [asdict(e) | {"status": e.status, "proofs": proofs_of(e)} for e in entries]
        options.json.write_text(
            json.dumps({"summary": summary, "entries": listed, "flat": [{"name": n} | asdict(f) for n, f in flat]}, indent=1)
        )
    if not {p.name for p in peers()} >= {"autograd", "jax"}:
        raise SystemExit("coverage is incomplete: a peer is not installed (see above)")


if __name__ == "__main__":
    main()
