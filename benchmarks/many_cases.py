"""A report of many cases: python benchmarks/many_cases.py [--count 2000] [--processes N] [--keep FOLDER] [--profile].

Writes a folder of generated cases of varied kinds (chains of scalars, sums over small arrays, quadratic forms, networks, losses, branches; points and
domains; gradients under test, right and wrong), runs `gradcheck run FOLDER --report OUT` over it and prints wall time, processor time, peak memory of the
whole tree of processes, and what was written. `--profile` says where the time of one process goes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

HEAD = '"""Generated cases."""\n\nimport numpy as np\nfrom scipy.special import expit, logsumexp\n\nfrom gradcheck import Real, case\n'
A_FILE = 25  # cases of one file
MIB = 2**20


def chain(name: str, rng: Random) -> str:
    """Elementary functions of one number, one after the other, with both gradients in closed form hard to write: none claimed."""
    steps = [
        rng.choice(("np.sin(h)", "np.tanh(h)", "np.exp(-h * h)", "h * x", "h + x**2", "1 / (1 + h * h)")) for _ in range(rng.randint(3, 9))
    ]
    body = "".join(f"    h = {s}\n" for s in steps)
    return f"@case(x={rng.uniform(0.2, 1.5):.4f})\ndef {name}(x):\n    h = x + {rng.uniform(0, 1):.3f}\n{body}    return h\n"


def power(name: str, rng: Random) -> str:
    """A function of two numbers, with its gradient right and with a factor forgotten."""
    a, n = f"{rng.uniform(1.1, 2):.3f}", rng.randint(2, 4)
    return (
        f"@case(x=Real(low=0.5, high=2.0), y=Real(low=0.5, high=2.0))\ndef {name}(x, y):\n    u = {a} * x + y\n    return u**{n} * np.log(y)\n\n\n"
        f"@{name}.claimed_gradient\ndef {name}_right(x, y):\n    u = {a} * x + y\n"
        f"    return {n} * u**{n - 1} * {a} * np.log(y), {n} * u**{n - 1} * np.log(y) + u**{n} / y\n\n\n"
        f"@{name}.claimed_gradient(expect='wrong', kinds=['missing-factor'])\ndef {name}_wrong(x, y):\n    u = {a} * x + y\n"
        f"    return {n} * u**{n - 1} * np.log(y), {n} * u**{n - 1} * np.log(y) + u**{n} / y\n"
    )


def form(name: str, rng: Random) -> str:
    """A quadratic form with a matrix, with its gradient right and with half of it lost."""
    n = rng.randint(2, 4)
    return (
        f"@case(A=Real(({n}, {n})), x=Real({n}))\ndef {name}(A, x):\n    return x @ A @ x\n\n\n"
        f"@{name}.claimed_gradient\ndef {name}_right(A, x):\n    return np.outer(x, x), (A + A.T) @ x\n\n\n"
        f"@{name}.claimed_gradient(expect='wrong')\ndef {name}_wrong(A, x):\n    return np.outer(x, x), A @ x\n"
    )


def loss(name: str, rng: Random) -> str:
    """Squared error of a line, with its gradient right and with a sign lost."""
    n = rng.randint(3, 6)
    x, y = ([round(rng.uniform(-1, 1), 3) for _ in range(n)] for _ in range(2))
    return (
        f"@case(w=Real(2), at=(np.array([{rng.uniform(0, 1):.3f}, {rng.uniform(0, 1):.3f}]),))\ndef {name}(w):\n    x, y = np.array({x}), np.array({y})\n"
        f"    r = w[0] * x + w[1] - y\n    return np.mean(r**2)\n\n\n"
        f"@{name}.claimed_gradient\ndef {name}_right(w):\n    x, y = np.array({x}), np.array({y})\n    r = w[0] * x + w[1] - y\n"
        f"    return np.array([2 * np.mean(r * x), 2 * np.mean(r)])\n\n\n"
        f"@{name}.claimed_gradient(expect='wrong', kinds=['sign'])\ndef {name}_wrong(w):\n    x, y = np.array({x}), np.array({y})\n"
        f"    r = w[0] * x + w[1] - y\n    return np.array([-2 * np.mean(r * x), 2 * np.mean(r)])\n"
    )


def net(name: str, rng: Random) -> str:
    """A network of two layers on one example."""
    n, k = rng.randint(2, 3), rng.randint(2, 3)
    act = rng.choice(("np.tanh", "expit", "np.sin"))
    return (
        f"@case(W=Real(({k}, {n})), b=Real({k}), v=Real({k}), x=Real({n}))\ndef {name}(W, b, v, x):\n    z = W @ x + b\n    a = {act}(z)\n"
        f"    return v @ a\n"
    )


def softmax(name: str, rng: Random) -> str:
    """The negative log-likelihood of a label, with its gradient right."""
    n = rng.randint(3, 6)
    k = rng.randrange(n)
    return (
        f"@case(s=Real({n}))\ndef {name}(s):\n    return logsumexp(s) - s[{k}]\n\n\n"
        f"@{name}.claimed_gradient\ndef {name}_right(s):\n    p = np.exp(s - s.max())\n    p = p / p.sum()\n    p[{k}] -= 1.0\n    return p\n"
    )


def sums(name: str, rng: Random) -> str:
    """A sum over an array, elementwise."""
    inner = rng.choice(("np.exp(-x**2)", "np.sqrt(1 + x**2)", "x * np.arctan(x)", "np.log1p(x**2)"))
    return f"@case(x=Real({rng.randint(3, 8)}), c=Real())\ndef {name}(x, c):\n    return np.sum(c * {inner})\n"


def branch(name: str, rng: Random) -> str:
    """A branch on a value, and an absolute value away from its kink."""
    return (
        f"@case(x=Real(3), c={rng.uniform(0.5, 2):.3f})\ndef {name}(x, c):\n    s = np.sum(np.abs(x))\n    if s > {rng.uniform(0.5, 3):.2f}:\n"
        f"        return c * s**2\n    return np.where(x > 0, x, 0.1 * x).sum() * c\n"
    )


KINDS: tuple[Callable[[str, Random], str], ...] = (chain, power, form, loss, net, softmax, sums, branch)


def generated(count: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Files of cases as (name, source); the kinds take turns."""
    rng = Random(seed)  # noqa: S311  no secret
    written = [KINDS[i % len(KINDS)](f"{KINDS[i % len(KINDS)].__name__}_{i:04}", rng) for i in range(count)]
    for start in range(0, count, A_FILE):
        yield f"cases_{start:04}.py", HEAD + "".join(f"\n\n{body}" for body in written[start : start + A_FILE])


