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


def rotate_back(r: Any, x: Any, g: Any) -> tuple[Any, Any]:
    """Cotangents of r and x from the cotangent g of rotate(r, x); r may be a single row."""
    angle = np.sqrt(np.sum(r * r, axis=1))[:, None]
    w, c, s = r / angle, np.cos(angle), np.sin(angle)
    across, along, back = np.cross(w, x), np.sum(w * x, axis=1)[:, None], np.sum(w * g, axis=1)[:, None]
    of_x = g * c - np.cross(w, g) * s + w * (back * (1.0 - c))
    of_angle = np.sum(g * (across * c - x * s + w * (along * s)), axis=1)[:, None]
    of_w = np.cross(x, g) * s + (1.0 - c) * (along * g + back * x)
    return (of_w - w * np.sum(w * of_w, axis=1)[:, None]) / angle + w * of_angle, of_x
