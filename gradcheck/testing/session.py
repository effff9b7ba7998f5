"""What one run of pytest knows of its gradient checks: the seed, whether mistakes are planted, where reports and witnesses go."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gradcheck.errors import CaseError

if TYPE_CHECKING:
    from gradcheck.case import Case
    from gradcheck.mutation import Score
    from gradcheck.testing.asked import Asked
    from gradcheck.verdicts.verdict import Verdict


PLUGIN = "gradcheck-session"


def session_of(config: pytest.Config) -> GradientSession:
    """What this run of pytest knows of its gradient checks: made, and its hooks registered, when first asked for."""
    found = config.pluginmanager.get_plugin(PLUGIN)
    if not isinstance(found, GradientSession):
        found = GradientSession.of(config)
        config.pluginmanager.register(found, PLUGIN)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class GradientSession:
    """`mutate` whether mistakes are planted in gradients found right, `strict` whether one that survives fails its test.

    `report` is the report that is being written, if one is; `witnesses` the folder of inputs that failed before, None where pytest keeps no cache.
    """

    seed: int
    mutate: bool
    strict: bool
    report: Any
    witnesses: Path | None
    root: Path
    scores: dict[Case, Score] = field(default_factory=dict)

    @classmethod
    def of(cls, config: pytest.Config) -> GradientSession:
        """From pytest's options, the environment and [tool.gradcheck]. Raises pytest.UsageError where a setting is at fault."""
        from gradcheck.settings import settings

        option = config.option
        try:
            seed = settings(config.rootpath, seed=option.gradcheck_seed).seed
        except CaseError as error:
            raise pytest.UsageError(str(error)) from None
        if seed < 0:
            raise pytest.UsageError(f"--gradcheck-seed={seed}: expected a whole number that is not negative")
        strict = bool(option.gradcheck_mutate_strict)
        return cls(seed, strict or bool(option.gradcheck_mutate), strict, _report(config, seed), _witnesses(config), config.rootpath)

    @property
    def doing(self) -> str:
        """What is done besides checking, for the header."""
        mutating = ", planting mistakes" if self.mutate else ""
        return mutating + (f", report to {self.report.folder}" if self.report is not None else "")

    def score_of(self, case: Case, points: Any = None) -> Score:
        """The mutation score of a case's points, worked out once: it is the same for each of its gradients. That of other `points`, anew."""
        from gradcheck.mutation import mutation_score

        if points is not None:
            return mutation_score(case, None, points, seed=self.seed)
        if case not in self.scores:
            self.scores[case] = mutation_score(case, seed=self.seed)
        return self.scores[case]

    def reported(self, nodeid: str, asked: Asked, verdict: Verdict) -> None:
        """Put a checked gradient into the report, if one is written."""
        if self.report is not None:
            self.report.add_gradient(nodeid, asked, verdict)

    def reported_case(self, nodeid: str, case: Case) -> None:
        """Put a case into the report, if one is written."""
        if self.report is not None:
            self.report.add_case(nodeid, case)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist where its part of the report goes."""
        if self.report is not None:
            node.workerinput["gradcheck_parts"] = str(self.report.parts)

    def pytest_sessionfinish(self) -> None:
        """Write what tells of all checks, at the end of the run."""
        if self.report is not None:
            self.report.finish()


def _witnesses(config: pytest.Config) -> Path | None:
    """pytest's own cache keeps failing inputs from run to run."""
    cache = getattr(config, "cache", None)
    return None if cache is None else Path(cache.mkdir("gradcheck"))


def _report(config: pytest.Config, seed: int) -> Any:
    folder = config.option.gradcheck_report
    if folder is None:
        return None
    from gradcheck.testing.report import SessionReport

    return SessionReport.of(config, folder, seed)
