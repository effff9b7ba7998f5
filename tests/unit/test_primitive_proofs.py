"""Every rule of the table: its proof status, stated here so that a downgrade is seen, and its agreement with truth in floats."""

from __future__ import annotations

from functools import cache

import pytest
from proving import proof_of

from gradcheck.primitives import BY_NAME, TABLE
from gradcheck.verdicts.proof import agreement, engine, proofs, prove

agreed = cache(agreement)  # two tests look at it

PROVEN = """
add subtract multiply divide negative square reciprocal power sqrt cbrt exp exp2 expm1 log log2 log10 log1p
sin cos tan arcsin arccos arctan hypot arctan2 sinh cosh tanh arcsinh arccosh arctanh
absolute where maximum minimum clip
sum mean prod max min var cumsum cumprod recurrence
reshape transpose broadcast_to astype concatenate stack getitem scatter put trace
matmul dot inner outer einsum
expit logit erf erfc erfcx ndtr xlogy gammaln digamma polygamma logaddexp logaddexp2 softmax logsumexp log_softmax
remainder fmod ldexp i0 i1 iv j0 j1 jv betainc gammainc gammaincc
inv solve det logabsdet gamma log_ndtr solve_triangular
fft rfft irfft
kv k0 k1 yv y0 y1 hyp1f1 hyp2f1 spherical_jn spherical_in sinc exprel dawsn i0e i1e ive erfinv erfcinv ndtri
exp1 expi sici_si sici_ci shichi_shi shichi_chi fresnel_s fresnel_c spence elliptic_d ellipk ellipkm1 ellipe
digamma_difference beta betaln poch binom rgamma zeta
""".split()
IDENTITY = "cholesky qr_r qr_q eigvalsh eigvectorsh svdvals svdvectors eigvals eigvectors pinv lstsq".split()
AT_POINTS = ["expn"]  # SymPy's exponential integrals of whole order do not simplify
CERTIFIED = ["owens_t"]  # SymPy has none
DECISION = """
greater greater_equal less less_equal equal not_equal logical_and logical_or logical_not
floor ceil trunc floor_divide sign isnan isfinite argmax argmin any all searchsorted rint argsort detsign gammasgn
matrix_rank full_rank real_spectrum
""".split()
STATUS = (
    dict.fromkeys(PROVEN, "proven")
    | dict.fromkeys(IDENTITY, "by defining identity")
    | dict.fromkeys(AT_POINTS, "exact at random rational points")
    | dict.fromkeys(CERTIFIED, "certified")
    | dict.fromkeys(DECISION, "decision")
)

PIECES = {  # how many open pieces the rule is proved on, beside the sums of stretched operands
    "divide": 2, "reciprocal": 2, "power": 5, "cbrt": 2, "hypot": 4, "arctan2": 3,
    "absolute": 2, "where": 2, "maximum": 2, "minimum": 2, "clip": 6, "ldexp": 2,
}  # fmt: skip


def test_the_table_and_the_expected_statuses_name_the_same_primitives() -> None:
    assert sorted(STATUS) == sorted(BY_NAME)


@pytest.mark.parametrize("name", [pytest.param(p.name, id=p.name) for p in TABLE])
def test_status(name: str) -> None:
    proof = proof_of(name)
    assert (proof.status, proof.counterexample) == (STATUS[name], None), proof.detail


def test_proofs_cover_the_table_and_are_deterministic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "prove", lambda primitive: proof_of(primitive.name))
    first = {p.name: p for p in proofs()}
    assert list(first) == [p.name for p in TABLE]
    again = [prove(BY_NAME[name]) for name in ("power", "max", "einsum")]
    assert [first[p.name] for p in again] == again


def test_proofs_are_the_same_in_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "TABLE", TABLE[:6])
    assert proofs(2) == proofs(1) == tuple(prove(p) for p in TABLE[:6])


@pytest.mark.parametrize(("name", "count"), [pytest.param(*item, id=item[0]) for item in PIECES.items()])
def test_pieces(name: str, count: int) -> None:
    pieces = [p for p in proof_of(name).pieces if p.where != "stretched operands"]
    assert len(pieces) == count


@pytest.mark.parametrize("record", [pytest.param(p, id=p.name) for p in TABLE if not p.elementwise and not p.decision])
def test_array_rules_are_proved_for_two_shapes_or_more(record) -> None:
    proof = proof_of(record.name)
    assert len({p.where for p in proof.pieces}) >= 2
    assert proof.detail.startswith("every entry for shapes ")


