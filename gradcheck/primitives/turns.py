"""The discrete Fourier transform over exact scalars.

A sum of multiples of roots of unity can vanish without any multiple being 0. Such sums are first reduced to a basis of the
cyclotomic field, in integers: then what is exactly 0 comes out as exactly 0, and kinks of amplitudes are seen.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd
from typing import Any

import numpy as np

SHORT = 48  # lengths up to which sums are reduced; longer ones are split into factors first


def factor(n: int) -> int:
    """The smallest prime that divides n > 1."""
    return next((p for p in range(2, int(n**0.5) + 1) if n % p == 0), n)


@lru_cache(maxsize=256)
def basis(n: int) -> tuple[tuple[Any, ...], Any]:
    """How exponents of an n-th root of unity w are reduced, and which remain.

    For a prime p that divides n, the sum over t < p of w**(m + t n/p) is 0. So of p such powers one goes, its multiple taken from
    the others: for each p the places it is taken from. What remains is a basis over the rationals.
    """
    exponents, steps, kept = np.arange(n), [], np.ones(n, dtype=bool)
    rest = n
    while rest > 1:
        p, q = factor(rest), 1
        while rest % p == 0:
            rest, q = rest // p, q * p
        digit = exponents % q // (q // p)
        turns = (p - 1 - digit) * pow(n // q, -1, p)
        steps.append((exponents + turns * (n // p)) % n)
        kept &= digit != p - 1
    return tuple(steps), np.flatnonzero(kept)


class Wheel:
    """Sines and cosines of 2 pi j / n in an arithmetic `m`, and transforms whose length divides n."""

    def __init__(self, m: Any, n: int) -> None:
        self.m, self.n = m, n
        self.cosines, self.sines = np.empty(n, dtype=object), np.empty(n, dtype=object)
        for j in range(n):
            if 4 * j % n == 0:  # quarter turns are whole numbers
                self.cosines[j], self.sines[j] = ((1, 0), (0, 1), (-1, 0), (0, -1))[4 * j // n]
            else:
                angle = m.divide(m.pi() * (2 * j), n)
                self.cosines[j], self.sines[j] = m.cos(angle), m.sin(angle)

    def transform(self, re: Any, im: Any = None, *, inverse: bool) -> tuple[Any, Any]:
        """sum_j (re_j + i im_j) exp(-+2 pi i j k / n) without a factor: real and imaginary parts; Cooley & Tukey (1965) for long ones."""
        n, sign = len(re), 1 if inverse else -1
        p = factor(n) if n > 1 else 1
        if n <= SHORT or p == n:
            return self._direct(re, im, sign)
        turns = np.arange(n) * (self.n // n)
        total_re, total_im = self.transform(re[::p], None if im is None else im[::p], inverse=inverse)
        total_re, total_im = np.tile(total_re, p), np.tile(total_im, p)
        for r in range(1, p):
            part_re, part_im = self.transform(re[r::p], None if im is None else im[r::p], inverse=inverse)
            part_re, part_im = np.tile(part_re, p), np.tile(part_im, p)
            cos, sin = self.cosines[r * turns % self.n], self.sines[r * turns % self.n] * sign
            total_re, total_im = total_re + (part_re * cos - part_im * sin), total_im + (part_re * sin + part_im * cos)
        return total_re, total_im

    def _direct(self, re: Any, im: Any, sign: int) -> tuple[Any, Any]:
        n = len(re)
        k = np.arange(n)
        half, sides = np.minimum(k, n - k), np.array([sign if 2 * i <= n else -sign for i in k], dtype=object)
        cosines, sines = self._sums(re)
        found_re, found_im = cosines[half], sines[half] * sides
        if im is not None:
            cosines, sines = self._sums(im)
            found_re, found_im = found_re - sines[half] * sides, found_im + cosines[half]
        return found_re, found_im

    def _sums(self, x: Any) -> tuple[Any, Any]:
        """sum_j x_j cos(2 pi j k / n), and the same with sin, for k <= n/2."""
        n = len(x)
        found = np.empty((2, n // 2 + 1), dtype=object)
        for k in range(n // 2 + 1):
            common = gcd(k, n)
            order = n // common
            terms = np.empty(order, dtype=object)
            terms[np.arange(order) * (k // common) % order] = x.reshape(common, order).sum(axis=0)
            opposite = terms[-np.arange(order) % order]
            found[0, k] = self._weighed(terms + opposite, self.cosines)
            found[1, k] = self._weighed(terms - opposite, self.sines)
        return found[0], found[1]

    def _weighed(self, terms: Any, table: Any) -> Any:
        steps, kept = basis(len(terms))
        for places in steps:
            terms = terms - terms[places]
        return self.m.divide((terms[kept] * table[kept * (self.n // len(terms))]).sum(), 2)
