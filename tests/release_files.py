"""For tests of releases: the wheel and the sdist of this checkout, and a user who checks types."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

USER = '''"""A user's module."""

import numpy as np
import numpy.typing as npt

from gradcheck import Case, Circuit, Comparison, Real, Verdict, assert_gradient, case, check, compare, grad, hvp, jacobian, load_cases, trace, value_and_grad

Vector = npt.NDArray[np.float64]


@case(x=Real(3))
def sine(x: Vector) -> Vector:
    return np.asarray(np.sum(np.sin(x)))


def cosine(x: Vector) -> Vector:
    return np.cos(x)


def used(x: Vector) -> tuple[str, Circuit]:
    verdict: Verdict = check(sine, cosine, at=(x,))
    assert_gradient(sine, cosine, at={"x": x})
    found: Comparison = compare(sine)
    several: list[Case] = list(load_cases("cases"))
    grad(sine)(x), value_and_grad(sine)(x), jacobian(cosine)(x), hvp(sine)(x, x)
    return f"{verdict.outcome} {verdict.ok} {len(several)} {found}", trace(sine, x)
'''


@dataclass(frozen=True, slots=True)
class Built:
    wheel: Path
    sdist: Path


def built(root: Path, folder: Path) -> Built:
    """The wheel and the sdist, made by the build backend itself: no environment, no network."""
    pytest.importorskip("hatchling", reason="the wheel and the sdist are NOT judged: hatchling is missing, which is in the extra `dev`")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return Built(next(folder.glob("*.whl")), next(folder.glob("*.tar.gz")))


def sources(root: Path) -> list[str]:
    """The files of the package in the checkout."""
    kept = (p for p in (root / "gradcheck").rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return [p.relative_to(root).as_posix() for p in kept]


def read_yaml(path: Path) -> Any:
    yaml = pytest.importorskip("yaml", reason=f"{path.name} is NOT read: pyyaml is missing, which is in the extra `dev`")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def without(wheel: Path, name: str, made: Path) -> Path:
    """A wheel without one of its files, or with a further one where it begins with +."""
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(made, "w") as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info))
        if name.startswith("+"):
            new.writestr(name[1:], b"")
    return made


def typed(wheel: Path, folder: Path) -> str:
    """What `mypy --strict` says of a user's module, with the wheel unpacked where installed packages lie; empty where it is content."""
    if shutil.which("mypy", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("types are NOT checked as a user would: mypy is missing, which is in the extra `dev`")
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=120)
    site = next(environment.glob("lib/python3*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    (site / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")  # NumPy and its types
    (folder / "user.py").write_text(USER)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-incremental",
        "--config-file=",
        "--python-executable",
        str(environment / "bin/python"),
        "user.py",
    ]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr
