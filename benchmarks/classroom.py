"""A generated class with known mistakes: an assignment of five questions, and for every student a program whose marks are known beforehand."""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass
from pathlib import Path

CASES = '''import numpy as np

from gradcheck import Data, Real, case

rng = np.random.default_rng(1)
X = rng.normal(size=(8, 4))
Y = np.eye(3)[rng.integers(0, 3, 8)]
t = (rng.random(8) > 0.5).astype(float)


@case(x=Real(3))
def sine(x):
    """sum of sin((x + 1)**2)"""
    z = x + 1
    h = z**2
    return np.sum(np.sin(h))


@case(w=Real(4), b=Real(), X=Data(X), t=Data(t))
def logistic(w, b, X, t):
    """mean logistic loss"""
    z = X @ w + b
    return np.mean(np.logaddexp(0, z) - t * z)


@case(W=Real((4, 3)), b=Real(3), X=Data(X), Y=Data(Y))
def softmax_loss(W, b, X, Y):
    """mean cross entropy of a softmax"""
    z = X @ W + b
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.sum(Y * np.log(p)) / 8


@case(V=Real((4, 5)), W=Real((5, 3)), X=Data(X), Y=Data(Y))
def network(V, W, X, Y):
    """squared error of a network with one hidden layer"""
    a = X @ V
    h = np.tanh(a)
    o = h @ W
    d = o - Y
    return np.sum(d**2) / 2


@case(x=Real(6))
def normalise(x):
    """x divided by its length"""
    return x / np.sqrt(np.sum(x**2))
'''

ASSIGNMENT = """schema_version = 1
name = "classroom"
title = "Five gradients by hand"
cases = "cases.py"
solution = "solution.py"
seed = 7

[limits]
cpu_seconds = 2
wall_seconds = 5
memory_mb = 512

[[questions]]
name = "sine"
points = 2

[[questions]]
name = "logistic"
points = 3
credit.arguments = { w = 2, b = 1 }

[[questions]]
name = "softmax_loss"
asks = "intermediates"
names = ["z"]
points = 4
credit.arguments = { W = 2, b = 1 }
credit.hops = { z = 1 }

[[questions]]
name = "network"
asks = "backward"
names = ["o", "h", "a"]
points = 6
credit.arguments = { V = 2, W = 1 }
credit.hops = { o = 1, h = 1, a = 1 }

[[questions]]
name = "normalise"
asks = "vjp"
points = 5
"""


@dataclass(frozen=True, slots=True)
class Version:
    """A way to answer a question, the points it earns, and what is seen: a result, or an outcome."""

    name: str
    body: str
    earned: float
    seen: str = "wrong value"
    slow: bool = False


def version(name: str, body: str, earned: float, seen: str = "wrong value", **more: bool) -> Version:
    """A version; the body's lines are given apart by ';'."""
    return Version(name, "".join(f"    {line.strip()}\n" for line in body.split(";")), earned, seen, **more)


