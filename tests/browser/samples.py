"""Studies with charts of every kind, made by hand: formulas whose pictures are known."""

from __future__ import annotations

import math

from gradcheck.studies.study import Chart, Column, Rule, Study, Table

U = 2.0**-53


def v_curves() -> Study:
    """Error against step: truncation falls with h, rounding grows; the complex step reaches exactly 0."""
    rows = []
    for k in range(0, 61):
        h = 10 ** (-k / 4)
        rows.append(("forward", h, h / 2 + 2 * U / h, "sine of a square"))
        rows.append(("central", h, h**2 / 6 + U / h, "sine of a square"))
        rows.append(("five points", h, h**4 / 30 + 1.5 * U / h, "sine of a square"))
        rows.append(("complex step", h, h**2 / 6 if h > 1e-8 else 0.0, "sine of a square"))
    columns = (Column("method", "method"), Column("h", "step h"), Column("error", "relative error"), Column("case", "case"))
    best = (3 * U) ** (1 / 3)
    chart = Chart(
        "v-curve", "Error against step", "errors", "h", "error", series="method",
        rules=(Rule("x", best, "best step of central differences"), Rule("x", math.sqrt(4 * U), "best step of forward differences"), Rule("y", U, "unit roundoff u")),
        caption="Every difference has a best step; the complex step has none: its error falls until nothing is left.",
        reading="Four curves of error against step. Forward, central and five-point differences fall to a least error near 1e-8, 1e-11 and 1e-13 and rise again; the complex step falls to exactly 0.",
    )  # fmt: skip
    return Study("step-size", "Step size", "Which step is best?", (Table("errors", "Errors", columns, tuple(rows)),), charts=(chart,))


def scaling() -> Study:
    """Operations and seconds against size in three families, with quartiles."""
    rows = []
    for family, l_of in (("l fixed", lambda n: 1000), ("N proportional to l", lambda n: n), ("l growing", lambda n: 16 * n)):
        for k in range(0, 11):
            n = 10 ** (k / 2)
            for method, cost in (("tape", 4 * (n + l_of(n))), ("central differences", 2 * n * l_of(n)), ("HVP", 11 * (n + l_of(n)))):
                if method == "central differences" and n > 3e3:
                    rows.append((family, method, round(n), None, None, None))
                    continue
                seconds = 2e-8 * cost + 3e-6
                wobble = 1 + 0.3 * math.sin(7 * k + len(method))
                rows.append((family, method, round(n), seconds * wobble, seconds * wobble * 0.6, seconds * wobble * 1.7))
    columns = (
        Column("family", "family"), Column("method", "method"), Column("n", "inputs N"), Column("seconds", "time", "s", measured=True),
        Column("q1", "lower quartile", "s", measured=True), Column("q3", "upper quartile", "s", measured=True),
    )  # fmt: skip
    table = Table("times", "Times", columns, tuple(rows))
    one = Table("both", "N proportional to l", columns, tuple(r for r in rows if r[0] == "N proportional to l"))
    charts = (
        Chart("scaling-all", "Cost against size", "times", "n", "seconds", series="method", panel="family", low="q1", high="q3", rules=(Rule("x", 30, "N = 30"), Rule("y", 1e-3, "a millisecond")),
              caption="Central differences cost N evaluations, whatever the family.", reading="Three panels of time against inputs."),
        Chart("scaling", "Cost where N grows with l", "both", "n", "seconds", series="method", low="q1", high="q3", rules=(Rule("x", 30, "crossover at N = 30"),),
              caption="The tape's cost grows as N + l, that of central differences as N l.", reading="Tape and HVP rise with slope 1, central differences with slope 2."),
    )  # fmt: skip
    return Study("scaling", "Scaling", "How does cost grow?", (table, one), charts=charts)


