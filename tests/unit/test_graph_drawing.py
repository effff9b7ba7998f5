"""Drawings of every shipped case: the numbers on the wires, room for every label, markup that pages and readers rely on."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from gradcheck import UsageError, draw, load_cases, trace
from gradcheck.circuit import Floats, interpret
from gradcheck.rendering.graph import layout as layout_module
from gradcheck.rendering.graph.build import picture
from gradcheck.rendering.graph.dot import dot
from gradcheck.rendering.graph.layout import layout
from gradcheck.rendering.graph.model import OUT
from gradcheck.rendering.graph.stepping import steps
from gradcheck.rendering.graph.svg import css, style, svg
from gradcheck.verdicts.compare import problems_of

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert(1)</script>"]]>&\u202e\x00\x1b\ud800' + "A" * 100_000


@pytest.fixture(scope="module")
def cases(root):
    return {c.name: c for c in load_cases(root / "cases")}


@pytest.fixture(scope="module")
def pictures(cases):
    """The picture of every shipped case at its first point."""
    problems = {name: next(problems_of(case, None, None, 0)) for name, case in cases.items()}
    return {name: picture(p.circuit, p.inputs, name=name) for name, p in problems.items()}


def logistic(r, x, steps):
    for _ in range(steps):
        x = r * x * (1 - x)
    return x


def layers(x, W):
    h = x
    for A in W:
        h = np.tanh(A @ h)
    return h @ h


def deep(count):
    rng = np.random.default_rng(0)
    return layers, (rng.normal(size=3), [rng.normal(size=(3, 3)) for _ in range(count)])


FOLDED = {
    "200 steps": (logistic, (3.5, 0.3, 200)),
    "30 steps, pills": (logistic, (3.5, 0.3, 30)),
    "80 layers": deep(80),
    "15 layers, pills": deep(15),
}


# judgements, which tests/wrong turns on wrong drawings
def judge_numbers(drawn) -> None:
    """What the wires say against the tape's gradient: inputs as the tape has them, totals as the sum of their branches."""
    circuit, flow = drawn.circuit, drawn.flow
    with np.errstate(all="ignore"):
        tape = dict(zip(circuit.inputs, interpret(circuit.gradient(value=False), Floats(), [flow.values[i] for i in circuit.inputs])))
    branches: dict = {}
    for wire in drawn.wires:
        if wire.kind == "branch" and wire.gradient is not None:
            branches.setdefault(wire.fork, []).append(wire.gradient)
    for node in drawn.nodes:
        if node.kind == "input" and node.index is not None and node.value is not None:
            np.testing.assert_allclose(node.gradient, expected_at(circuit, tape, node.index), rtol=1e-9, atol=1e-280, err_msg=node.name)
    for wire in drawn.wires:
        if wire.kind == "trunk" and wire.gradient is not None:
            scale = max(np.max(np.abs(b), initial=0) for b in branches[wire.fork])
            np.testing.assert_allclose(sum(branches[wire.fork]), wire.gradient, rtol=1e-9, atol=1e-13 * scale, err_msg=wire.key)
        if wire.kind == "plain" and wire.index is not None and not drawn.pills:
            total = flow.totals[wire.index]
            assert (wire.gradient is None) == (total is None)
            if total is not None:
                np.testing.assert_allclose(wire.gradient, total, rtol=1e-9, atol=1e-280, err_msg=wire.key)


def expected_at(circuit, tape, index):
    if index in tape:
        return tape[index]
    (whole,) = circuit.inputs_of(index)
    return tape[whole][circuit.params[index]["index"]]


def judge_room(placed) -> None:
    """No two boxes, of nodes or of labels, lie over each other."""
    boxes = [(key, p) for kind in (placed.nodes, placed.labels, placed.forks) for key, p in kind.items()]
    for (a, p), (b, q) in itertools.combinations(boxes, 2):
        apart = abs(p.x - q.x) >= (p.box.width + q.box.width) / 2 - 0.5 or abs(p.y - q.y) >= (p.box.height + q.box.height) / 2 - 0.5
        assert apart, f"{a} and {b} overlap"


