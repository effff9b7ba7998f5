"""Gradients of other frameworks, by our verdict and by the framework's own checker at its defaults, on the same functions.

    python benchmarks/frameworks.py torch         # beside torch.autograd.gradcheck, float64 to bfloat16
    python benchmarks/frameworks.py jax           # beside jax.test_util.check_grads, likewise

The functions are those of docs/examples, each right and with wrong twins. A checker detects a wrong one where it does not pass it, and raises a false alarm
where it does not pass a right one. Times are medians over the functions, of one run each after a first that is not counted.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"


@dataclass(frozen=True, slots=True)
class Row:
    """What a checker says of one function in one precision."""

    checker: str
    dtype: str
    name: str
    right: bool
    passed: bool
    undecided: bool
    seconds: float


def torch_rows() -> Iterator[Row]:
    """Our verdict and torch.autograd.gradcheck's on the custom functions of docs/examples/torch_functions.py."""
    import torch
    import torch_functions

    from gradcheck import check_torch

    def ours(example: Any, dtype: Any) -> tuple[bool, bool]:
        outcome = check_torch(example.function, at=example.at(dtype)).outcome
        return outcome in ("right", "kink"), outcome == "undecided"

    def theirs(example: Any, dtype: Any) -> tuple[bool, bool]:
        arguments = tuple(a.requires_grad_() if a.is_floating_point() else a for a in example.at(dtype))
        try:
            return torch.autograd.gradcheck(example.function.apply, arguments, raise_exception=False), False
        except Exception:  # noqa: BLE001  what is wrong may raise anything
            return False, False

    checkers: dict[str, Callable[[Any, Any], tuple[bool, bool]]] = {"gradcheck": ours, "torch.autograd.gradcheck": theirs}
    for checker, ask in checkers.items():
        ask(torch_functions.EXAMPLES[0], torch.float64)
        for example in torch_functions.EXAMPLES:
            for dtype in example.dtypes:
                start = time.perf_counter()
                passed, undecided = ask(example, dtype)
                seconds = time.perf_counter() - start
                yield Row(checker, str(dtype).removeprefix("torch."), example.name, example.right, passed, undecided, seconds)


def table(rows: list[Row]) -> str:
    """Detection, false alarms and times, by precision and checker."""
    lines = [
        "| precision | checker | wrong ones detected | false alarms | undecided | median time |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for dtype in dict.fromkeys(r.dtype for r in rows):
        for checker in dict.fromkeys(r.checker for r in rows):
            here = [r for r in rows if (r.dtype, r.checker) == (dtype, checker)]
            wrong, right = [r for r in here if not r.right], [r for r in here if r.right]
            detected = sum(not r.passed and not r.undecided for r in wrong)
            alarms = sum(not r.passed and not r.undecided for r in right)
            median = statistics.median(r.seconds for r in here) * 1e3
            lines.append(
                f"| {dtype} | {checker} | {detected} of {len(wrong)} | {alarms} of {len(right)} | {sum(r.undecided for r in here)} | {median:.0f} ms |"
            )
    return "\n".join(lines)


def jax_rows() -> Iterator[Row]:
    """Our verdict and jax.test_util.check_grads' on the functions of docs/examples/jax_functions.py."""
    from frameworks_jax import rows

    return rows()


SUITES: dict[str, Callable[[], Iterator[Row]]] = {"jax": jax_rows, "torch": torch_rows}


def main() -> None:
    """Run a suite and print its table, and what each checker misses."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("framework", choices=sorted(SUITES))
    asked = parser.parse_args()
    sys.path.insert(0, str(EXAMPLES))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = list(SUITES[asked.framework]())
    print(table(rows))
    for row in rows:
        if row.passed != row.right or row.undecided:
            what = "undecided on" if row.undecided else "passes the wrong" if row.passed else "rejects the right"
            print(f"{row.checker} {what} {row.name} ({row.dtype})")


if __name__ == "__main__":
    main()