def digits() -> Study:
    """Correct digits of each method: a bar chart of a few cases, points for seventy."""
    methods = {"symbolic": 15.6, "tape": 15.9, "complex step": 15.4, "central differences": 10.2}
    rows = []
    for i in range(70):
        for j, (m, d) in enumerate(methods.items()):
            lost = abs(math.sin(3 * i + j)) * (0.6 if j < 3 else 4)
            rows.append(
                (
                    f"{('softmax', 'logistic', 'rosenbrock', 'rnn', 'attention_block', 'gaussian_mixture')[i % 6]}_{i:02d}",
                    m,
                    None if (i + j) % 23 == 0 else d - lost,
                )
            )
    columns = (Column("case", "case"), Column("method", "method"), Column("digits", "correct digits"))
    few = [("product", m, d - k / 3) for k, (m, d) in enumerate(methods.items())] + [
        ("nested", m, d - k) for k, (m, d) in enumerate(methods.items())
    ]
    few += [("softmax", m, d - k / 2) for k, (m, d) in enumerate(methods.items())]
    charts = (
        Chart("digits", "Correct digits by method", "few", "case", "digits", series="method", kind="bars", y_scale="linear", rules=(Rule("y", 15.95, "all 16 digits"),),
              caption="Central differences lose a third of the digits.", reading="Bars near 16 digits for all methods but central differences, near 10."),
        Chart("accuracy", "Correct digits over all cases", "all", "case", "digits", series="method", kind="points", y_scale="linear",
              caption="One row for each case.", reading="Seventy rows: symbolic, tape and complex step near 16 digits, central differences between 6 and 10."),
    )  # fmt: skip
    return Study(
        "accuracy",
        "Accuracy",
        "How many digits are right?",
        (Table("few", "A few", columns, tuple(few)), Table("all", "All", columns, tuple(rows))),
        charts=charts,
    )


def depth() -> Study:
    """Adjoint norms by layer, vanishing and exploding; loss curves of training."""
    rows = [(f"gain {g}", layer, g ** (50 - layer)) for g in (0.5, 0.9, 1.0, 1.1, 1.5) for layer in range(1, 51)]
    losses = [
        (name, step, 0.02 + 2.3 * math.exp(-step / tau))
        for name, tau in (("right gradient", 30), ("missing factor", 120))
        for step in range(0, 301)
    ]
    losses += [("wrong sign", step, 2.3 * math.exp(step / 60) if step < 120 else math.inf) for step in range(0, 301)]
    charts = (
        Chart("depth", "Adjoints by layer", "norms", "layer", "norm", series="net", x_scale="linear",
              caption="A gain below one vanishes, above one explodes.", reading="Five straight lines on a logarithmic axis fan out from the last layer."),
        Chart("training", "Loss while training", "losses", "step", "loss", series="gradient", x_scale="linear",
              caption="A wrong sign climbs.", reading="Right gradient falls to 0.02, a missing factor falls slower, a wrong sign rises until it overflows."),
    )  # fmt: skip
    return Study(
        "depth", "Depth", "What happens to adjoints?",
        (Table("norms", "Norms", (Column("net", "network"), Column("layer", "layer"), Column("norm", "norm of the adjoint")), tuple(rows)),
         Table("losses", "Losses", (Column("gradient", "gradient used"), Column("step", "step"), Column("loss", "loss")), tuple(losses))), charts=charts,
    )  # fmt: skip


STUDIES = (v_curves, scaling, digits, depth)


def hostile() -> Study:
    """Text that would like to be markup, script, or the end of what holds it."""
    end = "</script><script>window.broken = 1</script>"
    names = (
        end,
        "<b onclick=alert(1)>&amp;\u2028",
        "\u202eright to left",
        "x" * 100_000,
        "a\x00\x07\nb",
        "${1}' + alert(1) + '",
        "datum.x",
        "",
    )
    rows = tuple((name, x, (n + 1.0) * x) for n, name in enumerate(names) for x in (1.0, 2.0, 3.0))
    columns = (Column("s", end), Column("x", f"x {end}", "<i>"), Column("y.[0]", "'\"}]" + end))
    table = Table("t", end, columns, rows)
    some = {"caption": f"{end} " * 3000, "reading": f'" onload="alert(1) {end}', "rules": (Rule("y", 4.0, f"<svg onload=alert(1)>{end}"),)}
    charts = (
        Chart("lines", end, "t", "x", "y.[0]", series="s", **some),
        Chart('"><iframe>', end, "t", "x", "y.[0]", panel="s", kind="points", **some),
        Chart("bars", end, "t", "s", "y.[0]", kind="bars", y_scale="linear", **some),
    )
    return Study('" id="', end, end, (table,), charts=charts)
