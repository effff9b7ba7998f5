"""Names of files inside submissions: which are passed over, which are refused, which cannot stand beside each other. None is ever used as a path of ours."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Iterable

from gradcheck.grading.submissions.bounds import ARCHIVE, DATA, NOTEBOOK, SOURCE, Refusal
from gradcheck.rendering import text

SHADOWS = frozenset(sys.stdlib_module_names) | {"numpy", "scipy", "sitecustomize", "usercustomize", "gradcheck"}
"""Modules that a file beside a submission must not stand in for."""
_PASSED_OVER = frozenset({"__pycache__", "__MACOSX", "Thumbs.db", "desktop.ini"})
_LONGEST, _LONGEST_PART = 1_000, 255


def safe_name(student: str) -> str:
    """A student's identifier as the stem of a file of ours: harmless whatever it holds, and told apart from every other."""
    return text.slug(student)


def shown(name: str) -> str:
    """A name as it stands in messages."""
    return text.label(name)


def listed(names: Iterable[str], most: int = 5) -> str:
    """The first names and how many there are besides."""
    all_names = list(names)
    more = f" and {len(all_names) - most:,} more" if len(all_names) > most else ""
    return ", ".join(shown(n) for n in all_names[:most]) + more


def is_junk(name: str) -> bool:
    """Whether a name, or a folder it lies in, is hidden or left behind by a system: those are passed over. A name that leads elsewhere never is."""
    if "\\" in name or "\0" in name or name.startswith("/") or ".." in (parts := name.split("/")):
        return False
    return any((part.startswith(".") and part != ".") or part in _PASSED_OVER for part in parts)


def is_taken(name: str) -> bool:
    """Whether a file of this name comes along."""
    return name.lower().endswith((SOURCE, NOTEBOOK, *DATA))


def is_code(name: str) -> bool:
    """Whether a file of this name can be the one to run."""
    return name.lower().endswith((SOURCE, NOTEBOOK))


def is_archive(name: str) -> bool:
    """Whether a file calls itself a zip."""
    return name.lower().endswith(ARCHIVE)


_FAULTS: tuple[tuple[Callable[[str], object], str], ...] = (
    (lambda name: "\0" in name, "has a null byte in its name"),
    (lambda name: "\\" in name, "has a backslash in its name"),
    (lambda name: name.startswith("/") or re.match(r"[A-Za-z]:", name), "has an absolute path for a name"),
    (lambda name: ".." in name.split("/"), "has a name that leads out of its folder ('..')"),
    (lambda name: {"", "."} & set(name.removesuffix("/").split("/")), "has a name with an empty part"),
    (
        lambda name: len(name) > _LONGEST or max(len(p.encode("utf-8", "surrogatepass")) for p in name.split("/")) > _LONGEST_PART,
        "has a name that is too long",
    ),
    (lambda name: any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in name), "has control characters in its name"),
)


def fault(name: str) -> str:
    """What is wrong with a name inside a submission, "" where nothing is."""
    return next((words for is_so, words in _FAULTS if is_so(name)), "")


def check(names: Iterable[str]) -> None:
    """Refuse faulty names, and names that some system takes for one: the same, or apart only by case or by how letters are composed."""
    seen: dict[str, str] = {}
    folders: set[str] = set()
    for name in names:
        if wrong := fault(name):
            raise Refusal(f"{shown(name)} {wrong}: rename it and hand in again")
        key = folded(name)
        if key in seen:
            raise Refusal(_clash(seen[key], name))
        seen[key] = name
        parts = key.split("/")
        folders.update("/".join(parts[:k]) for k in range(1, len(parts)))
    if both := folders & seen.keys():
        raise Refusal(f"{shown(seen[min(both)])} is both a file and a folder: rename one and hand in again")


def _clash(first: str, second: str) -> str:
    if first == second:
        return f"two files are both named {shown(first)}, and which is meant cannot be told: keep one and hand in again"
    return f"the names {shown(first)} and {shown(second)} are the same to some systems: rename one and hand in again"


def folded(name: str) -> str:
    """What names have in common that differ only by case or composition."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def common_folder(names: Iterable[str]) -> str:
    """The folders that all names lie in, with a slash at the end; "" where they share none."""
    split = [n.split("/")[:-1] for n in names]
    shared: list[str] = []
    for parts in zip(*split):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "".join(f"{p}/" for p in shared)


def hides(name: str) -> str:
    """The module that a helper file would stand in for; "" for none."""
    first, _, rest = name.partition("/")
    module = first if rest else first[: -len(SOURCE)] if first.lower().endswith(SOURCE) else ""
    return module if module in SHADOWS else ""
