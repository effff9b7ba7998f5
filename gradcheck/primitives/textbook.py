"""Adjoint rules as people write them: what hand-written gradients are compared with, hop by hop.

`g` is the cotangent of the result `y`; `x`, or `a`, `b`, `c`, are the operands. For reductions `G` and `Y` are `g` and `y` with the
reduced axes kept, `n` is the number of elements reduced and `axis` what was reduced. Of several forms the first is the most common.
Rules without a line here are read off their record.
"""

from __future__ import annotations

from collections.abc import Mapping

Forms = tuple[tuple[str, ...], ...]  # for each operand, the forms its cotangent is written in

TEXTBOOK: Mapping[str, Forms] = {
    "add": (("g",), ("g",)),
    "subtract": (("g",), ("-g",)),
    "multiply": (("g * b",), ("g * a",)),
    "divide": (("g / b",), ("-g * a / b**2", "-g * y / b")),
    "negative": (("-g",),),
    "square": (("g * 2 * x",),),
    "reciprocal": (("-g / x**2", "-g * y**2"),),
    "power": (("g * b * a**(b - 1)", "g * b * y / a"), ("g * y * np.log(a)",)),
    "sqrt": (("g / (2 * y)", "g * 0.5 * x**-0.5"),),
    "cbrt": (("g / (3 * y**2)",),),
    "exp": (("g * y", "g * np.exp(x)"),),
    "exp2": (("g * y * np.log(2)",),),
    "expm1": (("g * (y + 1)", "g * np.exp(x)"),),
    "log": (("g / x",),),
    "log2": (("g / (x * np.log(2))",),),
    "log10": (("g / (x * np.log(10))",),),
    "log1p": (("g / (1 + x)",),),
    "sin": (("g * np.cos(x)",),),
    "cos": (("-g * np.sin(x)",),),
    "tan": (("g * (1 + y**2)", "g / np.cos(x)**2"),),
    "arcsin": (("g / np.sqrt(1 - x**2)",),),
    "arccos": (("-g / np.sqrt(1 - x**2)",),),
    "arctan": (("g / (1 + x**2)",),),
    "sinh": (("g * np.cosh(x)",),),
    "cosh": (("g * np.sinh(x)",),),
    "tanh": (("g * (1 - y**2)", "g * (1 - np.tanh(x)**2)", "g / np.cosh(x)**2"),),
    "arcsinh": (("g / np.sqrt(1 + x**2)",),),
    "arccosh": (("g / np.sqrt(x**2 - 1)",),),
    "arctanh": (("g / (1 - x**2)",),),
    "expit": (("g * y * (1 - y)", "g * sigmoid(x) * (1 - sigmoid(x))", "g * np.exp(-x) / (1 + np.exp(-x))**2"),),
    "logit": (("g / (x * (1 - x))",),),
    "erf": (("g * 2 / np.sqrt(np.pi) * np.exp(-x**2)",),),
    "erfc": (("-g * 2 / np.sqrt(np.pi) * np.exp(-x**2)",),),
    "erfcx": (("g * (2 * x * y - 2 / np.sqrt(np.pi))", "g * (-2 / np.sqrt(np.pi) + 2 * x * y)"),),
    "ndtr": (("g * np.exp(-x**2 / 2) / np.sqrt(2 * np.pi)",),),
    "logaddexp2": (("g * 2**(a - y)", "g / (1 + 2**(b - a))"), ("g * 2**(b - y)", "g / (1 + 2**(a - b))")),
    "hypot": (("g * a / y",), ("g * b / y",)),
    "arctan2": (("g * b / (a**2 + b**2)",), ("-g * a / (a**2 + b**2)",)),
    "logaddexp": (("g * np.exp(a - y)", "g / (1 + np.exp(b - a))"), ("g * np.exp(b - y)", "g / (1 + np.exp(a - b))")),
    "absolute": (("g * np.sign(x)", "g * x / y"),),
    "maximum": (("g * (a > b)",), ("g * (b > a)",)),
    "minimum": (("g * (a < b)",), ("g * (b < a)",)),
    "where": ((), ("g * (a != 0)",), ("g * (a == 0)",)),
    "clip": (("g * (a > b) * (a < c)",),),
    "sum": (("G",),),
    "mean": (("G / n",),),
    "prod": (("G * Y / x",),),
    "max": (("G * (x == Y)",),),
    "min": (("G * (x == Y)",),),
    "var": (("G * 2 * (x - np.mean(x, axis=axis, keepdims=True)) / n",),),
    "softmax": (("y * (g - np.sum(g * y, axis=axis, keepdims=True))", "g * y - y * np.sum(g * y, axis=axis, keepdims=True)"),),
    "log_softmax": (("g - np.exp(y) * np.sum(g, axis=axis, keepdims=True)",),),
    "logsumexp": (("G * np.exp(x - Y)",),),
    "inv": (("-y.T @ g @ y.T",),),
    "det": (("g * y * np.linalg.inv(x).T",),),
    "logabsdet": (("g * np.linalg.inv(x).T",),),
    "cumsum": (("np.flip(np.cumsum(np.flip(g, axis), axis), axis)",),),
}

