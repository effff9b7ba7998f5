"""What pages of marks share: the site's templates and sheet, badges for how questions ended."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from importlib import metadata, resources
from typing import TYPE_CHECKING

from gradcheck.grading.results import OUTCOMES
from gradcheck.rendering.site import page

if TYPE_CHECKING:
    from jinja2 import Environment

CLASSES = (
    page.CLASSES
    | dict.fromkeys((*OUTCOMES, "wrong value", "wrong shape", "non-finite", "refused"), "bad")
    | {"not marked": "warn", "absent": "plain", "marked": "plain", "full marks": "good"}
)


@cache
def environment() -> Environment:
    """The templates of pages of marks beside those of the site. Raises UsageError without the extra `report`."""
    site = page.environment()
    from jinja2 import ChoiceLoader, PackageLoader

    assert site.loader is not None
    made = site.overlay(loader=ChoiceLoader([PackageLoader("gradcheck.grading.exports"), site.loader]))
    made.filters = dict(site.filters) | {"outcome_class": lambda word: CLASSES.get(word, "plain")}
    return made


def sheet() -> str:
    """What pages of marks have besides the site's own sheet."""
    return resources.files("gradcheck.grading.exports").joinpath("templates", "marks.css").read_text(encoding="utf-8")


@cache
def inline() -> tuple[str, str]:
    """The style of a page that stands alone, and its digest, by which the page's policy lets it and no other in."""
    style = page.asset("site.css").decode() + sheet()
    return style, b64encode(hashlib.sha256(style.encode()).digest()).decode()


def footer() -> str:
    """What stands at the foot of every page."""
    return f"gradcheck {metadata.version('gradcheck')}. The same submission gets the same mark on every run."
