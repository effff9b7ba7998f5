"""How the cost of a certified check grows with the operations of the function: python benchmarks/certified_check_growth.py [LARGEST].

A product of many numbers written as a loop, so every operation is an equation of its own; its gradient by prefix and suffix products.
Prints the time of one check, per operation, and the peak memory of the process.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from gradcheck import check


def product(x):
    p = x[0]
    for q in x[1:]:
        p = p * q
    return p


def gradient(x):
    before, after = np.ones_like(x), np.ones_like(x)
    before[1:] = np.cumprod(x[:-1])
    after[:-1] = np.cumprod(x[:0:-1])[::-1]
    return before * after


def main() -> None:
    largest = int(float(sys.argv[1])) if len(sys.argv) > 1 else 100_000
    size = 1000
    print("operations  seconds  us per operation  peak MB  verdict")
    while size <= largest:
        x = np.exp(np.random.default_rng(size).normal(scale=1e-3, size=size + 1))
        start = time.perf_counter()
        verdict = check(product, gradient, (x,))
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{size:10d}  {seconds:7.2f}  {1e6 * seconds / size:16.1f}  {peak:7.0f}  {verdict.outcome}", flush=True)
        size *= 10


if __name__ == "__main__":
    main()
