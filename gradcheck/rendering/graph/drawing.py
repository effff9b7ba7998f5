"""A finished drawing, ready to be shown or written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gradcheck.errors import UsageError
from gradcheck.rendering.graph.dot import dot
from gradcheck.rendering.graph.model import Picture
from gradcheck.rendering.graph.svg import Theme, svg
from gradcheck.writing import write_files


@dataclass(frozen=True)
class Drawing:
    """The picture of a computation graph: shows itself in notebooks; `.svg` and `.dot` are its text, `.save(path)` writes either."""

    picture: Picture
    theme: Theme = "auto"

    def __repr__(self) -> str:
        return f"<drawing of {self.picture.name}: {self.picture.caption}>"

    @cached_property
    def svg(self) -> str:
        """SVG that stands alone. Raises UsageError without pygraphviz."""
        return svg(self.picture, theme=self.theme)

    @cached_property
    def dot(self) -> str:
        """The graph in the DOT language."""
        return dot(self.picture)

    def save(self, path: str | Path) -> Path:
        """Write the drawing: as SVG or as DOT text, by the ending of the name. Raises UsageError for any other."""
        path = Path(path)
        if path.suffix not in (".svg", ".dot", ".gv"):
            raise UsageError(f"{path}: a drawing is written as .svg or .dot: give a name that ends so")
        write_files(path.parent, [(path.name, self.svg if path.suffix == ".svg" else self.dot)], "the drawing")
        return path

    def _repr_svg_(self) -> str:
        return self.svg
