"""Gradient descent until a stopping rule holds: squared error, maximum likelihood and a small network (S2, S3; C18, C21)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import expit

from gradcheck.errors import UsageError
from gradcheck.gradients.functional import value_and_grad
from gradcheck.studies.study import Chart, Column, Statement, Study, Table, Weighed

Progress = Callable[[str], None]
EARLY = 20  # steps in which the loss must fall at every one: later ones may lie below the rounding of the loss


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """A finished descent: the loss before every step and at the end, the gradient's norm there, the weights, and whether the rule stopped it."""

    curve: list[float]
    norm: float
    weights: tuple[Any, ...]
    stopped: bool

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.curve) - 1

    def falls(self, steps: int = EARLY) -> bool:
        """Whether each of the first steps lowered the loss."""
        first = self.curve[:steps]
        return all(b < a for a, b in pairwise(first))


def descend(
    function: Callable[..., Any], weights: Sequence[Any], data: Sequence[Any] = (), *, rate: float, tolerance: float, limit: int
) -> Descent:
    """weights := weights - rate * gradient until the norm of the gradient falls to `tolerance`, or `limit` losses were computed.

    `function(*weights, *data)` is the loss; the weights are floats and float arrays. Ends at once where the loss is not finite. Raises
    UsageError for a limit below 1.
    """
    if limit < 1:
        raise UsageError(f"limit={limit}: expected how many losses may be computed, at least 1")
    loss_and_gradient, curve, now = value_and_grad(function, tuple(range(len(weights)))), [], tuple(weights)
    for _ in range(limit):
        loss, gradient = loss_and_gradient(*now, *data)
        curve.append(float(loss))
        norm = math.sqrt(sum(float(np.sum(g**2)) for g in gradient))
        if norm <= tolerance or not math.isfinite(norm):
            break
        now = tuple(w - rate * g for w, g in zip(now, gradient, strict=True))
    return Descent(curve, norm, now, norm <= tolerance)


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """What is trained, from where, on which data, at which rate, and when it ends."""

    name: str
    loss: Callable[..., Any]
    start: tuple[Any, ...]
    data: tuple[Any, ...]
    rate: float
    tolerance: float
    limit: int

    def descent(self, loss: Callable[..., Any] | None = None) -> Descent:
        """The training done; `loss` is another way to write what is trained, such as a case."""
        return descend(loss or self.loss, self.start, self.data, rate=self.rate, tolerance=self.tolerance, limit=self.limit)


T = np.linspace(-1.0, 1.0, 9)
SINE = np.sin(2.0 * T) + 0.1 * np.cos(17.0 * T)  # a curve and a ripple, by formula
PLACES = np.stack([np.cos(2.4 * T) + 0.4 * T, np.sin(5.0 * T)], axis=1)
SIDES = (PLACES[:, 0] - 0.6 * PLACES[:, 1] + 0.5 * np.sin(40.0 * T) > 0.3).astype(int)  # not separable: weights stay finite


def line_squared_error(theta: Any, t: Any, y: Any) -> Any:
    """Mean squared error of a straight line."""
    return np.mean((theta[0] + theta[1] * t - y) ** 2) / 2


def labels_negative_log_likelihood(w: Any, b: Any, x: Any, y: Any) -> Any:
    """Minus the mean log-likelihood of labels under a sigmoid of a linear score."""
    p = expit(x @ w + b)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def curve_fit(W: Any, b: Any, v: Any, t: Any, y: Any) -> Any:
    """Squared error of a network with three tanh units, fitted to a curve."""
    a = np.tanh(np.outer(t, W) + b)
    return np.mean((a @ v - y) ** 2) / 2


NET = (np.array([1.1, -0.8, 0.5]), np.array([0.2, -0.1, 0.3]), np.array([0.7, -0.6, 0.4]))
LINE = Training("squared error", line_squared_error, (np.zeros(2),), (T, SINE), 1.0, 1e-10, 500)
LIKELIHOOD = Training("maximum likelihood", labels_negative_log_likelihood, (np.zeros(2), 0.0), (PLACES, SIDES), 1.0, 1e-6, 2000)
NETWORK = Training("small network", curve_fit, NET, (T, SINE), 0.8, 1e-3, 4000)
TRAININGS = (LINE, LIKELIHOOD, NETWORK)


def training(*, trainings: Sequence[Training] = TRAININGS, seed: int = 0, progress: Progress = lambda what: None) -> Study:
    """Loss curves of every training, and whether each is stopped by its rule after falling. Nothing is drawn, so the seed does not matter."""
    done = []
    for t in trainings:
        progress(t.name)
        done.append((t, t.descent()))
    statements = tuple(_statement(t, d) for t, d in done)
    return Study("training", "Training by gradient descent", QUESTION, (_summary(done), _curves(done)), statements, (_chart(done),))


QUESTION = "Do losses fall under gradient descent with gradients of the tape, until the rule |gradient| <= tolerance stops it?"


def written(curve: Sequence[float]) -> str:
    """The loss at the start, after 1, 4 and 16 steps, and at the end."""
    return " > ".join(f"{curve[i]:.4g}" for i in (0, 1, 4, 16, -1) if i < len(curve))


def _statement(training: Training, descent: Descent) -> Statement:
    shown = descent.stopped and descent.steps > 0 and descent.falls() and descent.curve[-1] < descent.curve[0]
    verdict: Weighed = "shown" if shown else "refuted"
    ended = (
        f"stopped by the rule |gradient| <= {training.tolerance:g}"
        if descent.stopped
        else f"not stopped by the rule |gradient| <= {training.tolerance:g}"
    )
    text = f"loss {written(descent.curve)}; {ended} after {descent.steps} steps"
    values = {"steps": float(descent.steps), "first": descent.curve[0], "last": descent.curve[-1], "gradient_norm": descent.norm}
    return Statement(f"{training.name}: the loss falls until the rule stops it", verdict, text, values)


def _summary(done: Sequence[tuple[Training, Descent]]) -> Table:
    columns = (
        Column("training", "training"), Column("rate", "rate"), Column("tolerance", "stops at |gradient|"), Column("limit", "at most", "steps"),
        Column("steps", "steps"), Column("first", "first loss"), Column("last", "last loss"), Column("norm", "|gradient| at the end"),
    )  # fmt: skip
    rows = ((t.name, t.rate, t.tolerance, t.limit, d.steps, d.curve[0], d.curve[-1], d.norm) for t, d in done)
    return Table("summary", "Trainings", columns, tuple(rows))


def _curves(done: Sequence[tuple[Training, Descent]]) -> Table:
    columns = (Column("training", "training"), Column("step", "step"), Column("loss", "loss"))
    return Table("curves", "Loss before every step", columns, tuple((t.name, k, loss) for t, d in done for k, loss in enumerate(d.curve)))


def _chart(done: Sequence[tuple[Training, Descent]]) -> Chart:
    ends = "; ".join(f"{t.name}: from {d.curve[0]:.3g} to {d.curve[-1]:.3g} in {d.steps} steps" for t, d in done)
    return Chart(
        "curves", "Loss against steps", "curves", "step", "loss", "training", x_scale="linear",
        caption="The loss before every step of gradient descent, until the gradient is as small as the stopping rule asks.",
        reading=f"One curve for each training. {ends}.",
    )  # fmt: skip
