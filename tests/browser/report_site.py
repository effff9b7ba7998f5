"""A small report as it is written: a page of every kind, on cases of every kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hostile import HOSTILE

from browser.samples import scaling
from gradcheck import load_cases
from gradcheck.rendering.site.build import case_file, site_files
from gradcheck.rendering.site.front import front_html
from gradcheck.rendering.site.pieces import shared_assets
from gradcheck.studies.accuracy import accuracy
from gradcheck.studies.costs import costs
from gradcheck.studies.running import CaseResult, Run, RunResult, run, weigh
from gradcheck.studies.study import Statement, Study
from gradcheck.verdicts.proof import Proof
from gradcheck.writing import write_files

# small, with mistakes that are found, of arrays and wide, with an input at many places and tall, at a kink
CHOSEN = ("sine_of_square", "sigmoid_neuron", "lstm_cell", "convolution_and_pooling", "relu_network_at_the_kink")
CLAIMS = ("C01", "C14")
UNMET = '''
import numpy as np
from gradcheck import case


@case(x=0.5)
def not_as_stated(x):
    """Its gradient is said to be right, and is not."""
    return np.sin(x) * x


@not_as_stated.claimed_gradient
def half_of_it(x):
    return np.cos(x) * x
'''
PROOFS = tuple(
    Proof(name, formula, status, "everywhere")
    for name, formula, status in (
        ("add", "a + b", "proven"),
        ("sin", "sin(x)", "proven"),
        ("floor", "floor(x)", "decision"),
        ("erf", "erf(x)", "certified"),
    )
)


def small_run(folder: Path, cases: Path) -> RunResult:
    """A few of the project's cases, one that is not as stated, those that mean no good, a file at fault; `folder` is for their sources."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hostile.py").write_text(HOSTILE)
    (folder / "unmet.py").write_text(UNMET)
    (folder / "broken.py").write_text("def (")
    ours, others = load_cases(cases), load_cases(folder)
    known = {c.name: c for c in ours}
    found = run(others)
    chosen = run(ours, chosen=[known[name] for name in CHOSEN]).cases
    claims = tuple(weigh(Run(ours), c) for c in ours.claims if c.id in CLAIMS)
    return RunResult((*chosen, *found.cases), (*claims, *found.claims), found.problems, 0)


def studies(result: RunResult) -> tuple[Study, ...]:
    """Two that are made of the run, and one made by hand: charts of every kind with statements of both outcomes."""
    statements = (
        Statement("tape O(N + l)", "shown", "slope 1.0003"),
        Statement("differences O(N + l)", "refuted", "slope 2.0011", measured=True),
    )
    notes = ("`pairs` is a loop.",)
    return (replace(scaling(), statements=statements, notes=notes), costs(result), accuracy(result))


def write_site(result: RunResult, site: Path) -> Path:
    """The whole site, as a run writes it."""
    cases = [c.case for c in result.cases]
    write_files(site, site_files(result, studies(result), PROOFS))
    for case in result.cases:
        write_files(site, case_file(case, cases, result.seed))
    return site


def write_front(result: RunResult, site: Path, count: int) -> Path:
    """A front page of `count` cases in groups of fifty: those of a run, again and again under other names."""
    write_files(site, [("index.html", front_html(replace(result, cases=tuple(_again(result.cases, count))), "many", ()))])
    write_files(site, ((f"assets/{name}", content) for name, content in shared_assets()))
    return site


def _again(cases: tuple[CaseResult, ...], count: int) -> list[CaseResult]:
    made = []
    for i in range(count):
        case = cases[i % len(cases)]
        name = f"{case.case.name[:40]}_{i:05d}"
        made.append(replace(case, summary=replace(case.summary, name=name, file=f"cases/module_{i // 50:03d}.py", claims=())))
    return made
