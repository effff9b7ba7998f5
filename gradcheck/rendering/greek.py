"""The Greek letters that names spell, in pictures and in formulas."""

from __future__ import annotations

import unicodedata

_SPELLED = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma",
    "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
)  # fmt: skip


def _letter(name: str) -> str:
    size = "CAPITAL" if name[0].isupper() else "SMALL"
    return unicodedata.lookup(f"GREEK {size} LETTER {name.upper().replace('LAMBDA', 'LAMDA')}")


NAMES = {_letter(name): name for name in _SPELLED}  # by letter
GREEK = {name: letter for letter, name in NAMES.items()} | {"lam": "λ", "lambda_": "λ"}  # lambda is a word of Python's
