"""Writing a verified gradient as source: the public function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from gradcheck.case import Case
from gradcheck.codegen.bodies import General, body_at
from gradcheck.codegen.dialects import DIALECTS
from gradcheck.codegen.numpy_module import Written, setting_of, write_numpy
from gradcheck.codegen.shapes import Sizes
from gradcheck.codegen.statements import UnwritableError
from gradcheck.codegen.subject import Subject, require_finite, subject_of
from gradcheck.codegen.verify import Verified, run_source, verified
from gradcheck.errors import GradientError, UsageError

Target = Literal["numpy", "torch", "jax"]


def write_backward(
    case: Case | Callable[..., Any],
    at: Any = None,
    target: Target = "numpy",
    *,
    argnums: Sequence[int] | int | None = None,
    value: bool = False,
    test: bool = True,
    seed: int = 0,
) -> str:
    """The verified gradient of a case, or of a function at points, as source to paste.

    `target` is "numpy" for a module of plain NumPy, "torch" for a torch.autograd.Function, "jax" for a jax.custom_vjp. `at` is a tuple of
    arguments, or a list of them, as for `check`; a case brings its own. `value` writes a function that returns value and gradient together,
    `test=False` leaves the test out. A function that returns an array gets its vector-Jacobian product.

    What is written has been run and judged at the points, at drawn ones and, where sizes are free, at other sizes. Raises GradientError where
    it is not right, UsageError for what no source is written of, TraceError where the function cannot be followed.
    """
    if target not in DIALECTS:
        raise UsageError(f"target={target!r}: expected one of {', '.join(map(repr, DIALECTS))}")
    subject = subject_of(case, at, argnums, seed)
    require_finite(subject)
    try:
        if target == "numpy":
            written, found = verified_numpy(subject, value=value)
            return written.source(found, test=test)
        from gradcheck.codegen.frameworks import write_for

        return write_for(subject, target, test=test)
    except UnwritableError as error:
        raise UsageError(f"{subject.name}: {error}: no source can be written; grad({subject.name}) computes the gradient") from None


def verified_numpy(subject: Subject, *, value: bool = False) -> tuple[Written, Verified]:
    """NumPy source, judged; what holds for any size after all only for the point's own, for these."""
    written = write_numpy(subject, value=value)
    try:
        return written, judged_source(written)
    except GradientError:
        if not written.general.sizes.groups:
            raise
    here = body_at(subject, subject.points[0], setting_of(subject, written.own, value=value))
    plain = Written(subject, General(here, Sizes()), written.own, value)
    return plain, judged_source(plain)


def judged_source(written: Written) -> Verified:
    """Run the source and judge what it defines. GradientError unless it is right."""
    scope = run_source(written.source(), written.subject.name)
    both = scope.get(written.both)
    value = scope[written.subject.name] if both is None else lambda *point: both(*point)[0]
    return verified(written.subject, value, scope[written.name], written.general.sizes)
