"""How many planted mistakes are found again: single edits of every case's gradient, and pairs of them.

An edit is planted at a random place of a case's gradient and the claim, numbers only, is diagnosed. It counts as recovered where the diagnosis
names its kind and hop first, or among the explanations that it gives as equivalent; as explained where another explanation fits at
every point; as lost where none does. Edits that change nothing are left out.

    python benchmarks/planted.py            # 25 single edits of each case, 6 pairs of each short one
    python benchmarks/planted.py --singles 100000 --pairs 50
    python benchmarks/planted.py --deep           # single edits of a deep array network of 100 hops, timed
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck import load_cases
from gradcheck.circuit import Floats, interpret
from gradcheck.circuit.edits import edit
from gradcheck.diagnosis.diagnose import Inquiry, explained
from gradcheck.diagnosis.macros import inside_macros, macro_edits
from gradcheck.diagnosis.matching import is_wrong
from gradcheck.diagnosis.mistakes import edits_at
from gradcheck.diagnosis.points import canonical
from gradcheck.diagnosis.scene import scene_of
from gradcheck.errors import GradcheckError
from gradcheck.gradients.method import problem_of

HOPS, SHORT, DEEP = 200, 20, 15


def scene_of_case(case: Any) -> Any:
    """The right sweep at the case's first point; None where it has none that is finite."""
    point = case.drawn()[0]
    problem = canonical(problem_of(case.function, point, case.differentiable(point), case.domain_at()))
    scene = scene_of(problem, tuple(np.zeros(np.shape(x)) for x in problem.inputs))
    return scene if all(np.isfinite(t).all() for t in scene.truth) and len(scene.parts) <= HOPS else None


def planted(scene: Any, *edits: Any) -> Any:
    """The claim with mistakes planted, as a function of the problem; None where they do not fit or change nothing."""
    try:
        circuit = edit(scene.circuit, *edits, still=scene.still)
    except (ValueError, TypeError, IndexError, KeyError, NameError, AssertionError, GradcheckError):
        return None
    count = len(scene.circuit.outputs)

    def claim(problem: Any) -> Any:
        with np.errstate(all="ignore"):
            return tuple(np.asarray(p, dtype=float) for p in interpret(circuit, Floats(), problem.inputs)[count:])

    try:
        given = claim(scene.problem)
    except (ValueError, TypeError, IndexError, ZeroDivisionError):
        return None
    scene.claim = given
    fits = [np.shape(c) for c in given] == [np.shape(t) for t in scene.truth] and all(np.isfinite(c).all() for c in given)
    return claim if fits and is_wrong(scene, tuple(range(len(given)))) else None


def judged(scene: Any, claim: Any, edits: Any) -> tuple[str, float]:
    """Recovered, explained or lost; and the seconds it took."""
    start = time.perf_counter()
    inquiry = Inquiry(scene.problem, claim(scene.problem), claim)
    found = explained(inquiry)
    seconds = time.perf_counter() - start
    if not all(e.matches or e.stale for e in found):
        return "lost", seconds
    told = {(m.kind, locus) for e in found for match in e.matches for m in match.edits for locus in m.loci}
    exact = all((e.kind, locus) in told for e in edits for locus in e.loci)
    return "recovered" if exact else "explained", seconds


def deep(W: Any, x: Any) -> Any:
    """A residual network of tanh layers: seven hops for each."""
    h = x
    for layer in range(len(W)):
        z = W[layer] @ h
        h = np.tanh(z) + 0.1 * h
    return np.sum(h**2)


def deep_network(rng: Any, count: int) -> None:
    """Single edits of a circuit of some 100 hops over arrays: how many are found again, and in what time."""
    point = (0.6 * rng.normal(size=(DEEP, 6, 6)), rng.normal(size=6))
    problem = canonical(problem_of(deep, point, (0,)))
    scene = scene_of(problem, (np.zeros_like(point[0]),))
    edits = [*edits_at(scene.circuit, list(scene.parts), inside_macros(scene)), *macro_edits(scene)]
    tally, seconds = Counter[str](), []
    for i in rng.permutation(len(edits))[:count]:
        claim = planted(scene, edits[i])
        if claim is not None:
            what, took = judged(scene, claim, (edits[i],))
            tally[what] += 1
            seconds.append(took)
    print(
        f"{len(scene.parts)} hops, {len(edits)} edits listed, {sum(tally.values())} planted: {dict(tally)}; "
        f"median {np.median(seconds):.2f} s, most {max(seconds):.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--singles", type=int, default=25)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lost", action="store_true", help="tell every edit that is lost")
    parser.add_argument("--deep", action="store_true", help="a deep network in place of the cases")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    if options.deep:
        deep_network(rng, options.singles)
        return
    totals = {1: Counter[str](), 2: Counter[str]()}
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for case in load_cases(Path(__file__).parent.parent / "cases"):
        try:
            scene = scene_of_case(case)
        except GradcheckError:
            continue
        if scene is None:
            continue
        edits = [*edits_at(scene.circuit, list(scene.parts), inside_macros(scene)), *macro_edits(scene)]
        tries = [(1, (edits[i],)) for i in rng.permutation(len(edits))[: options.singles]]
        if len(scene.parts) <= SHORT:
            tries += [(2, tuple(edits[i] for i in rng.choice(len(edits), 2, replace=False))) for _ in range(options.pairs)]
        here = {1: Counter[str](), 2: Counter[str]()}
        for size, chosen in tries:
            claim = planted(scene, *chosen)
            if claim is None:
                continue
            what, took = judged(scene, claim, chosen)
            here[size][what] += 1
            seconds[size].append(took)
            if what == "lost" and options.lost:
                print("   lost:", [(e.kind, e.locus, e.text) for e in chosen], flush=True)
        for size in (1, 2):
            totals[size] += here[size]
        print(f"{case.name:36} {len(scene.parts):4} hops  {dict(here[1])}  pairs {dict(here[2])}", flush=True)
    for size in (1, 2):
        count = sum(totals[size].values())
        found = totals[size]["recovered"] + totals[size]["explained"]
        print(
            f"{'singles' if size == 1 else 'pairs'}: {count} planted, {totals[size]['recovered']} recovered, {totals[size]['explained']} explained otherwise, "
            f"{totals[size]['lost']} lost: {found / max(count, 1):.1%} named; median {np.median(seconds[size]):.2f} s, most {max(seconds[size]):.2f} s"
        )


if __name__ == "__main__":
    main()
