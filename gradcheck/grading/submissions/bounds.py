"""How much one submission may be, and what a refusal of one is."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1 << 20
SOURCE, NOTEBOOK, ARCHIVE = ".py", ".ipynb", ".zip"
DATA = (".npy", ".txt", ".csv", ".json")
"""What comes along beside the Python files of a submission."""


class Refusal(Exception):  # noqa: N818 - no error of ours: what a submission is told
    """One submission cannot be taken. The message is one line for the student: what, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Sizes in bytes: of one source or data file, of one notebook, of everything read for one submission (a zip and what it unpacks to, each);
    `files` are those taken, `entries` those looked through, passed over or not, `depth` the folders inside one another.

    `class_entries` and `directory` (bytes of a zip's table of contents) bound a zip of a whole class.
    """

    file: int = MB
    notebook: int = 10 * MB
    total: int = 50 * MB
    files: int = 200
    entries: int = 2_000
    depth: int = 10
    class_entries: int = 200_000
    directory: int = 64 * MB

    def of(self, name: str) -> int:
        """The most bytes that a file of this name may have."""
        lower = name.lower()
        return self.total if lower.endswith(ARCHIVE) else self.notebook if lower.endswith(NOTEBOOK) else self.file


BOUNDS = Bounds()


def size(count: int) -> str:
    """A number of bytes as people say it."""
    for unit, factor in (("GB", 1 << 30), ("MB", MB), ("kB", 1 << 10)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return f"{count} bytes"