@pytest.mark.parametrize("record", [pytest.param(p, id=p.name) for p in TABLE if p.elementwise and (p.arity or 1) > 1 and not p.decision])
def test_rules_of_several_operands_are_proved_stretched_too(record) -> None:
    assert [p.status for p in proof_of(record.name).pieces if p.where == "stretched operands"] == ["proven"]


@pytest.mark.parametrize("record", [pytest.param(p, id=p.name) for p in TABLE if p.elementwise and not p.decision])
def test_records_with_a_kink_or_a_tie_are_proved_on_each_side(record) -> None:
    smooth = {"hypot", "logaddexp"}  # the kink of hypot is one point; logaddexp is smooth where its operands tie
    if any(s.kind in ("kink", "tie") for s in record.special) and record.name not in smooth:
        assert len(record.pieces) >= 2


ELEMENTWISE = [pytest.param(p, id=p.name) for p in TABLE if p.elementwise and not p.decision]
NO_TRUTH = {  # special points at which an operation has no derivative that could be certified
    ("divide", "pole"), ("divide", "removable"), ("reciprocal", "pole"), ("power", "removable"), ("power", "pole"),
    ("power", "negative base"), ("power", "edge"), ("sqrt", "edge"), ("cbrt", "pole"), ("log", "pole"), ("log2", "pole"), ("log10", "pole"),
    ("log1p", "pole"), ("arcsin", "pole"), ("arccos", "pole"), ("arctan2", "pole"), ("arccosh", "pole"), ("arctanh", "pole"),
    ("logit", "pole"), ("gamma", "pole"), ("gammaln", "pole"), ("digamma", "pole"), ("polygamma", "pole"), ("k0", "pole"), ("y0", "pole"), ("erfinv", "pole"), ("erfcinv", "pole"), ("ndtri", "pole"), ("exp1", "pole"),
    ("expi", "pole"), ("sici_ci", "pole"), ("shichi_chi", "pole"), ("elliptic_d", "pole"), ("ellipk", "pole"), ("ellipkm1", "pole"), ("ellipe", "pole"),
    ("beta", "pole"), ("betaln", "pole"), ("zeta", "pole"), ("remainder", "pole"), ("fmod", "pole"),
}  # fmt: skip
LOSES_DIGITS = {
    ("erfcx", "tail"),  # 2 x y - 2/sqrt(pi) cancels where erfcx(x) is near 1 / (x sqrt(pi)); no better form is known here
    ("digamma_difference", "drawn"),  # its derivative in a, a second derivative of beta and binom, is a difference again
    ("spherical_jn", "drawn"),  # SciPy's own values are off by 30 ulp near 0
    ("poch", "drawn"),  # SciPy's own values are off by 500 ulp where the second argument is small
}


@pytest.mark.parametrize("record", ELEMENTWISE)
def test_rule_agrees_with_truth_at_drawn_and_special_points(record) -> None:
    found = agreed(record)
    assert {(record.name, a.kind) for a in found if a.outcome == "differs"} <= LOSES_DIGITS
    reported = {(record.name, a.kind) for a in found if a.outcome == "no truth" and a.kind != "drawn"}
    assert reported <= NO_TRUTH
    assert {s.kind for s in record.special} <= {a.kind for a in found}


@pytest.mark.parametrize("record", ELEMENTWISE)
def test_every_drawn_point_has_a_truth(record) -> None:
    outside = [a for a in agreed(record) if a.kind == "drawn" and a.outcome == "no truth"]
    assert [a for a in outside if not (record.name == "power" and a.point[0] < 0 and a.operand == 1)] == []  # log of a negative base


@pytest.mark.parametrize(
    ("name", "point", "rule", "left", "right"),
    [
        pytest.param("absolute", (0.0,), 0.0, -1.0, 1.0, id="absolute"),
        pytest.param("maximum", (1.0, 1.0), 0.5, 0.0, 1.0, id="maximum"),
        pytest.param("minimum", (1.0, 1.0), 0.5, 1.0, 0.0, id="minimum"),
        pytest.param("clip", (0.0, 0.0, 1.0), 0.5, 0.0, 1.0, id="clip"),
        pytest.param("hypot", (0.0, 0.0), 0.0, -1.0, 1.0, id="hypot"),
    ],
)
def test_at_a_kink_the_rule_lies_between_the_one_sided_derivatives(name, point, rule, left, right) -> None:
    found = next(a for a in agreed(BY_NAME[name]) if a.point == point and a.operand == 0)
    assert (found.outcome, found.rule, found.left, found.truth) == ("between", rule, left, right)
