"""Every operation of the ATen table, against PyTorch: the same value, and PyTorch's own gradient found right by certified truth."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make test-all installs it")

from gradcheck import check_torch  # noqa: E402
from gradcheck.frameworks.aten import TABLE  # noqa: E402

F = torch.nn.functional
RNG = np.random.default_rng(3)


def draw(*shape, low=-2.0, high=2.0):
    return torch.tensor(RNG.uniform(low, high, shape))


def positive(*shape):
    return draw(*shape, low=0.3, high=2.5)


def inside(*shape):
    return draw(*shape, low=-0.9, high=0.9)


def spd(n):
    a = draw(n, n)
    return a @ a.T + n * torch.eye(n, dtype=torch.float64)


I = torch.tensor([2, 0, 1, 0])  # noqa: E741
ANY = ["abs", "neg", "exp", "exp2", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "asinh", "square", "erf", "erfc", "sigmoid", "sinc", "ceil", "floor", "trunc", "frac", "sign", "sgn", "round", "positive", "deg2rad", "rad2deg", "relu", "i0", "nan_to_num", "isnan", "isinf", "isfinite"]  # fmt: skip
POSITIVE = ["log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal", "lgamma"]
INSIDE = ["asin", "acos", "atanh", "erfinv"]
SPECIAL = ["i0e", "i1", "i1e", "ndtr", "log_ndtr", "erfcx", "entr", "xlog1py"]
LAYERS = ["gelu", "silu", "mish", "softplus", "elu", "celu", "selu", "hardtanh", "hardswish", "hardshrink", "softshrink", "leaky_relu", "relu6", "logsigmoid", "softsign", "tanhshrink"]  # fmt: skip
BOTH = ["add", "sub", "mul", "div", "maximum", "minimum", "fmax", "fmin", "atan2", "hypot", "logaddexp", "logaddexp2", "remainder", "fmod", "copysign", "xlogy"]  # fmt: skip

CASES = (
    [pytest.param(lambda x, n=n: getattr(torch, n)(x) * x, (draw(4),), id=n) for n in ANY]
    + [pytest.param(getattr(torch, n), (positive(4),), id=n) for n in POSITIVE]
    + [pytest.param(getattr(torch, n), (inside(4),), id=n) for n in INSIDE]
    + [pytest.param(getattr(torch.special, n), (positive(3), positive(3))[: 2 if n == "xlog1py" else 1], id=n) for n in SPECIAL]
    + [pytest.param(getattr(F, n), (draw(5),), id=n) for n in LAYERS]
    + [pytest.param(getattr(torch, n), (positive(2, 3), positive(3)), id=n) for n in BOTH]
    + [
        pytest.param(f, args, id=name)
        for name, f, args in [
            ("floor-divide", lambda a, b: torch.floor_divide(a.detach(), b.detach()) * b, (positive(3), positive(3))),
            ("acosh", torch.acosh, (positive(3) + 1,)),
            ("polygamma", lambda x: torch.polygamma(2, x), (positive(3),)),
            ("logit", torch.logit, (draw(3, low=0.1, high=0.9),)),
            ("logit-eps", lambda x: torch.logit(x, 0.2), (draw(5, low=0.01, high=0.9),)),
            ("gelu-tanh", lambda x: F.gelu(x, approximate="tanh"), (draw(4),)),
            ("round-decimals", lambda x: torch.round(x, decimals=1) * x, (draw(4),)),
            ("add-alpha", lambda a, b: torch.add(a, b, alpha=3), (draw(3), draw(3))),
            ("sub-alpha", lambda a, b: torch.sub(a, b, alpha=3), (draw(3), draw(3))),
            ("rsub", lambda a: 3 - a, (draw(3),)),
            ("rdiv", lambda a: 3 / a, (positive(3),)),
            ("div-floor", lambda a, b: torch.div(a, b, rounding_mode="floor") * a, (positive(3), positive(3))),
            ("div-trunc", lambda a, b: torch.div(a, b, rounding_mode="trunc") * a, (positive(3), positive(3))),
            ("pow-scalar", lambda a: a**3, (draw(3),)),
            ("pow-half", lambda a: a**0.5, (positive(3),)),
            ("pow-base", lambda a: 2**a, (draw(3),)),
            ("pow-tensor", torch.pow, (positive(3), draw(3))),
            ("lerp", torch.lerp, (draw(3), draw(3), draw(3))),
            ("addcmul", lambda a, b, c: torch.addcmul(a, b, c, value=2), (draw(3), draw(3), draw(3))),
            ("addcdiv", lambda a, b, c: torch.addcdiv(a, b, c, value=2), (draw(3), draw(3), positive(3))),
            ("where", lambda a, b: torch.where(a > b, a, b * b), (draw(5), draw(5))),
            ("clamp", lambda a: torch.clamp(a, -0.5, 0.7), (draw(5),)),
            ("clamp-min", lambda a: torch.clamp(a, min=-0.5), (draw(5),)),
            ("clamp-tensor", lambda a, b: torch.clamp(a, max=b), (draw(5), draw(5))),
            ("masked-fill", lambda a: a.masked_fill(a > 0, 3.0) * a, (draw(5),)),
            ("bitwise", lambda a: torch.where((a > 0) & ~(a > 1) | (a < -1), a * a, a), (draw(6),)),
            ("xor", lambda a: torch.where((a > 0) ^ (a > 1), a * a, a), (draw(6),)),
            ("logical", lambda a: torch.where(torch.logical_and(a > 0, a < 1), a * a, a), (draw(6),)),
            ("comparisons", lambda a: a * (a >= 0) + a * a * (a < 0) * (a != 1) + (a == 2), (draw(6),)),
            ("prelu", F.prelu, (draw(2, 3), positive(3))),
            ("threshold", lambda a: F.threshold(a, 0.3, -1.0), (draw(5),)),
            ("glu", F.glu, (draw(2, 4),)),
            ("sum", torch.sum, (draw(2, 3),)),
            ("sum-dim", lambda x: x.sum((0, 2), keepdim=True), (draw(2, 3, 2),)),
            ("mean", lambda x: x.mean(-1), (draw(2, 3),)),
            ("nansum", lambda x: torch.nansum(x * x, 0), (draw(2, 3),)),
            ("prod", lambda x: x.prod(1), (draw(2, 3),)),
            ("prod-all", torch.prod, (draw(2, 3),)),
            ("amax", lambda x: x.amax(1), (draw(2, 3),)),
            ("amin", lambda x: x.amin((0, 1)), (draw(2, 3),)),
            ("max", torch.max, (draw(2, 3),)),
            ("max-dim", lambda x: torch.max(x, 1).values, (draw(2, 3),)),
            ("max-dim-gather", lambda x: x.gather(1, torch.max(x, 1, keepdim=True).indices), (draw(2, 3),)),
            ("min-dim", lambda x: torch.min(x, 0)[0], (draw(2, 3),)),
            ("max-other", torch.max, (draw(4), draw(4))),
            ("aminmax", lambda x: torch.aminmax(x), (draw(4),)),
            ("argmax", lambda x: x[torch.argmax(x)], (draw(4),)),
            ("argmin", lambda x: x * torch.argmin(x, 0), (draw(4),)),
            ("var", lambda x: x.var(1), (draw(2, 4),)),
            ("var-all", lambda x: x.var(), (draw(2, 4),)),
            ("var-correction", lambda x: x.var(0, correction=0, keepdim=True), (draw(4, 2),)),
            ("std", lambda x: x.std(1), (draw(2, 4),)),
            ("std-biased", lambda x: torch.std(x, 1, unbiased=False), (draw(2, 4),)),
            ("var-mean", lambda x: torch.var_mean(x, 1), (draw(2, 4),)),
            ("std-mean", lambda x: torch.std_mean(x, dim=0), (draw(2, 4),)),
            ("norm", lambda x: x.norm(), (draw(2, 3),)),
            ("norm-1", lambda x: torch.linalg.vector_norm(x, 1, dim=1), (draw(2, 3),)),
            ("norm-inf", lambda x: torch.linalg.vector_norm(x, float("inf")), (draw(2, 3),)),
            ("norm-3", lambda x: x.norm(3, dim=0), (draw(2, 3),)),
            ("norm-fro", lambda x: torch.linalg.matrix_norm(x), (draw(2, 3),)),
            ("dist", lambda a, b: torch.dist(a, b, 3), (draw(3), draw(3))),
            ("cdist", torch.cdist, (draw(3, 2), draw(4, 2))),
            ("logsumexp", lambda x: torch.logsumexp(x, 1), (draw(2, 3),)),
            ("cumsum", lambda x: torch.cumsum(x, 1), (draw(2, 3),)),
            ("cumprod", lambda x: torch.cumprod(x, 0), (draw(3, 2),)),
            ("sort", lambda x: torch.sort(x, descending=True)[0] * torch.arange(4), (draw(4),)),
            ("sort-stable", lambda x: torch.sort(x, dim=1, stable=True)[0].cumsum(1), (draw(2, 4),)),
            ("argsort", lambda x: x[torch.argsort(x)] * torch.arange(4), (draw(4),)),
            ("topk", lambda x: torch.topk(x, 2)[0], (draw(2, 5),)),
            ("topk-smallest", lambda x: torch.topk(x, 2, dim=0, largest=False).values, (draw(5, 2),)),
            ("kthvalue", lambda x: torch.kthvalue(x, 2).values, (draw(2, 5),)),
            ("median", torch.median, (draw(6),)),
            ("median-dim", lambda x: torch.median(x, 1).values, (draw(2, 5),)),
            ("count-nonzero", lambda x: x * torch.count_nonzero(x > 0), (draw(4),)),
            ("any-all", lambda x: x * (x > 0).any() + x * x * (x > -9).all(), (draw(4),)),
            ("view", lambda x: x.view(3, 2) * torch.arange(2), (draw(2, 3),)),
            ("reshape", lambda x: x.t().reshape(-1), (draw(2, 3),)),
            ("flatten", lambda x: x.flatten(1) @ torch.arange(6.0, dtype=torch.float64), (draw(2, 3, 2),)),
            ("transpose", lambda x: x.transpose(0, 2).cumsum(0), (draw(2, 3, 2),)),
            ("permute", lambda x: x.permute(2, 0, 1).cumsum(1), (draw(2, 3, 2),)),
            ("movedim", lambda x: torch.movedim(x, 0, 2).cumsum(0), (draw(2, 3, 2),)),
            ("expand", lambda x: x.expand(2, -1, 3).cumsum(2), (draw(4, 1),)),
            ("unsqueeze", lambda x: x.unsqueeze(-1) * x.unsqueeze(0), (draw(3),)),
            ("squeeze", lambda x: x.squeeze() * x.squeeze(0).squeeze(-1), (draw(1, 3, 1),)),
            ("slice", lambda x: x[1:, ::2] * x[:1, 1:3], (draw(3, 4),)),
            ("select", lambda x: x[1] * x[-1], (draw(3, 4),)),
            ("narrow", lambda x: x.narrow(1, 1, 2), (draw(3, 4),)),
            ("split", lambda x: x.split(2, 1)[0] * 2 + x.split(2, 1)[1], (draw(3, 4),)),
            ("split-sizes", lambda x: torch.split(x, [1, 3])[1], (draw(4),)),
            ("chunk", lambda x: x.chunk(2)[1] * x.chunk(2)[0], (draw(4),)),
            ("unbind", lambda x: x.unbind(1)[0] * x.unbind(1)[2], (draw(2, 3),)),
            ("cat", lambda a, b: torch.cat([a, b, a], 1).cumsum(1), (draw(2, 1), draw(2, 2))),
            ("stack", lambda a, b: torch.stack([a, b], 1).cumsum(0), (draw(2), draw(2))),
            ("index", lambda x: x[I], (draw(3),)),
            ("index-two", lambda x: x[:, I] * x[0, I], (draw(2, 3),)),
            ("index-mask", lambda x: x[torch.tensor([True, False, True])], (draw(3),)),
            ("masked-select", lambda x: torch.masked_select(x, torch.tensor([True, False, True])), (draw(3),)),
            ("index-select", lambda x: torch.index_select(x, 1, I), (draw(2, 3),)),
            ("gather", lambda x: torch.gather(x, 1, torch.tensor([[0, 0], [2, 1]])), (draw(3, 3),)),
            ("take", lambda x: torch.take(x, I), (draw(2, 3),)),
            ("take-along-dim", lambda x: torch.take_along_dim(x, torch.tensor([[1, 0, 0]]), 0), (draw(2, 3),)),
            ("embedding", lambda w: F.embedding(I, w), (draw(3, 2),)),
            ("flip", lambda x: x.flip(0, 1).cumsum(1), (draw(2, 3),)),
            ("roll", lambda x: x.roll((1, 2), (0, 1)).cumsum(1), (draw(2, 3),)),
            ("roll-flat", lambda x: x.roll(2).cumsum(1), (draw(2, 3),)),
            ("repeat", lambda x: x.repeat(2, 3).cumsum(1), (draw(2),)),
            ("tile", lambda x: torch.tile(x, (2,)).cumsum(0), (draw(2),)),
            ("repeat-interleave", lambda x: x.repeat_interleave(2, 0), (draw(3, 2),)),
            ("pad", lambda x: F.pad(x, (1, 2, 0, 1), value=3.0).cumsum(1), (draw(2, 3),)),
            ("pad-negative", lambda x: F.pad(x, (-1, 2)), (draw(2, 3),)),
            ("pad-reflect", lambda x: F.pad(x, (1, 1), mode="reflect"), (draw(1, 2, 3),)),
            ("tril", lambda x: torch.tril(x, -1) + torch.triu(x), (draw(3, 3),)),
            ("diag", lambda x: torch.diag(x) + torch.diag(x[0])[1], (draw(3, 3),)),
            ("diagonal", lambda x: torch.diagonal(x, 1, 0, 1), (draw(3, 4),)),
            ("diag-embed", lambda x: torch.diag_embed(x, 1), (draw(2, 3),)),
            ("unfold", lambda x: x.unfold(1, 2, 1), (draw(2, 4),)),
            ("outer", torch.outer, (draw(2), draw(3))),
            ("meshgrid", lambda a, b: torch.meshgrid(a, b, indexing="ij")[0] * b, (draw(2), draw(3))),
            ("clone-detach", lambda x: x.clone() * 2, (draw(2),)),
            ("to-float32", lambda x: x.float().double() * x, (torch.tensor([0.5, 1.25], dtype=torch.float64),)),
            ("zeros-like", lambda x: torch.zeros_like(x) + x * torch.ones_like(x) + torch.full_like(x, 2.0), (draw(2),)),
            ("new", lambda x: x.new_zeros(2) + x * x.new_ones(2) + x.new_full((2,), 3.0), (draw(2),)),
            ("made", lambda x: x * torch.arange(1, 3) + torch.linspace(0, 1, 2) + torch.eye(2)[0] + torch.full((2,), 2.0), (draw(2),)),
            ("scatter", lambda x: torch.zeros(3, dtype=x.dtype).scatter(0, torch.tensor([2, 0]), x), (draw(2),)),
            ("scatter-value", lambda x: x.scatter(0, torch.tensor([2, 0]), 1.5) * x, (draw(3),)),
            ("scatter-add", lambda x: torch.scatter_add(x * 2, 0, torch.tensor([0, 0, 1]), x), (draw(3),)),
            ("index-put", lambda x: (x * 2).index_put((torch.tensor([0, 2]),), x[:2]), (draw(3),)),
            ("index-put-add", lambda x: (x * 2).index_put((torch.tensor([0, 0]),), x[:2], accumulate=True), (draw(3),)),
            ("index-add", lambda x: (x * 2).index_add(0, torch.tensor([0, 0]), x[:2], alpha=3), (draw(3),)),
            ("index-copy", lambda x: (x * 2).index_copy(0, torch.tensor([2, 0]), x[:2]), (draw(3),)),
            ("index-fill", lambda x: x.index_fill(0, torch.tensor([2]), 3.0) * x, (draw(3),)),
            ("select-scatter", lambda x: torch.select_scatter(x * 2, x[0], 0, 1), (draw(2, 3),)),
            ("slice-scatter", lambda x: torch.slice_scatter(x * 2, x[:1], 0, 1, 2), (draw(2, 3),)),
            ("in-place", lambda x: x.clone().mul_(2).add_(x).exp_(), (draw(3),)),
            ("writes", lambda x: torch.zeros(3, dtype=x.dtype).index_put_((torch.tensor([0, 2]),), x[:2]).mul_(x), (draw(3),)),
            ("mm", lambda a, b: a @ b, (draw(2, 3), draw(3, 2))),
            ("mv", lambda a, b: a @ b, (draw(2, 3), draw(3))),
            ("dot", torch.dot, (draw(3), draw(3))),
            ("vdot", torch.vdot, (draw(3), draw(3))),
            ("bmm", torch.bmm, (draw(2, 2, 3), draw(2, 3, 2))),
            ("matmul-broadcast", torch.matmul, (draw(2, 1, 2, 3), draw(3, 2))),
            ("addmm", lambda a, b, c: torch.addmm(a, b, c, beta=2, alpha=3), (draw(2, 2), draw(2, 3), draw(3, 2))),
            ("addmv", torch.addmv, (draw(2), draw(2, 3), draw(3))),
            ("baddbmm", torch.baddbmm, (draw(2, 2, 2), draw(2, 2, 3), draw(2, 3, 2))),
            ("addbmm", torch.addbmm, (draw(2, 2), draw(2, 2, 3), draw(2, 3, 2))),
            ("addr", torch.addr, (draw(2, 3), draw(2), draw(3))),
            ("linear", F.linear, (draw(2, 3), draw(4, 3), draw(4))),
            ("einsum", lambda a, b: torch.einsum("bij,bjk->ik", a, b), (draw(2, 2, 3), draw(2, 3, 2))),
            ("trace", torch.trace, (draw(3, 3),)),
            ("kron", torch.kron, (draw(2, 2), draw(2, 2))),
            ("cross", torch.linalg.cross, (draw(2, 3), draw(2, 3))),
            ("inv", torch.linalg.inv, (spd(3),)),
            ("solve", torch.linalg.solve, (spd(3), draw(3, 2))),
            ("solve-vector", torch.linalg.solve, (spd(3), draw(3))),
            ("solve-triangular", lambda a, b: torch.linalg.solve_triangular(a, b, upper=True), (spd(3), draw(3, 2))),
            ("cholesky", lambda a: torch.linalg.cholesky((a + a.T) / 2), (spd(3),)),
            ("cholesky-solve", lambda b, low: torch.cholesky_solve(b, torch.tril(low)), (draw(3, 1), spd(3))),
            ("det", torch.linalg.det, (spd(3),)),
            ("slogdet", lambda a: torch.linalg.slogdet(a)[1], (spd(3),)),
            ("logdet", torch.logdet, (spd(3),)),
            ("qr", lambda a: torch.linalg.qr(a)[1].abs(), (draw(3, 2),)),
            ("eigvalsh", lambda a: torch.linalg.eigvalsh((a + a.T) / 2), (spd(3),)),
            ("svdvals", torch.linalg.svdvals, (draw(3, 2),)),
            ("matrix-power", lambda a: torch.linalg.matrix_power(a, 3), (draw(2, 2),)),
            ("pinv", lambda a: torch.linalg.pinv(a), (draw(3, 2),)),
            ("softmax", lambda x: torch.softmax(x, 1), (draw(2, 3),)),
            ("log-softmax", lambda x: torch.log_softmax(x, 0), (draw(2, 3),)),
            ("softmin", lambda x: F.softmin(x, 0), (draw(3),)),
            ("layer-norm", lambda x, w, b: F.layer_norm(x, (3,), w, b), (draw(2, 3), draw(3), draw(3))),
            ("group-norm", lambda x, w, b: F.group_norm(x, 2, w, b), (draw(2, 4, 3), draw(4), draw(4))),
            ("instance-norm", lambda x: F.instance_norm(x), (draw(2, 2, 4),)),
            ("batch-norm", lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), (draw(4, 2), draw(2), draw(2))),
            ("batch-norm-eval", lambda x, w: F.batch_norm(x, torch.zeros(2, dtype=x.dtype), torch.full((2,), 2.0, dtype=x.dtype), w), (draw(4, 2), draw(2))),
            ("rms-norm", lambda x, w: F.rms_norm(x, (3,), w, eps=1e-5), (draw(2, 3), draw(3))),
            ("normalize", lambda x: F.normalize(x, dim=1), (draw(2, 3),)),
            ("cosine", lambda a, b: F.cosine_similarity(a, b), (draw(2, 3), draw(2, 3))),
            ("conv1d", lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=1), (draw(1, 2, 5), draw(3, 2, 2), draw(3))),
            ("conv2d", lambda x, w: F.conv2d(x, w, padding=1, dilation=2), (draw(1, 2, 4, 4), draw(2, 2, 2, 2))),
            ("conv2d-groups", lambda x, w, b: F.conv2d(x, w, b, groups=2), (draw(1, 2, 3, 3), draw(4, 1, 2, 2), draw(4))),
            ("conv-transpose", lambda x, w: F.conv_transpose1d(x, w, stride=2, padding=1, output_padding=1), (draw(1, 2, 3), draw(2, 3, 3))),
            ("conv-transpose-groups", lambda x, w: F.conv_transpose2d(x, w, groups=2), (draw(1, 2, 2, 2), draw(2, 2, 2, 2))),
            ("avg-pool1d", lambda x: F.avg_pool1d(x, 2), (draw(1, 2, 4),)),
            ("avg-pool2d", lambda x: F.avg_pool2d(x, 2, stride=1, padding=1), (draw(1, 2, 3, 3),)),
            ("max-pool1d", lambda x: F.max_pool1d(x, 2), (draw(1, 2, 4),)),
            ("max-pool2d", lambda x: F.max_pool2d(x, 2, stride=1, padding=1), (draw(1, 1, 3, 3),)),
            ("adaptive-avg-pool", lambda x: F.adaptive_avg_pool2d(x, (2, 2)), (draw(1, 1, 3, 3),)),
            ("nll", lambda x: F.nll_loss(torch.log_softmax(x, 1), torch.tensor([0, 2])), (draw(2, 3),)),
            ("cross-entropy", lambda x: F.cross_entropy(x, torch.tensor([0, 2, -100]), torch.tensor([1.0, 2.0, 3.0], dtype=x.dtype)), (draw(3, 3),)),
            ("cross-entropy-smooth", lambda x: F.cross_entropy(x, torch.tensor([0, 2]), label_smoothing=0.1), (draw(2, 3),)),
            ("cross-entropy-soft", lambda x, p: F.cross_entropy(x, p), (draw(2, 3), positive(2, 3))),
            ("mse", F.mse_loss, (draw(3), draw(3))),
            ("l1", lambda a, b: F.l1_loss(a, b, reduction="sum"), (draw(3), draw(3))),
            ("smooth-l1", lambda a, b: F.smooth_l1_loss(a, b, beta=0.5), (draw(5), draw(5))),
            ("huber", lambda a, b: F.huber_loss(a, b, delta=0.7), (draw(5), draw(5))),
            ("bce", lambda p: F.binary_cross_entropy(p, torch.tensor([0.0, 1.0, 0.5], dtype=p.dtype)), (draw(3, low=0.1, high=0.9),)),
            ("bce-logits", lambda x: F.binary_cross_entropy_with_logits(x, torch.tensor([0.0, 1.0, 0.5], dtype=x.dtype)), (draw(3),)),
            ("kl", lambda x: F.kl_div(torch.log_softmax(x, 0), torch.tensor([0.2, 0.8], dtype=x.dtype), reduction="sum"), (draw(2),)),
            ("soft-margin", lambda x: F.soft_margin_loss(x, torch.tensor([1.0, -1.0], dtype=x.dtype)), (draw(2),)),
            ("attention", F.scaled_dot_product_attention, (draw(1, 2, 3, 4), draw(1, 2, 3, 4), draw(1, 2, 3, 4))),
            ("attention-causal", lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), (draw(1, 1, 3, 2), draw(1, 1, 3, 2), draw(1, 1, 3, 2))),
            ("pixel-shuffle", lambda x: F.pixel_shuffle(x, 2).cumsum(3), (draw(1, 4, 2, 2),)),
            ("interpolate", lambda x: F.interpolate(x, scale_factor=2, mode="nearest"), (draw(1, 1, 3),)),
            ("branch", lambda x: x * 2 if x.sum() > 0 else x * x, (positive(3),)),
        ]

    ]
)  # fmt: skip


@pytest.mark.parametrize(("function", "at"), CASES)
def test_torch_is_right_by_its_own_program(function, at):
    verdict = check_torch(function, at=at)
    assert verdict.ok, verdict
    assert "read as NumPy" in verdict.reason


@pytest.mark.parametrize(
    ("function", "digits"),
    [
        pytest.param(torch.digamma, 8, id="digamma: trigamma by a short series"),
        pytest.param(F.hardsigmoid, 6, id="hardsigmoid: 1/6 in float32"),
    ],
)
def test_torch_is_right_to_the_digits_it_has(function, digits):
    """PyTorch 2.13 gives these gradients with so few digits in float64: at full precision they are wrong, and found to be."""
    assert check_torch(function, at=(torch.tensor([0.5, 1.5, 2.3], dtype=torch.float64),), digits=digits).ok


def test_the_table_is_large():
    assert len(TABLE) > 300
