"""Gradients of TensorFlow, judged: functions with a rule of their own (tf.custom_gradient), and whatever tf.GradientTape differentiates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradcheck.case import Case
from gradcheck.domains import Domain
from gradcheck.errors import UsageError
from gradcheck.frameworks.judging import judge
from gradcheck.frameworks.leaves import Leaves, all_taken_apart, name_of, points_of
from gradcheck.frameworks.subject import Subject, needed
from gradcheck.precision import PRECISIONS
from gradcheck.verdicts.positions import Argnums
from gradcheck.verdicts.verdict import Verdict

Function = Callable[..., Any]


def check_tensorflow(
    f: Function,
    at: Any = None,
    *,
    numpy: Function | Case | None = None,
    argnums: Argnums | None = None,
    search: bool | Literal["hypothesis"] = False,
    digits: float | None = None,
    domain: Mapping[str, Domain] | None = None,
    seed: int = 0,
) -> Verdict:
    """Judge the gradient that TensorFlow's tape gives of a function of tensors: of a `tf.custom_gradient`, under `tf.function` too, or of plain operations.

    `at` is a tuple of the function's arguments, arrays or tensors, a dict by name, or a list of such points; they may be nested in tuples, lists and dicts. With `numpy`,
    a NumPy twin of the function (or a case), truth is certified; without it, differences decide as far as their error bounds reach: TensorFlow's graphs are
    not read. Results that are tensors are judged by their vector-Jacobian products. The other options are those of `check`.
    """
    needed("tensorflow", "check_tensorflow", "TensorFlow", "tensorflow")
    leaves, points = all_taken_apart(f, points_of(f, at), argnums)
    program = _Program(f, leaves)
    untwinned = "TensorFlow's graphs are not read: give a NumPy twin (numpy=...) for a certified truth"
    subject = Subject("TensorFlow", name_of(f), leaves.names, program.value, program.vjp, leaves.precision, leaves.twin(numpy), untwinned)
    return judge(subject, points, argnums=leaves.chosen, search=search, digits=digits, domain=domain, seed=seed)


@dataclass(frozen=True, slots=True, eq=False)
class _Program:
    """A function of tensors, of its arguments' leaves."""

    function: Function
    leaves: Leaves

    def value(self, *arrays: Any) -> Any:
        return _carried(self._flat(self._tensors(arrays)))

    def vjp(self, arrays: tuple[Any, ...], cotangent: Any, argnums: tuple[int, ...]) -> tuple[Any, ...]:
        import tensorflow as tf

        tensors = self._tensors(arrays)
        watched = [tensors[i] for i in argnums]
        with tf.GradientTape() as tape:
            for tensor in watched:
                tape.watch(tensor)
            value = self._flat(tensors)
        weights = tf.cast(tf.reshape(tf.constant(np.asarray(cotangent)), tf.shape(value)), value.dtype)
        found = tape.gradient(value, watched, output_gradients=weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tuple(_carried(tf.convert_to_tensor(g)) for g in found)

    def _tensors(self, arrays: Sequence[Any]) -> list[Any]:
        import tensorflow as tf

        given = self.leaves.theirs(arrays)
        return [tf.constant(a) if t is not None or isinstance(a, np.ndarray) else a for a, t in zip(given, self.leaves.types, strict=True)]

    def _flat(self, tensors: Sequence[Any]) -> Any:
        """The float results as one tensor, end to end."""
        import tensorflow as tf

        results = tf.nest.flatten(self.function(*self.leaves.layout.arguments(tensors)))
        floats = [r for r in map(tf.convert_to_tensor, results) if r.dtype.is_floating]
        if not floats:
            raise UsageError(f"{name_of(self.function)} returns no floats, and only floats have a gradient")
        return floats[0] if len(floats) == 1 else tf.concat([tf.reshape(r, [-1]) for r in floats], axis=0)


def _carried(tensor: Any) -> Any:
    array = np.asarray(tensor)
    return array.astype(PRECISIONS[array.dtype.name].carrier)[()]