def judge_wires(drawn, placed) -> None:
    """No wire crosses a label or a node that is not its own; operands whose order matters enter from top to bottom."""
    boxes = {**placed.nodes, **placed.labels, **placed.forks}
    keys = np.array(list(boxes))
    middles, halves = (np.array(v) for v in zip(*(((p.x, p.y), (p.box.width / 2 - 3, p.box.height / 2 - 3)) for p in boxes.values())))
    for wire in drawn.wires:
        for piece in placed.curves[wire.key]:
            inside = np.all(np.abs(along(piece)[:, None] - middles) < halves, axis=2).any(axis=0)
            crossed = set(keys[inside].tolist()) - {wire.key, wire.source, wire.target, wire.fork, f"{OUT}{wire.key}"}
            assert not crossed, f"{wire.key} crosses {crossed}"
    for node in drawn.nodes:
        if node.ordered and not drawn.pills:
            entering = sorted((w.hops[0][1], placed.labels[w.key].y) for w in drawn.wires if w.target == node.key)
            assert entering == sorted(entering, key=lambda e: e[1]), f"the operands of {node.key} are out of order"


def along(curve):
    """Points on a piece of a wire."""
    t = np.linspace(0, 1, 20)[:, None]
    parts = [np.array(curve[i : i + 4]) for i in range(0, len(curve) - 1, 3)]
    return np.concatenate([(1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d for a, b, c, d in parts])


def judge_steps(drawn) -> None:
    """Every value is formed before it is read, every gradient complete before it is sent on, and all wires end up known."""
    known, told = set(), steps(drawn)
    forward = [s for s in told if s["phase"] == "forward"]
    arriving = {w.key: w for w in drawn.wires}
    for step in forward:
        reads = {w.source for w in drawn.wires if w.target == step["node"]}
        assert all(any(n.key == r and (r in known or n.value is None) for n in drawn.nodes) for r in reads), step
        known.add(step["node"])
    valued = [w for s in forward for w in s["wires"]]
    assert sorted(valued) == sorted(w.key for w in drawn.wires)  # also those of inputs that are drawn again
    sent = [w for s in told if s["phase"] == "backward" for w in s["wires"]]
    assert len(sent) == len(set(sent))
    assert set(sent) == {w.key for w in drawn.wires if w.gradient is not None and w.count == 1}
    done: set = set()
    for step in (s for s in told if s["phase"] == "backward"):
        below = [w for w in drawn.wires if w.source == step["node"] and w.gradient is not None and w.key not in step["wires"]]
        if any(arriving[w].target != OUT for w in step["wires"]):
            assert all(w.key in done for w in below), step
        done |= set(step["wires"])


# every shipped case
def test_the_wires_carry_the_tapes_gradient(pictures):
    assert len(pictures) > 60
    for drawn in pictures.values():
        judge_numbers(drawn)


def test_labels_have_room_and_lie_within_the_drawing(pictures):
    for name, drawn in pictures.items():
        placed = layout(drawn)
        judge_room(placed)
        judge_wires(drawn, placed)
        for p in (*placed.nodes.values(), *placed.labels.values()):
            assert -1 <= p.x - p.box.width / 2 and p.x + p.box.width / 2 <= placed.width + 1, name
            assert -1 <= p.y - p.box.height / 2 and p.y + p.box.height / 2 <= placed.height + 1, name


def test_steps_follow_the_passes(pictures):
    for drawn in pictures.values():
        judge_steps(drawn)


def test_dot_text_is_read_by_graphviz(pictures):
    pygraphviz = pytest.importorskip("pygraphviz")
    for drawn in pictures.values():
        graph = pygraphviz.AGraph(string=dot(drawn))
        assert {n.key for n in drawn.nodes} <= set(graph.nodes())


def test_every_node_and_wire_has_its_hook(pictures):
    for name, drawn in pictures.items():
        tree = ElementTree.fromstring(svg(drawn))
        groups = [g for g in tree.iter(f"{SVG}g")]
        nodes = [g for g in groups if "node" in (g.get("class") or "").split()]
        assert [g.get("data-node") for g in nodes] == [n.key for n in drawn.nodes], name
        assert sorted({int(g.get("data-order")) for g in nodes}) == list(range(len({g.get("data-order") for g in nodes})))
        wires = {g.get("data-wire"): g for g in groups if "wire" in (g.get("class") or "").split()}
        for wire in drawn.wires:
            group = wires[wire.key]
            assert group.get("data-from") == wire.source and group.find(f"{SVG}path") is not None
            kinds = {t.get("class") for t in group.iter(f"{SVG}text")}
            assert kinds == (set() if drawn.pills else {"value"} | ({"gradient"} if wire.gradient is not None else set())), (name, wire.key)


@pytest.mark.parametrize("name", FOLDED)
def test_folded_and_long_drawings_keep_numbers_and_room(name):
    function, at = FOLDED[name]
    drawn = draw(trace(function, *at)).picture
    assert drawn.folded == ("pills" not in name)
    assert drawn.pills == ("pills" in name)
    judge_numbers(drawn)
    judge_room(layout(drawn))
    judge_steps(drawn)
    assert sum(n.operations for n in drawn.nodes) == drawn.operations == len(drawn.circuit.equations)


# the style of lecture figures
def texts(drawn, kind):
    tree = ElementTree.fromstring(svg(drawn))
    return ["".join(t.itertext()) for g in tree.iter(f"{SVG}g") if kind in (g.get("class") or "").split() for t in g.iter(f"{SVG}text")]


def test_the_chain_reads_as_on_the_board(pictures):
    assert texts(pictures["sine_of_square"], "node") == ["x", "+1", "x²", "sin"]
    assert texts(pictures["sine_of_square"], "wire") == ["1", "−2.61", "z = 2", "−2.61", "h = 4", "−0.654", "y = −0.757", "1"]


def test_the_neuron_reads_as_on_the_board(pictures):
    assert texts(pictures["sigmoid_neuron"], "node") == ["w0", "w1", "w2", "x0", "x1", "×", "×", "+", "+", "×−1", "exp", "+1", "1/x"]


def test_a_value_used_twice_shows_its_total_before_the_fork(pictures):
    drawn = pictures["three_paths"]
    trunk = next(w for w in drawn.wires if w.kind == "trunk")
    branches = [w for w in drawn.wires if w.fork == trunk.fork and w.kind == "branch"]
    assert len(branches) == 3
    assert trunk.gradient == pytest.approx(-0.22430324382650224)


def test_decisions_are_counted_but_not_drawn(pictures):
    drawn = pictures["branching_program"]
    assert drawn.unneeded == 3
    assert "3 more that the result does not need" in svg(drawn)
    assert not any(n.sign.startswith("<") for n in drawn.nodes)


def test_the_steps_of_the_chain(pictures):
    told = [(s["phase"], s["text"], s["line"]) for s in steps(pictures["sine_of_square"])]
    assert told == [
        ("forward", "x = 1", None),
        ("forward", "z = x + 1 = 2", 14),
        ("forward", "h = z ** 2 = 4", 15),
        ("forward", "y = np.sin(h) = −0.757", 16),
        ("backward", "dy = 1", 16),
        ("backward", "dh += dy * np.cos(h) = −0.654", 16),
        ("backward", "dz += dh * 2.0 * z = −2.61", 15),
        ("backward", "dx += dz = −2.61", 14),
    ]


# alone and embedded
def test_a_drawing_is_the_same_every_time(pictures):
    assert svg(pictures["lstm_cell"]) == svg(pictures["lstm_cell"])


def test_alone_it_follows_the_readers_theme_or_is_forced(pictures):
    drawn = pictures["sine_of_square"]
    auto, light, dark = (svg(drawn, theme=t) for t in ("auto", "light", "dark"))
    assert "prefers-color-scheme: dark" in auto
    assert "prefers-color-scheme" not in light + dark
    assert "#12161b" in dark and "#12161b" not in light
    assert "var(" not in auto + light + dark


def test_embedded_it_has_classes_only(pictures):
    for drawn in pictures.values():
        text = svg(drawn, standalone=False)
        assert not re.search(r"\bstyle\b|<style|\bfill=|\bstroke=|<script|href=", text)
    used = {
        c
        for text in map(lambda d: svg(d, standalone=False), pictures.values())
        for found in re.findall(r'class="([^"]*)"', text)
        for c in found.split()
    }
    unknown = {c for c in used if f".{c}" not in css()} - {
        "wires",
        "plain",
        "result",
        "trunk",
        "branch",
        "operation",
        "caption",
        "node",
        "wire",
    }
    assert unknown == set()


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("block", [".graph {", ".graph.dark {"])
def test_text_stands_out_from_its_background(block):
    rules = css()[css().index(block) :]
    colours = dict(re.findall(r"--([\w-]+): (#\w{6});", rules[: rules.index("}")]))
    for text in ("ink", "quiet", "value", "gradient"):
        for ground in ("page", "node", "block"):
            low, high = sorted((luminance(colours[text]), luminance(colours[ground])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)


def test_values_and_gradients_differ_by_more_than_colour():
    assert "font-weight: 700" in style("light") and "font-style: italic" in style("light")


def test_it_is_described_in_words(pictures):
    tree = ElementTree.fromstring(svg(pictures["sine_of_square"]))
    assert tree.get("role") == "img"
    ids = tree.get("aria-labelledby").split()
    assert [tree.find(f"{SVG}title").get("id"), tree.find(f"{SVG}desc").get("id")] == ids
    assert "The result y is −0.757. Gradient: x: −2.61." in tree.find(f"{SVG}desc").text


# what users may bring along
def test_hostile_names_are_inert():
    circuit = trace(lambda x: np.sin(x["a"]) * x["b"], {"a": 0.5, "b": 2.0})
    for k in range(len(circuit)):
        circuit.names[k] = HOSTILE
    drawn = draw(circuit, name=HOSTILE)
    tree = ElementTree.fromstring(drawn.svg)
    assert not list(tree.iter(f"{SVG}script"))
    assert len(drawn.svg) < 30_000 and len(drawn.dot) < 30_000
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", drawn.svg + drawn.dot)
    assert "<script" not in drawn.svg + repr(steps(drawn.picture)).replace("<script>alert", "")
    pygraphviz = pytest.importorskip("pygraphviz")
    assert len(pygraphviz.AGraph(string=drawn.dot).nodes()) >= 4


def test_values_that_are_no_numbers_are_drawn():
    drawn = draw(trace(lambda x, y: x * y, 0.0, float("inf")))
    values = [n.value for n in drawn.picture.nodes]
    assert np.isnan(values[2]) and ">∞<" in drawn.svg and ">NaN<" in drawn.svg


@pytest.mark.parametrize(
    "function, at",
    [
        pytest.param(lambda x: x, (1.0,), id="identity"),
        pytest.param(lambda x: 3.0, (1.0,), id="constant"),
        pytest.param(lambda x, y: x * x, (1.0, 2.0), id="unused input"),
        pytest.param(lambda x: np.stack([x, x]), (1.0,), id="array result"),
        pytest.param(lambda x: (x + 1, x * x), (1.0,), id="two results"),
        pytest.param(lambda x: np.sum(x), (np.zeros((0, 3)),), id="nothing in it"),
        pytest.param(lambda x: np.sum(x * np.float32(2)), (np.ones(3, np.float32),), id="float32"),
        pytest.param(lambda x: x[0] * x[0] + np.sum(x[[0, 1]]), (np.ones(3),), id="indices"),
    ],
)
def test_odd_circuits_are_drawn(function, at):
    drawn = draw(trace(function, *at))
    ElementTree.fromstring(drawn.svg)
    assert drawn.dot
    steps(drawn.picture)
    judge_room(layout(drawn.picture))


def test_without_numbers_the_structure_is_drawn():
    big = np.ones(1 << 17)
    drawn = draw(trace(lambda x: np.sum(x * x), big))
    assert drawn.picture.flow is None
    assert 'class="gradient"' not in drawn.svg
    assert steps(drawn.picture) == []
    assert draw(trace(lambda x: np.sum(x * x), big), big).picture.flow is not None


def test_a_later_write_into_the_argument_does_not_change_the_drawing():
    x = np.array([1.0, 2.0])
    circuit = trace(lambda x: x @ x, x)
    x[:] = 9.0
    assert draw(circuit).picture.nodes[0].value.tolist() == [1.0, 2.0]


# draw()
def test_draw_takes_circuits_cases_and_points(cases):
    case = cases["sine_of_square"]
    assert draw(trace(case.function, 1.0)).picture.nodes[0].gradient == draw(case).picture.nodes[0].gradient
    assert draw(trace(case.function, 1.0), 2.0).picture.nodes[0].value == 2.0
    assert repr(draw(case)) == "<drawing of sine_of_square: 3 recorded operations>"
    assert draw(case)._repr_svg_() == draw(case).svg


@pytest.mark.parametrize(
    "call, says",
    [
        pytest.param(lambda c: draw(np.sin), r"draw takes a circuit or a case, not ufunc: write draw\(trace\(f, x\)\)", id="a function"),
        pytest.param(lambda c: draw(c, 1.0, 2.0), "2 inputs given, the circuit of f takes 1", id="too many"),
        pytest.param(lambda c: draw(c, np.ones(2)), r"x has shape \(2,\), the circuit takes \(\)", id="a shape"),
        pytest.param(lambda c: draw(c, theme="blue"), "theme='blue': expected", id="a theme"),
        pytest.param(lambda c: draw(c).save("a.png"), "a.png: a drawing is written as .svg or .dot", id="an ending"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(call, says):
    def f(x):
        return np.sin(x)

    with pytest.raises(UsageError, match=says) as found:
        call(trace(f, 1.0))
    assert "\n" not in str(found.value)


def test_save_writes_what_the_ending_says(tmp_path):
    drawn = draw(trace(lambda x: np.sin(x), 1.0))
    assert drawn.save(tmp_path / "a" / "f.svg").read_text() == drawn.svg
    assert drawn.save(tmp_path / "f.dot").read_text() == drawn.dot


def test_without_pygraphviz_dot_works_and_svg_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pygraphviz", None)
    drawn = draw(trace(lambda x: np.sin(x), 1.0))
    assert drawn.dot.startswith("digraph")
    with pytest.raises(UsageError, match=r"needs the extra `report`: pip install 'gradcheck\[report\]'"):
        _ = drawn.svg


def test_a_pygraphviz_that_lacks_a_library_of_the_system_says_which(monkeypatch, tmp_path):
    (tmp_path / "pygraphviz.py").write_text("raise ImportError('libXrender.so.1: cannot open shared object file')\n")
    monkeypatch.delitem(__import__("sys").modules, "pygraphviz", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match=r"pygraphviz is there, but cannot be loaded: libXrender\.so\.1.*apt install"):
        _ = draw(trace(lambda x: np.sin(x), 1.0)).svg


def tangled():
    """A program of 300 different lines."""
    rng = np.random.default_rng(0)
    lines = [f"    v{i} = np.{rng.choice(['sin', 'cos', 'tanh', 'arctan'])}(v{i - 1} * v{rng.integers(i)})" for i in range(1, 301)]
    scope = {"np": np}
    exec("\n".join(["def tangled(v0):", *lines, "    return v300"]), scope)
    return scope["tangled"]


@pytest.mark.parametrize(
    "function, at, fold, says",
    [
        pytest.param(
            logistic, (3.5, 0.3, 400), False, r"logistic: 1200 operations are too many to draw one by one \(at most 1000\)", id="unfolded"
        ),
        pytest.param(
            tangled(), (0.5,), None, r"tangled: 600 operations fold into 2\d\d nodes, and a picture is readable up to 200", id="folded"
        ),
    ],
)
def test_what_is_too_large_is_refused_in_one_line(function, at, fold, says):
    with pytest.raises(UsageError, match=says) as found:
        draw(trace(function, *at), fold=fold)
    assert "\n" not in str(found.value)


# notebooks
def test_circuits_show_their_picture_in_notebooks(monkeypatch):
    circuit = trace(lambda x: np.sin(x), 1.0)
    assert circuit._repr_html_().startswith("<svg")
    monkeypatch.setattr(layout_module, "_graphviz", refuse)
    assert "<pre>def" in circuit._repr_html_() and "not <here>" not in circuit._repr_html_()


def refuse(text):
    raise UsageError("not <here>")


def test_comparisons_show_themselves_in_notebooks(cases):
    from gradcheck import compare

    text = compare(cases["sine_of_square"])._repr_html_()
    assert text.startswith("<div><b>sine_of_square: right</b>")
    assert "<td>forgets_the_inner_derivative</td><td>wrong</td><td>wrong</td>" in text
