"""scipy.fft's discrete cosine and sine transforms, types 1 to 4, and scipy.fft's Fourier transforms under their names.

Each is a real Fourier transform of the numbers put, with their mirror images, on a longer ring (Makhoul, 1980, in its plainest form).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.primitives.fourier import FOURIER, RFFT, fitted
from gradcheck.primitives.moving import dtype_of
from gradcheck.primitives.record import Exact, shape_of

_INVERSE = {1: 1, 2: 3, 3: 2, 4: 4}
_ROOT = Exact("sqrt(2)", 2**0.5, lambda m: m.sqrt(m.constant(2)))


def _ring(n: int, type: int, sine: bool) -> tuple[int, Any, Any]:
    """The ring's length, where the numbers go on it, and which frequencies are the results."""
    j, odd = np.arange(n), 2 * np.arange(n) + 1
    up = int(sine)
    if type == 1:
        return 2 * (n + 2 * up - 1), j + up, j + up
    return {2: (4 * n, odd, j + up), 3: (4 * n, j + up, odd), 4: (8 * n, odd, odd)}[type]


def _unscaled(x: Any, type: int, sine: bool) -> Any:
    """The transform along the last axis as SciPy has it with norm="backward"."""
    n = shape_of(x)[-1]
    length, places, results = _ring(n, type, sine)
    if sine and type == 3:
        x = x * np.where(np.arange(n) == n - 1, 0.5, 1.0).astype(dtype_of(x))
    source = np.zeros(length, dtype=int)
    source[-places % length] = np.arange(n) + 1 + (n if sine else 0)
    source[places] = np.arange(n) + 1
    nothing = np.zeros((*shape_of(x)[:-1], 1), dtype=dtype_of(x))
    held = np.concatenate([nothing, x, -x] if sine else [nothing, x], axis=-1)
    spectrum = RFFT(held[..., source], axis=len(shape_of(x)) - 1, norm="backward")
    return -spectrum[1][..., results] if sine else spectrum[0][..., results]


def _ends(x: Any, which: tuple[int, ...], back: bool) -> Any:
    """Some entries times the root of 2, or divided by it."""
    if not which:
        return x
    n = shape_of(x)[-1]
    chosen = np.isin(np.arange(n), [i % n for i in which])
    return np.where(chosen, x / _ROOT if back else x * _ROOT, x)


def _transform(sine: bool, inverse: bool) -> Any:
    def adapter(
        x: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, *, orthogonalize: bool | None = None
    ) -> Any:
        if type not in _INVERSE or dtype_of(x).kind == "c":
            raise TypeError("followed are types 1 to 4 of real arrays: take the real and the imaginary part one by one")
        type = _INVERSE[type] if inverse else type
        norm = norm or "backward"
        line = np.moveaxis(x, axis, -1)
        line = fitted(line, shape_of(line)[-1] if n is None else n, len(shape_of(x)) - 1)
        even = norm == "ortho" if orthogonalize is None else orthogonalize
        last = -1 if sine else 0
        before = {1: () if sine else (0, -1), 2: (), 3: (last,), 4: ()}[type] if even else ()
        after = {1: () if sine else (0, -1), 2: (last,), 3: (), 4: ()}[type] if even else ()
        found = _ends(_unscaled(_ends(line, before, back=False), type, sine), after, back=True)
        period = 2 * (shape_of(line)[-1] + (0 if type > 1 else 1 if sine else -1))
        if norm == "ortho":
            found = found / Exact(f"sqrt({period})", period**0.5, lambda m: m.sqrt(m.constant(period)))
        elif norm == ("backward" if inverse else "forward"):
            found = found / float(period)
        return np.moveaxis(found, -1, axis)

    return adapter


SCIPY: dict[str, Any] = {
    **FOURIER, "dct": _transform(sine=False, inverse=False), "idct": _transform(sine=False, inverse=True),
    "dst": _transform(sine=True, inverse=False), "idst": _transform(sine=True, inverse=True),
}  # fmt: skip
