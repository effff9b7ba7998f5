"""LaTeX as MathML, for pages: plain elements without styles or links, with the plain text as alternative."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree as ET

from gradcheck.errors import UsageError

KEPT = {"display", "stretchy", "fence", "form", "mathvariant", "accent", "width", "separator", "lspace", "rspace"}
SUMS = {"∑", "∏", "max", "min"}
ELEMENTS = {
    "math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover",
    "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded",
}  # fmt: skip


@lru_cache(maxsize=4096)
def mathml(latex: str, text: str, display: bool = True) -> str:
    """A formula of ours as a <math> element; UsageError where latex2mathml is missing. `text` is read out instead of it."""
    try:
        from latex2mathml.converter import convert
    except ImportError as error:
        raise UsageError("mathematics in HTML: needs the extra `report`: pip install 'gradcheck[report]'") from error
    converted = convert(re.sub(r"\\mathrm\{(.)\}", r"\\text{\1}", latex))
    math = ET.fromstring(converted.replace('xmlns="http://www.w3.org/1998/Math/MathML"', ""))  # noqa: S314  our own
    for element in list(math.iter()):
        _tidy(element)
    math.attrib.clear()
    math.set("display", "block" if display else "inline")
    math.set("alttext", text)
    return ET.tostring(math, encoding="unicode", short_empty_elements=False)


def _tidy(element: Any) -> None:
    """Only known elements and attributes; words as words, limits of sums below their sign, left columns by a class."""
    if element.tag not in ELEMENTS:
        raise ValueError(f"<{element.tag}> in a formula")
    left = element.get("columnalign") == "left"
    if element.get("mathvariant") == "bold" and element.text == "1":
        element.text = "\N{MATHEMATICAL BOLD DIGIT ONE}"  # browsers know no other variant than normal
    for name in [a for a in element.attrib if a not in KEPT]:
        del element.attrib[name]
    if left:
        element.set("class", "left")
    if element.tag == "mo" and element.text and len(element.text) > 1 and element.text.isalpha():
        element.tag = "mi"
        element.attrib.clear()
    if element.tag in ("msub", "msubsup") and len(element) and element[0].text in SUMS:
        element.tag = {"msub": "munder", "msubsup": "munderover"}[element.tag]
    if element.get("mathvariant") not in (None, "normal"):
        del element.attrib["mathvariant"]
    if element.get("fence") == "true":
        element.attrib |= {"lspace": "0", "rspace": "0"}
    _prime(element)
    _signs(element)
    _join_letters(element)
    _space_functions(element)


def _prime(element: Any) -> None:
    """A prime stands behind its letter: the font's is high and small already."""
    if _holds_prime(element):
        base = list(element)[:-1]
        element[-1].clear()
        element[-1].tag, element[-1].text = "mo", "\N{PRIME}"
        element[-1].attrib |= {"lspace": "0", "rspace": "0"}
        if element.tag == "msubsup":
            inner = ET.Element("msub")
            inner.extend(base)
            for child in base:
                element.remove(child)
            element.insert(0, inner)
        element.tag = "mrow"


def _holds_prime(element: Any) -> bool:
    last = element[-1] if element.tag in ("msup", "msubsup") and len(element) else None
    return last is not None and "\N{PRIME}" in (last.text, *(e.text for e in last if len(last) == 1))


def _signs(element: Any) -> None:
    """A minus behind a bracket or another sign is a sign, and not an operation with space around it."""
    if element.tag in ("mrow", "mtd"):
        shown = [e for e in element if e.tag != "mspace"]
        for before, child in zip([None, *shown], shown, strict=False):
            opens = before is None or (before.tag == "mo" and before.text not in (")", "]", "|", "\N{PRIME}"))
            if child.tag == "mo" and child.text == "\N{MINUS SIGN}" and opens:
                child.attrib |= {"form": "prefix", "lspace": "0", "rspace": "0"}


def _join_letters(element: Any) -> None:
    """Upright letters one by one are one word."""
    letters = list(element)
    if len(letters) > 1 and all(e.tag in ("mi", "mn") and (e.get("mathvariant") == "normal" or e.tag == "mn") for e in letters):
        word = "".join(e.text or "" for e in letters)
        for e in letters[1:]:
            element.remove(e)
        letters[0].tag, letters[0].text = "mi", word


def _space_functions(element: Any) -> None:
    """A little space between the name of a function and an argument without brackets, as TeX puts it."""
    children = list(element)
    for at, child in reversed(list(enumerate(children))):
        name = child.tag == "mi" and child.text in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "ln")
        if name and at + 1 < len(children) and not _is_fenced(children[at + 1]):
            element.insert(at + 1, ET.Element("mspace", {"width": "0.167em"}))


def _is_fenced(element: Any) -> bool:
    return element.tag == "mo" or (len(element) > 0 and element[0].get("fence") == "true")
