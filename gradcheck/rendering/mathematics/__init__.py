"""Derivations as mathematics: LaTeX, Markdown, plain text and MathML, all made from the same formulas."""
