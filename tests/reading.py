"""A small reader of the LaTeX that derivations are written in: it gives back a value, from the signs alone.

It knows nothing of the writer: brackets, fractions, products by standing next to each other, powers. What it cannot read raises.
"""

from __future__ import annotations

import re

import numpy as np
from scipy import special

TOKEN = re.compile(
    r"\\left[\[(|.]|\\left\\lfloor|\\left\\lceil|\\right[\]).|]|\\right\\rfloor|\\right\\rceil"
    r"|\\operatorname\{[^}]*\}|\\begin\{\w+\}|\\end\{\w+\}|\\text\{[^}]*\}|\\mathrm\{[^}]*\}|\\\\|\\[a-zA-Z]+|\\,|\\circ"
    r"|\d+\.?\d*|\.\d+|[a-zA-Z]|[-+^_{}&=<>,()'\[\]]"
)
FUNCTIONS = {
    "\\sin": np.sin, "\\cos": np.cos, "\\tan": np.tan, "\\sinh": np.sinh, "\\cosh": np.cosh, "\\tanh": np.tanh, "\\exp": np.exp, "\\ln": np.log,
    "\\arctan": np.arctan, "\\sigma": special.expit, "\\operatorname{erf}": special.erf, "\\operatorname{sign}": np.sign,
}  # fmt: skip
RELATIONS = {"=": np.equal, "<": np.less, ">": np.greater, "\\le": np.less_equal, "\\ge": np.greater_equal, "\\ne": np.not_equal}


class Reader:
    """Reads one formula; `values` are those of names, a name being its LaTeX without blanks."""

    def __init__(self, text: str, values: dict) -> None:
        self.tokens = TOKEN.findall(text)
        left = TOKEN.sub("", text).strip()
        if left:
            raise ValueError(f"cannot read {left!r}")
        self.at, self.values = 0, values

    def read(self):
        found = self.sum()
        if self.at < len(self.tokens):
            raise ValueError(f"{self.tokens[self.at :]} left over")
        return found

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        if not token or (wanted is not None and token != wanted):
            raise ValueError(f"{wanted!r} wanted, {token!r} found at {self.at} in {self.tokens}")
        self.at += 1
        return token

    def sum(self):
        found = -self.product() if self.peek() == "-" and self.take() else self.product()
        while self.peek() in ("+", "-"):
            sign = self.take()
            term = self.product()
            found = found + term if sign == "+" else found - term
        return found

    def product(self):
        found = self.power()
        while True:
            token = self.peek()
            if token in ("\\,", "\\cdot", "\\odot", "\\times"):
                self.take()
                other = self.power()
                entrywise = np.ndim(found) > 0 and np.ndim(other) > 0
                if (token == "\\odot") != entrywise and token != "\\,":
                    raise ValueError(f"{token} between {np.shape(found)} and {np.shape(other)}")
                found = np.matmul(found, other) if entrywise and token == "\\," else found * other
            elif (
                token
                and token not in ("+", "-", "}", "&", "\\\\", ",")
                and not token.startswith(("\\right", "\\end"))
                and token not in RELATIONS
            ):
                found = found * self.power()
            else:
                return found

    def power(self):
        base = self.atom()
        if self.peek() == "^":
            self.take()
            self.take("{")
            if self.peek() == "\\top":
                self.take()
                self.take("}")
                return np.transpose(base)
            if self.peek() == "\\circ":
                self.take()
            elif np.ndim(base):
                raise ValueError("a power of a matrix")
            exponent = self.sum()
            self.take("}")
            return base**exponent
        return base

    def atom(self):
        token = self.take()
        if re.fullmatch(r"\d+\.?\d*|\.\d+", token):
            return float(token)
        if token == "\\frac":
            return self.braced() / self.braced()
        if token == "\\sqrt":
            return np.cbrt(self.index_three()) if self.peek() == "[" else np.sqrt(self.braced())
        if token in FUNCTIONS:
            return FUNCTIONS[token](self.argument())
        if token in ("\\max", "\\min"):
            return self.extreme(token)
        if token == "\\begin{cases}":
            return self.cases()
        if token.startswith("\\left"):
            return self.fenced(token)
        return self.named(token)

    def braced(self):
        self.take("{")
        found = self.sum()
        self.take("}")
        return found

    def index_three(self):
        for wanted in ("[", "3", "]"):
            self.take(wanted)
        return self.braced()

    def argument(self):
        """In brackets, or the one letter that follows."""
        if self.peek() == "\\left(":
            return self.atom()
        found = self.named(self.take())
        if self.peek() in ("^", "_"):
            raise ValueError("what belongs to the function?")
        return found

    def extreme(self, which):
        self.take("\\left(")
        first = self.sum()
        self.take(",")
        if self.peek() == "\\,":
            self.take()
        second = self.sum()
        self.take("\\right)")
        return (np.maximum if which == "\\max" else np.minimum)(first, second)

    def cases(self):
        rows = []
        for end in ("\\\\", "\\end{cases}"):
            value = self.sum()
            self.take("&")
            told = self.take()
            rows.append((value, self.relation() if told == "\\text{if }" else None))
            self.take(end)
        (yes, condition), (no, _) = rows
        return np.where(condition, yes, no)

    def relation(self):
        left = self.sum()
        return RELATIONS[self.take()](left, self.sum())

    def fenced(self, token):
        if token == "\\left(":
            found = self.sum()
            self.take("\\right)")
        elif token == "\\left|":
            found = np.abs(self.sum())
            self.take("\\right|")
        else:
            found = 1.0 * self.relation()
            self.take("\\right]")
        return found

    def named(self, token):
        name = token
        if self.peek() == "_":
            self.take()
            self.take("{")
            inside = self.take()
            self.take("}")
            name = f"{token}_{{{inside}}}"
        if name not in self.values:
            raise ValueError(f"no name {name!r}")
        return self.values[name]


def read(text: str, values: dict):
    """The value of a formula in LaTeX."""
    return Reader(text, values).read()
