"""Rotations by an axis-angle vector (Rodrigues), and their adjoint by hand."""

from __future__ import annotations

from typing import Any

import numpy as np


def rotate(m: Any, r: Any, x: Any) -> Any:
    """Each row of x turned about the same row of r, by its length: x cos + (w * x) sin + w (w.x)(1 - cos), w the unit axis."""
    angle = m.sqrt(m.sum(r * r, axis=1))[:, None]
    w = r / angle
    c = m.cos(angle)
    return x * c + m.cross(w, x) * m.sin(angle) + w * (m.sum(w * x, axis=1)[:, None] * (1.0 - c))


def rotated(r: Any, x: Any) -> tuple[Any, Any]:
    """rotate(r, x) in NumPy, and what its adjoint needs of it."""
    angle = np.sqrt(inner(r, r))
    w, c, s = r / angle, np.cos(angle), np.sin(angle)
    across, along = np.cross(w, x), inner(w, x)
    return x * c + across * s + w * (along * (1.0 - c)), (x, angle, w, c, s, across, along)


def rotated_back(kept: Any, g: Any) -> tuple[Any, Any]:
    """Cotangents of r and x from the cotangent g of rotate(r, x)."""
    x, angle, w, c, s, across, along = kept
    rest, back = 1.0 - c, inner(w, g)
    of_x = g * c - np.cross(w, g) * s + w * (back * rest)
    of_angle = inner(g, across) * c - inner(g, x) * s + along * back * s
    of_w = np.cross(x, g) * s + rest * (along * g + back * x)
    return (of_w - w * inner(w, of_w)) / angle + w * of_angle, of_x


def inner(a: Any, b: Any) -> Any:
    """The inner product of each row with the same row of b, as a column."""
    return np.einsum("ij,ij->i", a, b)[:, None]


def summed_at(rows: Any, at: Any, count: int) -> Any:
    """`count` rows of zeros to which each row is added at its number; counting is much faster than np.add.at."""
    width = rows.shape[1]
    places = (at[:, None] * width + np.arange(width)).ravel()
    return np.bincount(places, weights=rows.ravel(), minlength=count * width).reshape(count, width)