def write(folder: Path, count: int, seed: int = 0) -> None:
    """Put the generated files below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in generated(count, seed):
        (folder / name).write_text(text, encoding="utf-8")


class Memory(threading.Thread):
    """The most memory a process and its descendants held at once, in MiB, looked at every 50 ms (Linux; elsewhere 0)."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak = pid, 0.0

    def run(self) -> None:
        while Path(f"/proc/{self.pid}").exists():
            self.peak = max(self.peak, sum(map(held, tree(self.pid))))
            time.sleep(0.05)


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for p in found:
        try:
            found += [int(c) for t in Path(f"/proc/{p}/task").iterdir() for c in (t / "children").read_text().split()]
        except OSError:
            continue
    return found


def held(pid: int) -> float:
    """A process's own share of memory in MiB: pages shared with others are divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def measured(cases: Path, out: Path, *options: str) -> dict[str, float]:
    """Wall and processor seconds, peak memory and size of a run with a report."""
    command = [sys.executable, "-m", "gradcheck.cli", "run", str(cases), "--report", str(out), *options]
    before, start = os.times(), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603  ourselves
        memory = Memory(process.pid)
        memory.start()
        code = process.wait()
    seconds, after = time.perf_counter() - start, os.times()
    written = [p.stat().st_size for p in out.rglob("*") if p.is_file()]
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"exit": code, "seconds": seconds, "cpu": cpu, "memory": memory.peak, "files": len(written), "megabytes": sum(written) / MIB}


def profile(cases: Path) -> None:
    """Where the time of the comparisons goes, in this process."""
    import cProfile
    import pstats

    from gradcheck import load_cases
    from gradcheck.studies.running import run

    found = load_cases(cases)
    profiler = cProfile.Profile()
    profiler.runcall(run, found)
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(70)


def main() -> None:
    """Generate, run, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, help="processes of the run (default: what gradcheck chooses)")
    parser.add_argument("--keep", type=Path, help="put the cases and the report here and keep them")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        write(folder / "cases", options.count, options.seed)
        if options.profile:
            profile(folder / "cases")
            return
        more = [] if options.processes is None else ["--processes", str(options.processes)]
        found = measured(folder / "cases", folder / "report", *more)
        print(json.dumps(found | {"cases": options.count, "seconds a case": found["seconds"] / options.count}, indent=1))


if __name__ == "__main__":
    main()
