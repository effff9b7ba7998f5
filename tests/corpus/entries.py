"""All corpora in one form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.corpus import blind, sample, students


@dataclass(frozen=True, slots=True)
class Mistake:
    """A function, a point, a wrong gradient, the kinds that name the mistake, and where it sits, if that can be said."""

    corpus: str
    name: str
    function: Callable[..., Any]
    at: tuple[Any, ...]
    right: Callable[..., Any]
    wrong: Callable[..., Any]
    accepted: tuple[str, ...]
    where: Callable[[str], bool] | None = None

    def is_named_by(self, kinds: tuple[str, ...]) -> bool:
        """Whether the first kind is accepted; of two slips at once any."""
        return bool(set(kinds) & set(self.accepted)) if self.name.startswith("PAIR") else kinds[:1] != () and kinds[0] in self.accepted


def _where(name: str) -> Callable[[str], bool] | None:
    return (lambda hop: students.where_ok(name, hop)) if students.WHERE[name] else None


SAMPLE = [Mistake("sample", n, f, (p,), r, w, tuple(sample.ACCEPTED[n[:3]])) for n, f, p, r, w in sample.C]
BLIND = [Mistake("blind", n, f, (p,), r, w, tuple(blind.ACCEPTED[n])) for n, f, p, r, w in blind.C]
STUDENTS = [Mistake("students", n, f, (p,), r, w, tuple(students.ACCEPTED[n]), _where(n)) for n, f, p, r, w in students.C]
STUDENTS += [Mistake("students", n, f, tuple(a), r, w, tuple(students.ACCEPTED[n]), _where(n)) for n, f, a, r, w in students.MULTI]
CORPORA = {"sample": SAMPLE, "students": STUDENTS, "blind": BLIND}
