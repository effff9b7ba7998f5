"""A class to be graded, written into a folder: two questions, students who are right, wrong, absent-minded, or hand in what does not run."""

from __future__ import annotations

from pathlib import Path

ASSIGNMENT = """\
schema_version = 1
name = "small"
seed = 3

[limits]
cpu_seconds = 2.0
wall_seconds = 4.0

[[questions]]
name = "sine_of_square"
points = 2
visible = 1
hidden = 1

[[questions]]
name = "squared_distance"
points = 3
visible = 1
hidden = 1
"""
CASES = '''\
"""What students differentiate."""

from helpers import square

import numpy as np

from gradcheck import Real, case


@case(x=Real(low=-2, high=2))
def sine_of_square(x):
    z = square(x)
    return np.sin(z)


@case(u=Real(2), v=Real(2))
def squared_distance(u, v):
    d = u - v
    return d @ d
'''
HELPERS = "def square(x):\n    return x * x\n"
SINES = (
    "return np.cos(x**2) * 2 * x",
    "return np.cos(x**2)",
    "return -np.sin(x**2) * 2 * x",
    "return np.cos(x**2) * 2 * x + {n}e-3",
    "raise ValueError('I gave up {n}')",
    "print('at', x)\n    return float(np.cos(x * x) * (x + x))",
)
DISTANCES = (
    "d = u - v\n    return 2 * d, -2 * d",
    "d = u - v\n    return 2 * d, 2 * d",
    "d = u - v\n    return d, -d",
    "return np.zeros(3), {n}",
    "d = u - v\n    return {{'u': d + d, 'v': -(d + d)}}",
)


def program(n: int) -> str:
    """What the n-th student hands in; no two alike."""
    if n % 17 == 11:
        return f"import numpy as np\n\nthis is no Python {n}\n"
    sine, distance = SINES[n % len(SINES)].format(n=n + 1), DISTANCES[n % len(DISTANCES)].format(n=n + 1)
    second = f"\n\ndef squared_distance_gradient(u, v):\n    {distance}\n" if n % 13 != 12 else ""
    return f"import numpy as np\n\nMINE = {n}\n\n\ndef sine_of_square_gradient(x):\n    {sine}\n{second}"


def write_assignment(folder: Path) -> Path:
    """The assignment, with a file that its cases import."""
    folder.mkdir(parents=True)
    for name, text in (("assignment.toml", ASSIGNMENT), ("cases.py", CASES), ("helpers.py", HELPERS)):
        (folder / name).write_text(text)
    return folder


def write_class(folder: Path, count: int) -> tuple[Path, Path]:
    """An assignment and so many submissions."""
    submissions = folder / "submissions"
    submissions.mkdir(parents=True)
    for n in range(count):
        (submissions / f"student{n:03d}.py").write_text(program(n))
    return write_assignment(folder / "small"), submissions
