"""Backwards of PyTorch that break one part of their contract each, with values that are otherwise right: each is rejected, and by that part."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make test-all installs it")

from torch.autograd import Function  # noqa: E402

from gradcheck import check_torch  # noqa: E402
from gradcheck.frameworks import torch_contract  # noqa: E402


class Square(Function):
    """x * x, right."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * g * x


class ChangesTheCotangent(Square):
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g.mul_(2 * x)


class ChangesItsInput(Square):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x.clone())
        y = x * x
        x.data.add_(1)
        return y


class ChangesWhatItSaved(Square):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x.clone())
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x.data.mul_(2)


class CountsItsCalls(Square):
    calls = 0

    @staticmethod
    def backward(ctx, g):
        CountsItsCalls.calls += 1
        return Square.backward(ctx, g) * (1 + (CountsItsCalls.calls % 2))


class NeedsOneBlock(Square):
    @staticmethod
    def backward(ctx, g):
        return Square.backward(ctx, g.view(-1).view(g.shape))


class ReadsMemory(Square):
    @staticmethod
    def backward(ctx, g):
        return Square.backward(ctx, g if g.stride() == (0, 0) else torch.as_strided(g, g.shape, (g.shape[1], 1)))


class AnotherShape(Square):
    @staticmethod
    def backward(ctx, g):
        return Square.backward(ctx, g).sum(0)


class OneTooMany(Square):
    @staticmethod
    def backward(ctx, g):
        return Square.backward(ctx, g), g


class Raises(Square):
    @staticmethod
    def backward(ctx, g):
        raise ValueError("no")


class NotLinear(Square):
    @staticmethod
    def backward(ctx, g):
        return Square.backward(ctx, g.clamp(-100, 100))


class MissesTheZero(Square):
    @staticmethod
    def backward(ctx, g):
        return Square.backward(ctx, g) + (g == 0).to(g.dtype)


class Product(Function):
    """a * b, right."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return g * b, g * a


class ForgetsWhatIsNeeded(Product):
    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return g * b, (g * a if ctx.needs_input_grad[0] else 0 * g)


class NothingForB(Product):
    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[1], None


class Both(Function):
    """x^2 and x^3, right."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.set_materialize_grads(False)
        return x * x, x * x * x

    @staticmethod
    def backward(ctx, g, h):
        (x,) = ctx.saved_tensors
        return (0 if g is None else 2 * g * x) + (0 if h is None else 3 * h * x * x)


class NeedsBoth(Both):
    @staticmethod
    def backward(ctx, g, h):
        (x,) = ctx.saved_tensors
        return 2 * g * x + 3 * h * x * x


class DoublesOneAlone(Both):
    @staticmethod
    def backward(ctx, g, h):
        return Both.backward(ctx, g, h) * (1 if g is not None and h is not None else 2)


X = torch.tensor([[0.7, -1.3], [0.4, 1.9], [-0.6, 0.3]], dtype=torch.float64)
PAIR = (X, X.flip(0).contiguous() + 1)
BREAKS = [
    (ChangesTheCotangent, (X,), "mutates-cotangent"),
    (ChangesItsInput, (X,), "mutates-input"),
    (ChangesWhatItSaved, (X,), "non-deterministic"),
    (CountsItsCalls, (X,), "non-deterministic"),
    (NeedsOneBlock, (X,), "raises"),
    (ReadsMemory, (X,), "layout"),
    (AnotherShape, (X,), "shape"),
    (OneTooMany, (X,), "shape"),
    (Raises, (X,), "raises"),
    (NotLinear, (X,), "nonlinear"),
    (MissesTheZero, (X,), "missing-cotangent"),
    (ForgetsWhatIsNeeded, PAIR, "needs-input-grad"),
    (NothingForB, PAIR, "missing-path"),
    (NeedsBoth, (X,), "raises"),
    (DoublesOneAlone, (X,), "unused-output"),
]


@pytest.mark.parametrize("function", [Square, Product, Both])
def test_the_right_ones_are_right(function):
    assert check_torch(function, at=PAIR if function is Product else (X,)).outcome == "right"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize(("function", "at", "kind"), [pytest.param(*b, id=b[0].__name__) for b in BREAKS])
def test_what_breaks_the_contract_is_wrong(function, at, kind, dtype):
    verdict = check_torch(function, at=tuple(a.to(dtype) for a in at))
    assert verdict.outcome == "wrong"
    assert kind in verdict.kinds or (kind == "missing-path" and "none" in verdict.kinds), verdict


@pytest.mark.parametrize(("test", "function", "at"), [
    pytest.param("_touched", ChangesTheCotangent, (X,), id="touched"),
    pytest.param("_twice", ChangesWhatItSaved, (X,), id="twice"),
    pytest.param("_layouts", ReadsMemory, (X,), id="layouts"),
    pytest.param("_alone", ForgetsWhatIsNeeded, PAIR, id="alone"),
    pytest.param("_one_output", DoublesOneAlone, (X,), id="one output"),
])  # fmt: skip
def test_each_part_is_needed(monkeypatch, test, function, at):
    """Without its part of the contract, each of these passes, or is found by accident and told as something else."""
    (kind, *_) = check_torch(function, at=at).kinds
    monkeypatch.setattr(torch_contract, test, lambda *given: ())
    assert kind not in check_torch(function, at=at).kinds
