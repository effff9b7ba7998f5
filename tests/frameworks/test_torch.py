"""PyTorch: functions, custom Functions, modules; what is read of them, what is not, and what is left as it was."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make test-all installs it")

from torch import nn  # noqa: E402
from torch.autograd import Function  # noqa: E402

from gradcheck import GradientError, Real, TraceError, UsageError, case, check_torch, to_torch  # noqa: E402
from gradcheck.cli import main  # noqa: E402
from gradcheck.frameworks.torch import subject_of  # noqa: E402

DTYPES = [pytest.param(d, id=str(d).removeprefix("torch.")) for d in (torch.float64, torch.float32, torch.float16, torch.bfloat16)]


@pytest.fixture
def examples(root, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "docs/examples"))
    import torch_functions

    return torch_functions


@pytest.mark.slow
def test_every_example_is_judged_as_it_is_meant(examples):
    """Right and wrong twins, in every precision: no false alarm, none missed, nothing undecided."""
    for example in examples.EXAMPLES:
        for dtype in example.dtypes:
            verdict = check_torch(example.function, at=example.at(dtype))
            assert verdict.outcome == ("right" if example.right else "wrong"), (example.name, dtype, str(verdict))


def test_mistakes_have_names_and_lines_of_the_users_file(examples):
    (finding, *_) = check_torch(examples.SwishForgetsTheProduct, at=examples.one()).diagnosis
    assert finding.kind == "missing-path" and finding.hop.name in ("y", "s", "x")
    assert finding.hop.file is None or finding.hop.file.endswith("torch_functions.py")
    problem = check_torch(examples.Swish, at=examples.one()).problem
    assert {"x", "s", "y"} <= set(problem.circuit.names.values())
    places = [problem.circuit.place(k) for k in range(len(problem.circuit))]
    assert any(p is not None and p.file.endswith("torch_functions.py") for p in places)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("dtype", DTYPES)
def test_right_modules_raise_no_alarm_in_any_precision(dtype, seed):
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Linear(3, 5), nn.LayerNorm(5), nn.GELU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2), nn.LogSoftmax(-1)).to(
        dtype
    )
    verdict = check_torch(module, at=(torch.randn(4, 3).to(dtype),))
    assert verdict.outcome in ("right", "undecided"), verdict
    assert verdict.outcome == "right" or "rounding may decide a branch" in verdict.reason


MODULES = {
    "convolution": (lambda: nn.Sequential(nn.Conv2d(1, 1, 2), nn.BatchNorm2d(1), nn.SiLU(), nn.AvgPool2d(2), nn.Flatten()), (2, 1, 3, 3)),
    "recurrent": (lambda: nn.GRU(1, 2), (2, 1)),
    "lstm": (lambda: nn.LSTM(1, 1), (2, 1, 1)),
    "attention": (lambda: nn.TransformerEncoderLayer(2, 1, 2, dropout=0.0), (2, 1, 2)),
    "softmax": (lambda: nn.Sequential(nn.Linear(2, 3), nn.Softplus(), nn.Unflatten(1, (1, 3)), nn.Flatten(), nn.Softmax(1)), (2, 2)),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_modules_are_read_by_their_own_program(name):
    torch.manual_seed(1)
    make, shape = MODULES[name]
    verdict = check_torch(make().double(), at=(torch.randn(shape).double(),))
    assert verdict.ok, verdict
    assert "read as NumPy" in verdict.reason


@pytest.mark.slow
def test_a_module_is_left_as_it_was():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5), nn.Linear(2, 1)).double()
    module(torch.randn(3, 2).double()).sum().backward()
    before = copy.deepcopy(module.state_dict())
    grads = [p.grad.clone() for p in module.parameters()]
    state, training = torch.random.get_rng_state(), module.training
    at = torch.randn(3, 2, generator=torch.Generator().manual_seed(1)).double()
    check_torch(module, at=(at,))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert module.training is training
    assert all(torch.equal(a, b) for a, b in zip(before.values(), module.state_dict().values(), strict=True))
    assert all(torch.equal(p.grad, g) and p.requires_grad for p, g in zip(module.parameters(), grads, strict=True))


def test_parameters_are_named_by_their_paths():
    verdict = check_torch(nn.Sequential(nn.Linear(2, 1)).double(), at=(np.ones((1, 2)),))
    assert verdict.labels == ("0.weight[0, 0]", "0.weight[0, 1]", "0.bias[0]", "input[0, 0]", "input[0, 1]")
    verdict = check_torch(nn.Linear(2, 1).double(), at=(np.ones((1, 2)),), parameters=False)
    assert verdict.labels == ("input[0, 0]", "input[0, 1]")


@pytest.mark.parametrize("seed", range(3))  # of 0 and 2 the result is 0, and so are all gradients
def test_dropout_is_judged_by_differences_and_named(seed):
    torch.manual_seed(seed)
    verdict = check_torch(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)).double(), at=(np.ones((1, 2)),))
    assert verdict.outcome == "right"
    assert "random" in verdict.reason


@pytest.mark.parametrize(
    ("function", "says"),
    [
        pytest.param(lambda x: torch.linalg.matrix_exp(x.reshape(2, 2)), "linalg_matrix_exp", id="an operation that the table lacks"),
        pytest.param(lambda x: x * x.sum().item(), ".item()", id="a number taken out"),
        pytest.param(lambda x: x * torch.from_numpy(np.tanh(x.detach().numpy())), "gives", id="values frozen by NumPy"),
    ],
)
def test_what_cannot_be_read_is_judged_by_differences_with_the_reason(function, says):
    verdict = check_torch(function, at=(torch.tensor([0.3, -0.2, 0.5, 0.1], dtype=torch.float64),))
    assert says in verdict.reason + "".join(f.message for f in verdict.findings)
    assert "differences" in verdict.reason


def test_a_function_of_torch_that_leaves_torch_is_wrong():
    """x * item() is differentiated as if the number were a constant: torch's gradient is another function's."""
    assert check_torch(lambda x: x * x.sum().item(), at=(torch.tensor([0.3, -0.2], dtype=torch.float64),)).outcome == "wrong"


class Numpy(Function):
    """A forward in NumPy: it cannot be read, and a twin is given."""

    @staticmethod
    def forward(ctx, x):
        y = torch.from_numpy(np.sinh(x.detach().numpy()))
        ctx.save_for_backward(x)
        return y

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * torch.cosh(x)


class NumpyWrong(Numpy):
    @staticmethod
    def backward(ctx, g):
        return -Numpy.backward(ctx, g)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_a_twin_that_is_given_certifies(dtype):
    at = (torch.tensor([0.4, -1.2]).to(dtype),)
    verdict = check_torch(Numpy, at=at, numpy=np.sinh)
    assert verdict.outcome == "right" and "twin given" in verdict.reason
    wrong = check_torch(NumpyWrong, at=at, numpy=np.sinh)
    assert wrong.outcome == "wrong" and wrong.kinds[0] == "sign"
    assert check_torch(Numpy, at=at, numpy=np.sin).kinds == ("wrong-forward",)
    assert check_torch(Numpy, at=at).outcome == "right"
    assert check_torch(NumpyWrong, at=at).outcome == "wrong"


class Apart(Function):
    """The newer way of writing a Function: the context is set up beside the forward."""

    @staticmethod
    def forward(a, b):
        return a * torch.exp(b)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[1], output)

    @staticmethod
    def backward(ctx, g):
        b, y = ctx.saved_tensors
        return g * torch.exp(b), g * y


def test_arguments_have_the_names_of_the_forward():
    at = (torch.tensor([0.4]).double(), torch.tensor([1.2]).double())
    verdict = check_torch(Apart, at=at)
    assert verdict.outcome == "right" and verdict.labels == ("a[0]", "b[0]")


def test_a_table_of_embeddings_is_a_module_of_data():
    verdict = check_torch(nn.Sequential(nn.Embedding(4, 2), nn.Tanh()).double(), at=(torch.tensor([1, 3, 1]),))
    assert verdict.outcome == "right" and len(verdict.labels) == 8


def test_parameters_that_are_shared_or_frozen():
    module = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2)).double()
    module[2].weight = module[0].weight
    module[2].bias.requires_grad_(False)
    verdict = check_torch(module, at=(torch.tensor([[0.4, -0.3]]).double(),))
    assert verdict.outcome == "right"
    assert {label.partition("[")[0] for label in verdict.labels} == {"0.weight", "0.bias", "input"}


def test_nested_arguments_data_and_several_points():
    def loss(parameters, x, power):
        hidden = torch.tanh(x @ parameters["w"] + parameters["b"][0])
        return (hidden**power).sum(), hidden

    rng = np.random.default_rng(0)
    at = ({"w": rng.normal(size=(3, 2)), "b": [rng.normal(size=2)]}, rng.normal(size=(4, 3)), 2)
    verdict = check_torch(loss, at=[at, at])
    assert verdict.outcome == "right"
    assert {label.partition("[")[0] for label in verdict.labels} == {"parameters", "x"}
    assert check_torch(loss, at=at, argnums=1, names=("p", "data", "n")).labels[0] == "data[0, 0]"
    assert check_torch(loss, at=at, argnums="data", names=("p", "data", "n")).labels[0] == "data[0, 0]"


def test_a_search_finds_what_the_point_hides():
    class Clipped(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return torch.clamp(x, min=0)

        @staticmethod
        def backward(ctx, g):
            return g

    at = (torch.tensor([0.4, 1.2], dtype=torch.float64),)
    assert check_torch(Clipped, at=at).outcome == "right"
    found = check_torch(Clipped, at=at, search=True)
    assert found.outcome == "wrong" and found.witness is not None
    assert check_torch(Clipped, at=at, search=True, domain={"x": Real(2, low=0.1)}).outcome == "right"


def test_what_the_user_asks_wrongly_is_told_in_one_line():
    x = torch.ones(2)
    for call, message in [
        (lambda: check_torch(torch.sin), "a point is needed"),
        (lambda: check_torch(3, at=(x,)), "expected a function of tensors"),
        (lambda: check_torch(torch.sin, at=(torch.ones(2, dtype=torch.int64),)), "nothing to differentiate"),
        (lambda: check_torch(torch.sin, at=("x",)), "no tensor and no array"),
        (lambda: check_torch(torch.sin, at=(torch.ones(2, dtype=torch.complex64),)), "nothing to differentiate"),
        (lambda: check_torch(nn.Linear(2, 1), at=(x,), numpy=np.sin), "parameters=False"),
    ]:
        with pytest.raises(UsageError, match=message) as raised:
            call()
        assert "\n" not in str(raised.value)


def test_the_users_own_errors_pass_through():
    with pytest.raises(RuntimeError, match="shapes"):
        check_torch(torch.mm, at=(torch.ones(2, 3), torch.ones(2, 3)))


def test_branches_on_values_are_followed_on_their_side():
    verdict = check_torch(lambda x: x * 2 if x.sum() > 0 else x * x, at=(torch.tensor([0.4, 1.2], dtype=torch.float64),))
    assert verdict.outcome == "right" and "read as NumPy" in verdict.reason


def test_writes_in_place_are_followed():
    def f(x):
        out = torch.zeros(3, dtype=x.dtype)
        out[:2] = x[:2] * 2
        out[2] = x.sum()
        view = out[1:]
        view.mul_(x[1:])
        return out

    made, _, _ = subject_of(f, (torch.tensor([0.4, 1.2, -0.3], dtype=torch.float64),))
    assert made.twin is not None
    verdict = check_torch(f, at=(torch.tensor([0.4, 1.2, -0.3], dtype=torch.float64),))
    assert verdict.outcome == "right" and "read as NumPy" in verdict.reason


def test_an_operation_and_its_form_in_place_are_told_apart():
    verdict = check_torch(lambda x: torch.tanh(x) * torch.clone(x).tanh_(), at=(torch.tensor([0.4, 1.2]).double(),))
    assert verdict.outcome == "right" and "read as NumPy" in verdict.reason


# to_torch
def loss(w, x):
    return np.sum(np.tanh(x @ w) ** 2)


W, XS = np.array([0.3, -0.2, 0.5]), np.random.default_rng(0).normal(size=(2, 3))


def test_a_verified_function_goes_through_torchs_own_checks():
    f = to_torch(loss, at=(W, XS))
    w, x = (torch.tensor(a, requires_grad=True) for a in (W, XS))
    assert torch.autograd.gradcheck(f, (w, x)) and torch.autograd.gradgradcheck(f, (w, x))
    f(w, x).backward()
    expected = torch.autograd.grad((torch.tanh(x @ w) ** 2).sum(), (w, x))
    assert torch.allclose(w.grad, expected[0]) and torch.allclose(x.grad, expected[1])
    assert check_torch(f, at=(w, x)).outcome == "right"


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_verified_function_keeps_the_precision(dtype):
    f = to_torch(lambda x, n: np.exp(x) * n, at=(np.array([0.5, 1.0]), 3))
    x = torch.tensor([0.5, 1.0], dtype=dtype, requires_grad=True)
    y = f(x, 3)
    y.sum().backward()
    assert y.dtype == dtype and x.grad.dtype == dtype
    assert torch.allclose(x.grad.double(), 3 * torch.exp(x.detach().double()), rtol=2e-2)


def test_a_gradient_of_your_own_is_verified_first():
    def right(w, x):
        h = np.tanh(x @ w)
        dz = 2 * h / np.cosh(x @ w) ** 2
        return x.T @ dz, np.outer(dz, w)

    f = to_torch(loss, at=(W, XS), gradient=right)
    assert torch.autograd.gradcheck(f, tuple(torch.tensor(a, requires_grad=True) for a in (W, XS)))
    with pytest.raises(GradientError) as error:
        to_torch(loss, at=(W, XS), gradient=lambda w, x: tuple(2 * p for p in right(w, x)))
    assert error.value.verdict.outcome == "wrong"


def test_a_case_brings_its_points_and_its_data():
    @case(w=Real(3), n=2)
    def power(w, n):
        return np.sum(w**n)

    f = to_torch(power)
    w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    f(w, 2).backward()
    assert w.grad.tolist() == [2.0, 4.0, 6.0]


def test_what_cannot_be_wrapped_is_told():
    with pytest.raises(TraceError):
        to_torch(lambda x: float(x[0]) * x[1], at=(W,))
    f = to_torch(loss, at=(W, XS), argnums=(0,))
    with pytest.raises(UsageError, match="argument 1 asks for a gradient"):
        f(torch.tensor(W), torch.tensor(XS, requires_grad=True))

    def opaque(w, x):
        h = np.array([float(v) for v in np.tanh(x @ w)])
        dz = 2 * h * (1 - h**2)
        return x.T @ dz, np.outer(dz, w)

    again = to_torch(loss, at=(W, XS), gradient=opaque)
    w = torch.tensor(W, requires_grad=True)
    (first,) = torch.autograd.grad(again(w, torch.tensor(XS)), w, create_graph=True)
    with pytest.raises(RuntimeError, match="cannot be differentiated again"):
        first.sum().backward()


# the command line and the fixture
def test_the_command_line_takes_a_framework(root, tmp_path):
    model = root / "docs/examples/torch_functions.py"
    ran = CliRunner().invoke(main, ["check", f"{model}:Swish", "--framework", "torch", "--at", "[[0.5, -1.0]]"])
    assert ran.exit_code == 0 and "right" in ran.output, ran.output
    ran = CliRunner().invoke(main, ["check", f"{model}:SwishForgetsTheProduct", "--framework", "torch", "--at", "[[0.5, -1.0]]", "--json"])
    assert ran.exit_code == 1 and '"outcome": "wrong"' in ran.output


def test_the_fixture_checks_torch(gradcheck, request, examples):
    verdict = gradcheck.torch(examples.Swish, at=examples.one())
    assert verdict.outcome == "right"
    assert any(name == "gradcheck" for name, _ in request.node.user_properties)
    with pytest.raises(GradientError, match="wrong"):
        gradcheck.torch(examples.SwishForgetsTheProduct, at=examples.one())
