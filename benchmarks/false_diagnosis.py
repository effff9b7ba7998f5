"""How often a diagnosis names a mistake that was not made: claims of noise, of unrelated functions, and of lost digits.

Every claim is wrong in a way that no slip explains; the only right answers are `unknown`, `precision` and none. 10,000 trials take about an hour.

    python benchmarks/false_diagnosis.py --trials 10000 --processes 2
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections import Counter
from multiprocessing import Pool
from pathlib import Path
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
import numpy as np

from gradcheck import load_cases
from gradcheck.diagnosis.naming import named
from gradcheck.diagnosis.scene import scene_of
from gradcheck.errors import GradcheckError
from gradcheck.gradients.method import problem_of

HOPS, CHUNK = 40, 100
CONFIDENT = ("unknown", "precision", "nonfinite")


def noise(rng: Any, problem: Any) -> Any:
    """Random numbers, other ones at every point."""
    seed = int(rng.integers(1 << 30))

    def claim(at: Any) -> Any:
        own = np.random.default_rng(
            [seed, *np.frombuffer(np.concatenate([np.ravel(x) for x in at.inputs]).astype(float).tobytes(), np.uint32)]
        )
        return tuple(own.normal(size=np.shape(x)) for x in at.inputs)

    return claim


def constant(rng: Any, problem: Any) -> Any:
    """The same random numbers at every point."""
    fixed = tuple(rng.normal(size=np.shape(x)) for x in problem.inputs)
    return lambda at: fixed


def unrelated(rng: Any, problem: Any) -> Any:
    """The gradient of sum(sin(a x + b) + c x**3) for random numbers a, b and c."""
    a, b, c = rng.normal(size=3)
    return lambda at: tuple(np.asarray(a * np.cos(a * x + b) + 3 * c * x**2) for x in at.inputs)


def lossy(rng: Any, problem: Any) -> Any:
    """The right gradient with random relative errors."""
    size, seed = 10.0 ** rng.uniform(-9, -4), int(rng.integers(1 << 30))

    def claim(at: Any) -> Any:
        own = np.random.default_rng(seed)
        truth = scene_of(at, tuple(np.zeros(np.shape(x)) for x in at.inputs)).truth
        return tuple(np.asarray(t * (1 + size * own.uniform(-1, 1, np.shape(t)))) for t in truth)

    return claim


KINDS = {"noise": noise, "constant noise": constant, "unrelated function": unrelated, "digits lost": lossy}


def trials(given: tuple[int, int, int]) -> tuple[Counter[str], list[str], float]:
    """Trials of one process."""
    number, count, seed = given
    warnings.simplefilter("ignore")
    rng = np.random.default_rng([seed, number])
    problems = []
    for case in load_cases(Path(__file__).parent.parent / "cases"):
        point = case.drawn()[0]
        try:
            problem = problem_of(case.function, point, case.differentiable(point), case.domain_at())
            scene = scene_of(problem, tuple(np.zeros(np.shape(x)) for x in problem.inputs))
        except GradcheckError:
            continue
        if len(scene.parts) <= HOPS and all(np.isfinite(t).all() for t in scene.truth):
            problems.append((case.name, problem))
    tally, told, start = Counter[str](), [], time.perf_counter()
    for n in range(count):
        name, problem = problems[int(rng.integers(len(problems)))]
        kind = list(KINDS)[n % len(KINDS)]
        claim = KINDS[kind](rng, problem)
        with np.errstate(all="ignore"):
            found = named(problem, claim(problem), claim)
        wrongly = [f for f in found if f.kind not in CONFIDENT]
        tally[kind, "named" if wrongly else "not named"] += 1
        told += [f"{name}: {kind}: {f.kind}: {f.message}" for f in wrongly[:1]]
    return tally, told, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chunks = [(n, CHUNK, options.seed) for n in range(max(options.trials // CHUNK, 1))]
    found = []
    with Pool(options.processes) as pool:
        for result in pool.imap_unordered(trials, chunks):
            found.append(result)
            print(*result[1], sep="\n", end="\n" if result[1] else "", flush=True)
            named_here = sum(v for t, _, _ in found for (_, what), v in t.items() if what == "named")
            print(f"{len(found) * CHUNK} trials, {named_here} named a mistake", file=sys.stderr, flush=True)
    total: Counter[Any] = sum((t for t, _, _ in found), Counter())
    for kind in KINDS:
        wrong, right = total[kind, "named"], total[kind, "not named"]
        print(f"{kind:20} {wrong + right:6} trials, {wrong} named a mistake: {wrong / max(wrong + right, 1):.3%}")
    wrong = sum(v for (_, what), v in total.items() if what == "named")
    print(
        f"{'all':20} {sum(total.values()):6} trials, {wrong} named a mistake: {wrong / max(sum(total.values()), 1):.3%}; "
        f"{sum(s for _, _, s in found) / (CHUNK * len(found)):.2f} s a trial"
    )


if __name__ == "__main__":
    main()
