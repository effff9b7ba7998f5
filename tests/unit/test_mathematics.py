"""Derivations as LaTeX, Markdown, text and MathML: what they look like, and that nothing of Python or of hostile names comes through."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from reading import read

from gradcheck import load_cases, trace
from gradcheck.derivation.algebra import evaluate, parse
from gradcheck.derivation.hops import derive
from gradcheck.display import in_mathematics, mathematics
from gradcheck.rendering.mathematics.formats import latex_text, markdown_text, plain_text
from gradcheck.rendering.mathematics.mathml import ELEMENTS, KEPT, mathml
from gradcheck.rendering.mathematics.names import Names
from gradcheck.rendering.mathematics.page import asset, html_page
from gradcheck.rendering.mathematics.writer import BASE, Piece, Writer
from gradcheck.verdicts.compare import problems_of

pytest.importorskip("latex2mathml", reason="needs the extra `report`")
CASES = load_cases("cases")


def shown(function, *point):
    circuit = trace(function, *point, argnums=tuple(range(len(point))))
    return mathematics(circuit, derive(circuit, point))


def section(found, name):
    return [line.latex for s in found.sections if s.name == name for line in s.lines]


def is_balanced(latex: str) -> bool:
    """Whether braces, sized brackets and environments of LaTeX are closed in order."""
    open_, closing = [], {"}": "{", "\\right": "\\left"}
    for token in re.findall(r"\\[{}\\]|\\left|\\right|[{}]|\\begin\{\w+\*?\}|\\end\{\w+\*?\}", latex):
        if token in ("{", "\\left") or token.startswith("\\begin"):
            open_.append(token.replace("begin", "end"))
        elif token in closing or token.startswith("\\end"):
            if not open_ or open_.pop() != closing.get(token, token):
                return False
    return not open_


def math_elements(html: str):
    return [ET.fromstring(m) for m in re.findall(r"<math .*?</math>", html, re.S)]


@pytest.mark.parametrize("case", list(CASES), ids=lambda c: c.name)
def test_shipped_cases_are_shown_in_every_format(case):
    problem = next(problems_of(case, None, None, 0))
    found = mathematics(problem.circuit, derive(problem.circuit, problem.inputs))
    documents = {f: in_mathematics(found, f, case.name, case.summary) for f in ("latex", "markdown", "html", "text")}
    formulas = "\n".join(line.latex for line in found.lines())
    assert not re.search(r"np\.|\*\*|special\.|linalg|_v\d|_d\d|_c\d|True|False|None|lambda ", formulas)
    assert is_balanced(documents["latex"])
    assert documents["markdown"].count("```") % 2 == 0
    assert len(math_elements(documents["html"])) >= sum(1 + len(line.rights) for line in found.lines())
    assert all(line.left.latex and line.left.text for line in found.lines())
    assert all(m.get("alttext") for m in math_elements(documents["html"]))
    assert not re.search(r"np\.|_v\d|_d\d", documents["text"])


def test_a_chain_of_three_hops_in_latex():
    def f(x):
        z = x + 1
        h = z**2
        return np.sin(h)

    found = shown(f, 1.0)
    assert section(found, "function") == ["z = x + 1 = 2", "h = z^{2} = 4", "y = \\sin h \\approx -0.756802"]
    assert section(found, "local")[0] == "\\frac{\\partial y}{\\partial h} = \\cos h \\approx -0.653644"
    assert section(found, "unrolled") == ["y' = \\cos\\left(h\\right)\\,h'", "h' = 2\\,z\\,z'", "z' = x'"]
    assert found.sections[-1].lines[0].text == "dy/dx ≈ -2.61457"


def test_the_lemmas_in_matrix_form():
    def loss(W, b, u):
        z = W @ u + b
        J = np.sum(np.tanh(z))
        return J  # noqa: RET504  the name is shown

    found = shown(loss, np.ones((2, 3)) / 4, np.array([0.1, 0.2]), np.array([0.3, -1.1, 0.8]))
    assert "W \\in \\mathbb{R}^{2 \\times 3}" in section(found, "given")[0]
    lines = {line.left.text: line for line in found.lines() if line.note}
    fraction = "\\frac{\\mathrm{d}J}{\\mathrm{d}%s}"
    weights, inputs = lines["dJ/dW"], lines["dJ/du"]
    assert weights.rights[0].latex == f"= {fraction % 'v_{0}'}\\,u^{{\\top}}"
    assert (weights.note, inputs.note, lines["dJ/dz"].note) == ("lemma 1", "lemma 3", "lemma 2")
    assert inputs.rights[0].latex == f"= W^{{\\top}}\\,{fraction % 'v_{0}'}"
    assert "\\odot \\left(1 - v_{1}^{\\circ 2}\\right)" in lines["dJ/dz"].latex


def test_a_product_of_matrices_rests_on_the_lemmas_column_by_column():
    found = shown(lambda A, U: np.sum(np.sin(A @ U)), np.ones((2, 3)) / 4, np.ones((3, 2)) / 3)
    notes = {line.left.text: line.note for line in found.lines() if line.note}
    assert (notes["dy/dA"], notes["dy/dU"]) == ("lemma 1, summed over columns", "lemma 3, column by column")


def test_signs_are_explained_where_they_stand_and_gaps_in_the_recursion_are_told():
    def spread(x):
        m = np.max(x)
        return m + np.log(np.sum(np.exp(x - m)))

    found = shown(spread, np.array([0.5, 1.0, 0.25]))
    unrolled = next(s for s in found.sections if s.name == "unrolled")
    assert unrolled.remark == "Not shown: the step to m, whose derivative has no short form."
    assert any("bar" in sentence for sentence in found.reading)
    assert any("prime" in sentence for sentence in found.reading)
    plain = shown(lambda x: np.sin(x) * 2, 0.5)
    assert not any("bar" in sentence for sentence in plain.reading)
    assert all(not s.remark for s in plain.sections)


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("x", "x"), ("theta", "\\theta"), ("w_12", "w_{12}"), ("x0", "x_{0}"), ("yhat", "\\hat{y}"), ("dW", "\\mathrm{dW}"), ("log_sigma", "\\mathrm{log\\_sigma}"),
        ("scores", "\\mathrm{scores}"), ("Omega_t", "\\Omega_{t}"), ("σ", "\\sigma"), ("_private", "\\mathrm{\\_private}"), ("h_1_2", "h_{1,2}"),
        ("א", "\\mathrm{U5D0}"),
    ],
)  # fmt: skip
def test_names_are_written_as_mathematicians_write_them(name, latex):
    assert Names([name]).latex[name] == latex


def test_names_that_would_look_the_same_are_kept_apart():
    names = Names(["x0", "x_0", "σ", "sigma", "a" * 100_000, "a" * 100_000 + "b"])
    assert len(set(names.latex.values())) == 6
    assert max(map(len, names.latex.values())) < 60


FORMULAS = [
    ("x ** 2 ** h", "x^{2^{h}}"), ("(x ** 2) ** h", "\\left(x^{2}\\right)^{h}"), ("-x ** 2", "-x^{2}"), ("(-x) ** 2", "\\left(-x\\right)^{2}"),
    ("x - (h - x)", "x - \\left(h - x\\right)"), ("2 * 3", "2 \\cdot 3"), ("np.sin(x) * h", "\\sin\\left(x\\right)\\,h"), ("x / 1e-05", "\\frac{x}{1 \\times 10^{-5}}"),
    ("np.log1p(x)", "\\ln\\left(1 + x\\right)"), ("special.expit(x)", "\\sigma\\left(x\\right)"), ("x * log(2)", "x\\,\\ln\\left(2\\right)"),
    ("u * v", "u \\odot v"), ("u ** 2", "u^{\\circ 2}"), ("u @ v", "u^{\\top}\\,v"), ("np.outer(u, v)", "u\\,v^{\\top}"), ("2 * u", "2\\,u"),
    ("np.sum(u)", "\\sum_{i} u_{i}"), ("np.mean(u * v)", "\\frac{1}{3} \\sum_{i} \\left(u \\odot v\\right)_{i}"), ("u[1:]", "u_{1:}"), ("u[0] * x", "u_{0}\\,x"),
    ("np.sum(M, axis=0)", "\\sum_{\\text{axis }0} M"), ("M.T @ u", "M^{\\top}\\,u"), ("u @ M", "M^{\\top}\\,u"), ("special.kv(x)", "\\operatorname{kv}\\left(x\\right)"),
    ("np.broadcast_to(x, (3,))", "x\\,\\mathbf{1}_{3}"), ("float('inf') * x", "\\infty\\,x"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "latex"), FORMULAS, ids=[f for f, _ in FORMULAS])
def test_formulas_in_latex(formula, latex):
    shapes = {"x": (), "h": (), "u": (3,), "v": (3,), "M": (3, 3)}
    assert Writer({n: Piece(n, BASE, s) for n, s in shapes.items()}).write(parse(formula)).latex == latex


UNARY = "sin cos tan sinh cosh tanh exp log sqrt cbrt arctan square reciprocal exp2 expm1 log1p abs sign".split()


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("place", ["{} ** 2", "-{}", "2 * {} * x", "x / {}", "x - {}"])
def test_functions_in_any_place_read_back(name, place):
    formula = place.format(f"np.{name}(x + 0.5)")
    latex = Writer({"x": Piece("x", BASE)}).write(parse(formula)).latex
    assert read(latex, {"x": 0.8}) == pytest.approx(evaluate(formula, {"x": 0.8}))


HOSTILE = "<script>alert(1)</script> \\end{align*} $x$ ```\n| `b` ]]> <!-- \"' \u202egnp.exe \x00 {{7*7}} " + "9" * 100_000


def test_hostile_titles_are_inert_and_bounded():
    found = shown(lambda x: np.sin(x) * x, 0.5)
    page, latex, markdown = html_page(found, HOSTILE, HOSTILE), latex_text(found, HOSTILE), markdown_text(found, HOSTILE, HOSTILE)
    assert "<script" not in page
    assert "\u202e" not in page
    assert latex.splitlines()[0].startswith("% ")
    assert is_balanced("\n".join(latex.splitlines()[1:]))
    assert "<script" not in markdown
    assert max(map(len, (page.replace(b64encode(asset("math.woff2")).decode(), ""), latex, markdown))) < 50_000
    assert "\u202e" not in markdown
    assert latex.isascii()


def test_hostile_names_are_inert_and_bounded():
    scope: dict = {"np": np}
    long = "w" * 100_000
    exec(f"def f({long}, אבג, __class__x):\n    ﬁ = np.sin({long}) * אבג\n    return ﬁ * __class__x\n", scope)
    found = shown(scope["f"], 0.5, 1.5, 2.5)
    for document in (in_mathematics(found, f, "f") for f in ("latex", "markdown", "text")):
        assert len(document) < 30_000
    assert latex_text(found).isascii()
    assert is_balanced(latex_text(found))
    assert math_elements(html_page(found, "f"))


def test_names_in_a_circuit_that_are_no_identifiers_are_inert():
    from dataclasses import replace

    circuit = trace(lambda x: np.sin(x) * x, 0.5)
    for name in ("$\\alpha}^{<script>", "]]></math><img src=x onerror=alert(1)>", "a\u202eb", "\\input{/etc/passwd}", "x\ny"):
        named = replace(circuit, names={**circuit.names, circuit.inputs[0]: name}, cache={})
        found = mathematics(named, derive(named, (0.5,)))
        assert "<script" not in html_page(found, "f")
        assert "<img" not in html_page(found, "f")
        assert "\\input" not in latex_text(found)
        assert is_balanced(latex_text(found))


def test_large_arrays_and_many_operands_stay_bounded():
    found = shown(lambda x: np.sum(x**2 * np.arange(1_000_000.0)), np.linspace(0, 1, 1_000_000))
    assert len(plain_text(found)) < 4000
    assert "largest magnitude" in latex_text(found)
    many = shown(lambda x: np.sum(np.stack([x * k for k in range(200)]) ** 2), 0.5)
    assert len(latex_text(many)) < 40_000
    assert "\\ldots" in latex_text(many) or "\\cdots" in latex_text(many)


def test_mathml_is_plain_and_readable():
    made = mathml("\\frac{\\mathrm{d}y}{\\mathrm{d}x} = \\cos h", 'dy/dx = cos(h) < 1 & "b"')
    element = ET.fromstring(made)
    assert (element.get("display"), element.get("alttext")) == ("block", 'dy/dx = cos(h) < 1 & "b"')
    assert {e.tag for e in element.iter()} <= ELEMENTS
    assert {a for e in element.iter() for a in e.attrib} <= KEPT | {"alttext", "class"}
    assert "cos" in [e.text for e in element.iter("mi")]
    assert "style" not in made


def test_the_page_allows_its_own_style_and_font_alone():
    page = html_page(shown(lambda x: x**2, 0.5), "square")
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.S)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)\s*=|https?:|url\((?!\"data:)| style=", page.replace(style, "")), "nothing is loaded"
    assert re.findall(r"url\(\"(.{5})", style) == ["data:"]


def test_the_font_has_every_sign_we_can_write():
    ttlib = pytest.importorskip("fontTools.ttLib")
    from io import BytesIO

    font = ttlib.TTFont(BytesIO(asset("math.woff2")))
    known = set(font.getBestCmap())
    assert "MATH" in font
    assert str(font["name"].getDebugName(1)) == "Gradcheck Math"
    for case in list(CASES)[::3]:
        problem = next(problems_of(case, None, None, 0))
        for line in mathematics(problem.circuit, derive(problem.circuit, problem.inputs)).lines():
            for side in (line.left, *line.rights):
                text = "".join(ET.fromstring(mathml(side.latex, "")).itertext())
                assert {ord(c) for c in text} <= known | {0xA}, text


def test_without_latex2mathml_only_html_is_refused(monkeypatch):
    import sys

    from gradcheck.errors import UsageError

    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    mathml.cache_clear()
    found = shown(lambda x: x**2, 0.5)
    assert latex_text(found)
    assert markdown_text(found, "square")
    with pytest.raises(UsageError, match=r"needs the extra `report`: pip install 'gradcheck\[report\]'"):
        html_page(found, "square")
