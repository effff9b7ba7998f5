"""Cases that mean no good: names, docstrings, errors and evidence that would like to be markup, commands or walls of text."""

from __future__ import annotations

HOSTILE = '''
import numpy as np
from gradcheck import Evidence, Real, case, claim

SCRIPT = "<script>alert(1)</script>"


def named(name, function, doc=None):
    function.__name__ = name
    function.__doc__ = doc
    return function


script = case(x=1.0)(named(SCRIPT, lambda x: np.sin(x), SCRIPT + "</title></pre>"))
path = case(x=1.0)(named("../../escaped", lambda x: np.cos(x) * 2, "[click](javascript:alert(1))"))
long = case(x=1.0)(named("x" * 100_000, lambda x: np.exp(x), "y" * 100_000))
turned = case(x=1.0)(named("\\u202etxt.exe", lambda x: np.exp(-x), "right \\u202e to left \\u2066 marks \\x00 \\x1b[31m"))


def failing(x):
    raise ValueError(SCRIPT + "z" * 100_000)


failing = case(x=1.0)(named("failing", failing))


@case(x=1.0)
def ordinary(x):
    """An ordinary case & its friends."""
    \u05e9\u05dc\u05d5\u05dd = x * 2
    return np.sin(\u05e9\u05dc\u05d5\u05dd)


def wrong(x):
    return np.cos(2 * x)


ordinary.claimed_gradient(named(SCRIPT + "'\\"", wrong), expect="wrong", kinds=["missing-factor"])


@claim(SCRIPT)
def said(run):
    """<b>bold</b> words"""
    return Evidence(True, "</td>" + SCRIPT + "w" * 100_000)
'''
