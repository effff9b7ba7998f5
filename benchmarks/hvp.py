"""What a Hessian times a vector takes: operations and time for every case, over growing l and N, and for Jacobians by their structure."""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
import numpy as np

from gradcheck import hvp, jacobian, load_cases, trace
from gradcheck.circuit import hessian_vector
from gradcheck.gradients.jacobians import hessian_plan, jacobian_plan
from gradcheck.verdicts.compare import problems_of

ROUNDS, TARGET = 5, 0.01  # rounds, and seconds each fills


def seconds(call: Callable[[], Any]) -> float:
    """Seconds per call: the median over the rounds."""
    call(), call()
    start = time.perf_counter()
    call()
    repeats, found = max(1, int(TARGET / max(time.perf_counter() - start, 1e-7))), []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        found.append((time.perf_counter() - start) / repeats)
    return statistics.median(found)


def cases(folder: Path) -> None:
    """One line for each case, dearest first."""
    rows = []
    for case in load_cases(folder):
        problem = next(iter(problems_of(case, None, None, 0)))
        circuit, count = problem.circuit, problem.circuit.operations
        if not count:
            continue
        vectors = tuple(np.ones_like(x) for x in problem.inputs)
        product, plain = hvp(problem.function, problem.argnums), problem.function
        with np.errstate(all="ignore"):
            times = seconds(lambda: product(*problem.arguments, vectors)), seconds(lambda: plain(*problem.arguments))  # noqa: B023
        operations = hessian_vector(circuit).operations
        rows.append((operations / count, case.name, problem.size, count, circuit.gradient().operations / count, operations, *times))
    print(f"{'case':42s} {'l':>5s} {'ops f':>8s} {'grad / f':>8s} {'ops Hv':>8s} {'Hv / f':>8s} {'time Hv':>10s} {'time f':>10s}")
    for ratio, name, size, count, gradient, operations, slow, fast in sorted(rows, reverse=True):
        print(f"{name:42s} {size:5d} {count:8d} {gradient:8.2f} {operations:8d} {ratio:8.2f} {slow * 1e6:7.1f} us {fast * 1e6:7.1f} us")


def scaling() -> None:
    """Operations of the product against N + l: growing l with N ~ l, and growing N with l fixed."""
    print(f"\n{'series':26s} {'l':>7s} {'N':>9s} {'ops Hv':>9s} {'Hv / (N + l)':>13s} {'time':>10s}")
    series: dict[str, list[tuple[Callable[..., Any], int]]] = {
        "neighbours, N ~ l": [(neighbours, n) for n in (10, 100, 1000, 10_000)],
        "quadratic form, N ~ l^2": [(quadratic, n) for n in (10, 100, 1000)],
        "recurrence, l = 10": [(recurrence(steps), 10) for steps in (10, 100, 1000)],
    }
    for name, sizes in series.items():
        for function, n in sizes:
            x = np.linspace(-1, 1, n)
            circuit, product = trace(function, x), hvp(function)
            operations = hessian_vector(circuit).operations
            taken, total = seconds(lambda: product(x, x)), circuit.operations + n  # noqa: B023
            print(f"{name:26s} {n:7d} {circuit.operations:9d} {operations:9d} {operations / total:13.2f} {taken * 1e6:7.1f} us")


def neighbours(x: Any) -> Any:
    """Every input with its neighbour."""
    return np.sum(np.tanh(x[1:] * x[:-1]) ** 2)


def quadratic(x: Any) -> Any:
    """Every input with every other, by a fixed matrix."""
    index = np.arange(x.size)
    return np.tanh(x @ (1.0 / (1.0 + index[:, None] + index[None, :])) @ x)


def recurrence(steps: int) -> Callable[[Any], Any]:
    """So many steps over the same inputs."""

    def function(x: Any) -> Any:
        h = x
        for _ in range(steps):
            h = np.sin(h) * x + h
        return np.sum(h)

    return function


def structure() -> None:
    """Sweeps of Jacobians and Hessians, and time of a call."""
    print(f"\n{'matrix':26s} {'l':>7s} {'sweeps':>7s} {'way':>8s} {'operations':>11s} {'dense':>11s} {'sparse':>11s}")

    def tridiagonal(x: Any) -> Any:
        z = np.concatenate([[0.0], x, [0.0]])
        return z[:-2] * x - 2 * np.sin(x) + z[2:] ** 2

    for n in (10, 100, 1000):
        x = np.linspace(-1, 1, n)
        way = jacobian_plan(trace(tridiagonal, x), 1).way
        dense, sparse = jacobian(tridiagonal), jacobian(tridiagonal, sparse=True)
        times = seconds(lambda: dense(x)), seconds(lambda: sparse(x))  # noqa: B023
        print(f"{'tridiagonal Jacobian':26s} {n:7d} {way.count:7d} {'forward' if way.forward else 'back':>8s} {way.operations:11d} "
              f"{times[0] * 1e6:8.1f} us {times[1] * 1e6:8.1f} us")  # fmt: skip
    for n in (10, 100, 1000):
        way = hessian_plan(trace(neighbours, np.linspace(-1, 1, n)), 1).way
        print(f"{'tridiagonal Hessian':26s} {n:7d} {way.count:7d} {'forward' if way.forward else 'back':>8s} {way.operations:11d}")


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="?", type=Path, default=Path(__file__).parents[1] / "cases", help="folder of cases")
    cases(parser.parse_args().cases)
    scaling()
    structure()


if __name__ == "__main__":
    main()