QUESTIONS: dict[str, tuple[str, tuple[Version, ...]]] = {
    "sine": ("x", (
        version("right", "z = x + 1; return np.cos(z**2) * 2 * z", 2, "right"),
        version("inner derivative forgotten", "return np.cos((x + 1) ** 2)", 0),
        version("sign", "z = x + 1; return -np.cos(z**2) * 2 * z", 0),
        version("sine for cosine", "z = x + 1; return np.sin(z**2) * 2 * z", 0),
        version("shape", "z = x + 1; return (np.cos(z**2) * 2 * z)[:, None]", 0, "wrong shape"),
        version("no return", "z = x + 1; g = np.cos(z**2) * 2 * z", 0),
        version("loop", "while True: pass", 0, "time-out", slow=True),
        version("raises", "raise NotImplementedError('later')", 0, "exception"),
        version("exits", "import os; os._exit(0)", 0, "crash"),
        version("nan", "return np.full(3, np.nan)", 0, "non-finite"),
    )),
    "logistic": ("w, b, X, t", (
        version("right", "s = 1 / (1 + np.exp(-(X @ w + b))); r = (s - t) / len(t); return X.T @ r, r.sum()", 3, "right"),
        version("no mean", "s = 1 / (1 + np.exp(-(X @ w + b))); r = s - t; return X.T @ r, r.sum()", 0),
        version("b not summed", "s = 1 / (1 + np.exp(-(X @ w + b))); r = (s - t) / len(t); return X.T @ r, r", 2, "wrong shape"),
        version("b as a mean", "s = 1 / (1 + np.exp(-(X @ w + b))); r = (s - t) / len(t); return X.T @ r, r.mean()", 2),
        version("before the link", "r = (X @ w + b - t) / len(t); return X.T @ r, r.sum()", 0),
        version("one part", "s = 1 / (1 + np.exp(-(X @ w + b))); return X.T @ (s - t) / len(t)", 0),
    )),
    "softmax_loss": ("W, b, X, Y", (
        version("right", "z = X @ W + b; e = np.exp(z - z.max(1, keepdims=True)); p = e / e.sum(1, keepdims=True); dz = (p - Y) / 8; "
                "return {'W': X.T @ dz, 'b': dz.sum(0), 'dz': dz}", 4, "right"),
        version("minus one forgotten", "z = X @ W + b; e = np.exp(z - z.max(1, keepdims=True)); p = e / e.sum(1, keepdims=True); dz = p / 8; "
                "return {'W': X.T @ dz, 'b': dz.sum(0), 'dz': dz}", 0),
        version("b summed along the wrong axis", "z = X @ W + b; e = np.exp(z - z.max(1, keepdims=True)); p = e / e.sum(1, keepdims=True); dz = (p - Y) / 8; "
                "return {'W': X.T @ dz, 'b': np.full(3, dz.sum()), 'dz': dz}", 3),
        version("dz missing", "z = X @ W + b; e = np.exp(z - z.max(1, keepdims=True)); p = e / e.sum(1, keepdims=True); dz = (p - Y) / 8; "
                "return {'W': X.T @ dz, 'b': dz.sum(0)}", 3),
        version("dz not divided", "z = X @ W + b; e = np.exp(z - z.max(1, keepdims=True)); p = e / e.sum(1, keepdims=True); dz = p - Y; "
                "return {'W': X.T @ dz / 8, 'b': dz.sum(0) / 8, 'dz': dz}", 3),
        version("no dict", "return X.T @ X", 0),
    )),
    "network": ("V, W, X, Y", (
        version("right", "a = X @ V; h = np.tanh(a); o = h @ W; do = o - Y; dh = do @ W.T; da = dh * (1 - h**2); "
                "return {'value': np.sum(do**2) / 2, 'V': X.T @ da, 'W': h.T @ do, 'do': do, 'dh': dh, 'da': da}", 6, "right"),
        version("square forgotten", "a = X @ V; h = np.tanh(a); o = h @ W; do = o - Y; dh = do @ W.T; da = dh * (1 - h); "
                "return {'value': np.sum(do**2) / 2, 'V': X.T @ da, 'W': h.T @ do, 'do': do, 'dh': dh, 'da': da}", 3),
        version("W not transposed back", "a = X @ V; h = np.tanh(a); o = h @ W; do = o - Y; dh = do @ W.T * 2; da = dh * (1 - h**2); "
                "return {'value': np.sum(do**2) / 2, 'V': X.T @ da, 'W': h.T @ do, 'do': do, 'dh': dh, 'da': da}", 2),
        version("all twice", "a = X @ V; h = np.tanh(a); o = h @ W; do = 2 * (o - Y); dh = do @ W.T; da = dh * (1 - h**2); "
                "return {'value': np.sum(do**2) / 8, 'V': X.T @ da, 'W': h.T @ do, 'do': do, 'dh': dh, 'da': da}", 0),
        version("pre-activation used", "a = X @ V; h = np.tanh(a); o = h @ W; do = o - Y; dh = do @ W.T; da = dh * (1 - h**2); "
                "return {'value': np.sum(do**2) / 2, 'V': X.T @ da, 'W': a.T @ do, 'do': do, 'dh': dh, 'da': da}", 5),
    )),
    "normalise": ("x, g", (
        version("right", "n = np.sqrt(np.sum(x**2)); y = x / n; return (g - y * (y @ g)) / n", 5, "right"),
        version("projection forgotten", "n = np.sqrt(np.sum(x**2)); return g / n", 0),
        version("cotangent forgotten", "n = np.sqrt(np.sum(x**2)); y = x / n; o = np.ones(6); return (o - y * (y @ o)) / n", 0),
        version("not divided", "n = np.sqrt(np.sum(x**2)); y = x / n; return g - y * (y @ g)", 0),
    )),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pupil:
    """A student, the program handed in, and for every question the version it is answered with."""

    student: str
    source: str
    answers: dict[str, Version]

    @property
    def earned(self) -> float:
        """The points that are due."""
        return sum(v.earned for v in self.answers.values())


def pupils(count: int, seed: int = 0, *, right: float = 0.6, slow: bool = True) -> list[Pupil]:
    """A class of so many. `right` is the share of right answers; without `slow` ones nobody's program loops."""
    rng = random.Random(seed)  # noqa: S311  a class, not a secret
    return [_pupil(f"student{i:04d}", rng, right, slow) for i in range(count)]


def _pupil(student: str, rng: random.Random, right: float, slow: bool) -> Pupil:
    answers, lines = {}, [f'"""Homework of {student}, {rng.random()}."""', "import numpy as np", ""]
    for name, (arguments, versions) in QUESTIONS.items():
        wrong = [v for v in versions[1:] if slow or not v.slow]
        chosen = versions[0] if rng.random() < right else rng.choice([v for v in wrong if not v.slow or rng.random() < 0.2])
        answers[name] = chosen
        lines += ["", f"def {name}_gradient({arguments}):", f"    # {rng.random()}", chosen.body]
    return Pupil(student, "\n".join(lines), answers)


def write(folder: Path, class_: list[Pupil]) -> tuple[Path, Path]:
    """The assignment's folder, and the folder of submissions."""
    assignment, handed = folder / "classroom", folder / "submissions"
    assignment.mkdir(parents=True)
    handed.mkdir()
    (assignment / "assignment.toml").write_text(ASSIGNMENT)
    (assignment / "cases.py").write_text(CASES)
    (assignment / "solution.py").write_text(_pupil("solution", random.Random(0), 1.0, slow=False).source)  # noqa: S311  likewise
    for pupil in class_:
        (handed / f"{pupil.student}.py").write_text(pupil.source)
    (folder / "roster.csv").write_text(
        "student,name,email\n" + "".join(f"{p.student},Name {p.student},{p.student}@example.org\n" for p in class_)
    )
    return assignment, handed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-loops", action="store_true", help="no program that has to be timed out")
    given = parser.parse_args()
    write(given.folder, pupils(given.count, given.seed, slow=not given.no_loops))