MATRIX: Mapping[tuple[int, int], Forms] = {  # by the operands' dimensions
    (2, 2): (("g @ b.T",), ("a.T @ g",)),
    (2, 1): (("np.outer(g, b)",), ("a.T @ g",)),
    (1, 2): (("b @ g",), ("np.outer(a, g)",)),
    (1, 1): (("g * b",), ("g * a",)),
}
PRODUCTS = ("matmul", "dot")

NEIGHBOURS: Mapping[str, tuple[str, ...]] = {  # functions taken for each other
    "sin": ("cos", "sinh", "tan"),
    "cos": ("sin", "cosh"),
    "sinh": ("cosh", "sin"),
    "cosh": ("sinh", "cos"),
    "tan": ("tanh", "sin"),
    "tanh": ("sigmoid", "tan"),
    "sigmoid": ("tanh",),
    "exp": ("expm1", "log", "exp2"),
    "log": ("log1p", "log2", "log10", "exp"),
    "sqrt": ("square",),
    "sign": ("abs",),
}

LOCAL: Mapping[str, tuple[str, ...]] = {  # derivatives of functions that are taken for each other
    "tanh": (
        "1 / (1 + x**2)",
        "sigmoid(x) * (1 - sigmoid(x))",
        "1 / np.cos(x)**2",
        "1 / np.cosh(x)",
        "1 + np.tan(x)**2",
        "y * (1 - y)",
        "(1 - y)**2",
        "1 - y",
    ),
    "logsumexp": ("x == Y", "np.exp(x)", "np.exp(x) / x.size"),
    "max": ("1", "x == np.min(x, axis=axis, keepdims=True)", "1 / n"),
    "min": ("1", "x == np.max(x, axis=axis, keepdims=True)", "1 / n"),
    "reciprocal": ("np.log(x)", "1 / x**2", "-1 / x"),
    "inv": ("y", "-y"),
    "expit": ("1 - np.tanh(x)**2", "(1 - y)**2", "1 - y**2", "np.exp(x) / (1 + np.exp(x))", "np.exp(-x)"),
    "arctan": ("1 - np.tanh(x)**2", "1 / (1 - x**2)", "1 / np.sqrt(1 - x**2)", "1 / np.cos(x)**2"),
    "sin": ("-np.cos(x)", "np.sin(x)", "-np.sin(x)"),
    "cos": ("np.sin(x)", "np.cos(x)", "-np.cos(x)"),
    "exp": ("x * np.exp(x - 1)", "np.exp(x - 1)"),
    "log": ("np.log(x)", "1 / (x * np.log(10))", "-1 / x**2", "1 / x**2"),
    "sqrt": ("1 / np.sqrt(x)", "2 * np.sqrt(x)", "np.sqrt(x) / 2", "1 / (2 * x)", "-1 / (2 * np.sqrt(x))"),
    "absolute": ("1", "-np.sign(x)"),
    "logaddexp2": ("1 / (1 + np.exp(b - a))", "1 / (1 + np.exp(a - b))", "np.exp(a - y)"),
    "ndtr": ("np.exp(-x**2)", "np.exp(-x**2 / 2)", "np.exp(-(x + 1)**2 / 2) / np.sqrt(2 * np.pi)", "y * (1 - y)"),
    "maximum": ("b", "a"),
    "power": (
        "a**(b - 1)",
        "b * a**(b - 1)",
        "a**b",
        "b * a**b",
        "y * np.log(a)",
        "b * a**(b + 1)",
        "(b - 1) * a**(b - 1)",
        "(b - 1) * a**b",
    ),
    "logaddexp": ("1 / (1 + np.exp(a - b))", "np.exp(a) / (1 + np.exp(a))**2", "np.exp(a - b)"),
}
