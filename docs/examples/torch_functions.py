"""Custom PyTorch functions, each right and with the mistakes that are made in such code.

`EXAMPLES` lists them with their arguments: `check_torch(example.function, at=example.at(torch.float32))`. The guide is docs/how-to/torch.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd import Function

ALL = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
WIDE = (torch.float64, torch.float32)


# x * sigmoid(x)
class Swish(Function):
    @staticmethod
    def forward(ctx, x):
        s = torch.sigmoid(x)
        y = x * s
        ctx.save_for_backward(x, s)
        return y

    @staticmethod
    def backward(ctx, g):
        x, s = ctx.saved_tensors
        return g * s * (1 + x * (1 - s))


class SwishForgetsTheProduct(Swish):
    @staticmethod
    def backward(ctx, g):
        x, s = ctx.saved_tensors
        return g * x * s * (1 - s)


class SwishUsesTheCotangentTwice(Swish):
    @staticmethod
    def backward(ctx, g):
        x, s = ctx.saved_tensors
        return g * s + g * g * x * s * (1 - s)


class SwishChangesTheCotangent(Swish):
    @staticmethod
    def backward(ctx, g):
        x, s = ctx.saved_tensors
        return g.mul_(s * (1 + x * (1 - s)))


class SwishChangesWhatItSaved(Swish):
    @staticmethod
    def backward(ctx, g):
        x, s = ctx.saved_tensors
        rest = s.data.neg_().add_(1)  # behind autograd's back
        return g * (1 - rest) * (1 + x * rest)


# a layer normalisation with weight and bias
class LayerNorm(Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        mean = x.mean(-1, keepdim=True)
        scale = torch.rsqrt(x.var(-1, unbiased=False, keepdim=True) + 1e-5)
        z = (x - mean) * scale
        ctx.save_for_backward(z, scale, weight)
        return z * weight + bias

    @staticmethod
    def backward(ctx, g):
        z, scale, weight = ctx.saved_tensors
        dz = g * weight
        dx = scale * (dz - dz.mean(-1, keepdim=True) - z * (dz * z).mean(-1, keepdim=True))
        return dx, (g * z).sum(0), g.sum(0)


class LayerNormForgetsTheVariance(LayerNorm):
    @staticmethod
    def backward(ctx, g):
        z, scale, weight = ctx.saved_tensors
        dz = g * weight
        return scale * (dz - dz.mean(-1, keepdim=True)), (g * z).sum(0), g.sum(0)


class LayerNormTakesTheMeanOverRows(LayerNorm):
    @staticmethod
    def backward(ctx, g):
        dx, dweight, dbias = LayerNorm.backward(ctx, g)
        return dx, dweight / len(g), dbias


# the mean cross-entropy of rows of logits
class CrossEntropy(Function):
    @staticmethod
    def forward(ctx, logits, target):
        logp = torch.log_softmax(logits, 1)
        rows = torch.arange(len(target))
        ctx.save_for_backward(logp, target)
        return -logp[rows, target].mean()

    @staticmethod
    def backward(ctx, g):
        logp, target = ctx.saved_tensors
        p = torch.exp(logp)
        p[torch.arange(len(target)), target] -= 1
        return g * p / len(target), None


class CrossEntropyForgetsTheMean(CrossEntropy):
    @staticmethod
    def backward(ctx, g):
        p, nothing = CrossEntropy.backward(ctx, g)
        return p * len(p), nothing


class CrossEntropyForgetsTheCotangent(CrossEntropy):
    @staticmethod
    def backward(ctx, g):
        return CrossEntropy.backward(ctx, torch.ones_like(g))


# x W^T + b
class Linear(Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return x @ weight.T + bias

    @staticmethod
    def backward(ctx, g):
        x, weight = ctx.saved_tensors
        return g @ weight, g.T @ x, g.sum(0)


class LinearTransposed(Linear):
    @staticmethod
    def backward(ctx, g):
        x, weight = ctx.saved_tensors
        return g @ weight.T, g.T @ x, g.sum(0)


class LinearForgetsToSum(Linear):
    @staticmethod
    def backward(ctx, g):
        x, weight = ctx.saved_tensors
        return g @ weight, g.T @ x, g[0]


class LinearReturnsNoneForTheBias(Linear):
    @staticmethod
    def backward(ctx, g):
        x, weight = ctx.saved_tensors
        return g @ weight, g.T @ x, None


# rows of a table by index, some of them twice
class Rows(Function):
    @staticmethod
    def forward(ctx, table, index):
        ctx.save_for_backward(index)
        ctx.shape = table.shape
        return table[index]

    @staticmethod
    def backward(ctx, g):
        (index,) = ctx.saved_tensors
        return g.new_zeros(ctx.shape).index_add(0, index, g), None


class RowsOverwrite(Rows):
    @staticmethod
    def backward(ctx, g):
        (index,) = ctx.saved_tensors
        found = g.new_zeros(ctx.shape)
        found[index] = g
        return found, None


# x / |x|
class Direction(Function):
    @staticmethod
    def forward(ctx, x):
        size = torch.sqrt((x * x).sum(-1, keepdim=True))
        y = x / size
        ctx.save_for_backward(y, size)
        return y

    @staticmethod
    def backward(ctx, g):
        y, size = ctx.saved_tensors
        return (g - y * (g * y).sum(-1, keepdim=True)) / size


class DirectionForgetsTheLength(Direction):
    @staticmethod
    def backward(ctx, g):
        _, size = ctx.saved_tensors
        return g / size


class DirectionReadsMemory(Direction):
    @staticmethod
    def backward(ctx, g):
        flat = g.reshape(-1) if g.stride() == (0, 0) else torch.as_strided(g, (g.numel(),), (1,))  # as a kernel given a pointer does
        return Direction.backward(ctx, flat.reshape(g.shape))


# the inverse of a matrix
class Inverse(Function):
    @staticmethod
    def forward(ctx, a):
        b = torch.linalg.inv(a)
        ctx.save_for_backward(b)
        return b

    @staticmethod
    def backward(ctx, g):
        (b,) = ctx.saved_tensors
        return -b.T @ g @ b.T


class InverseForgetsToTranspose(Inverse):
    @staticmethod
    def backward(ctx, g):
        (b,) = ctx.saved_tensors
        return -b @ g @ b


# 1/6 clip(x + 3, 0, 6), with a constant of few digits
class HardSigmoid(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.clamp(x + 3, 0, 6) / 6

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return torch.where((x > -3) & (x < 3), g / 6, 0 * g)


class HardSigmoidWithFewDigits(HardSigmoid):
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return torch.where((x > -3) & (x < 3), g * 0.1667, 0 * g)


class HardSigmoidClipsOneSide(HardSigmoid):
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return torch.where(x > -3, g / 6, 0 * g)


# a tail whose gradients are small: exp(-x^2 / 2)
class Tail(Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.exp(-0.5 * x * x)
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return -g * x * y


class TailWithTheWrongSign(Tail):
    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * x * y


@dataclass(frozen=True)
class Example:
    """A function, its arguments in float64, the precisions it is meant for, and whether its backward is right."""

    function: type[Function]
    arguments: Callable[[], tuple[Any, ...]]
    dtypes: tuple[torch.dtype, ...] = ALL
    right: bool = True

    @property
    def name(self) -> str:
        return self.function.__name__

    def at(self, dtype: torch.dtype) -> tuple[Any, ...]:
        """The arguments in a precision."""
        return tuple(a.to(dtype) if a.is_floating_point() else a for a in self.arguments())


def tensor(*values: Any) -> Any:
    return torch.tensor(values if len(values) > 1 else values[0], dtype=torch.float64)


def one() -> tuple[Any, ...]:
    return (tensor(0.7, -1.3, 2.1, -0.2),)


def normal() -> tuple[Any, ...]:
    x = tensor([[0.7, -1.3, 2.1], [0.4, 1.9, -0.6]])
    return x, tensor(1.2, 0.8, -0.5), tensor(0.1, -0.3, 0.2)


def logits() -> tuple[Any, ...]:
    return tensor([[0.7, -1.3, 2.1], [0.4, 1.9, -0.6]]), torch.tensor([2, 0])


def layer() -> tuple[Any, ...]:
    return tensor([[0.7, -1.3], [0.4, 1.9], [-0.6, 0.3]]), tensor([[1.2, 0.8], [-0.5, 0.9]]), tensor(0.1, -0.3)


def table() -> tuple[Any, ...]:
    return tensor([[0.7, -1.3], [0.4, 1.9], [-0.6, 0.3]]), torch.tensor([2, 0, 2])


def vectors() -> tuple[Any, ...]:
    return (tensor([[0.7, -1.3, 2.1], [0.4, 1.9, -0.6]]),)


def matrix() -> tuple[Any, ...]:
    return (tensor([[2.0, -0.3], [0.4, 1.9]]),)


def bent() -> tuple[Any, ...]:
    return (tensor(-4.0, -1.1, 0.6, 2.2, 5.0),)


def tail() -> tuple[Any, ...]:
    return (tensor(5.5, -6.0, 5.75),)


EXAMPLES = (
    Example(Swish, one),
    Example(SwishForgetsTheProduct, one, right=False),
    Example(SwishUsesTheCotangentTwice, one, right=False),
    Example(SwishChangesTheCotangent, one, right=False),
    Example(SwishChangesWhatItSaved, one, right=False),
    Example(LayerNorm, normal),
    Example(LayerNormForgetsTheVariance, normal, right=False),
    Example(LayerNormTakesTheMeanOverRows, normal, right=False),
    Example(CrossEntropy, logits),
    Example(CrossEntropyForgetsTheMean, logits, right=False),
    Example(CrossEntropyForgetsTheCotangent, logits, right=False),
    Example(Linear, layer),
    Example(LinearTransposed, layer, right=False),
    Example(LinearForgetsToSum, layer, right=False),
    Example(LinearReturnsNoneForTheBias, layer, right=False),
    Example(Rows, table),
    Example(RowsOverwrite, table, right=False),
    Example(Direction, vectors),
    Example(DirectionForgetsTheLength, vectors, right=False),
    Example(DirectionReadsMemory, vectors, right=False),
    Example(Inverse, matrix, WIDE),
    Example(InverseForgetsToTranspose, matrix, WIDE, right=False),
    Example(HardSigmoid, bent),
    Example(HardSigmoidWithFewDigits, bent, WIDE, right=False),
    Example(HardSigmoidClipsOneSide, bent, right=False),
    Example(Tail, tail),
    Example(TailWithTheWrongSign, tail, right=False),
)
