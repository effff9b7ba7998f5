"""A formula's tree as plain text, in the user's names."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from gradcheck.derivation.algebra import constant_of, number_tree

MODULES = ("np", "special", "linalg")
LONGEST = 2000  # characters


def plain_formula(tree: ast.expr, texts: Mapping[str, str]) -> str:
    """The formula with names as they are read and functions without their modules."""

    class Rename(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return ast.Name(texts.get(node.id, node.id))

        def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
            base = node.value
            if isinstance(base, ast.Name | ast.Attribute) and (base.id if isinstance(base, ast.Name) else base.attr) in MODULES:
                return ast.Name(node.attr)
            return self.generic_visit(node)  # type: ignore[return-value]

        def visit_Constant(self, node: ast.Constant) -> ast.expr:
            return node if constant_of(node) is None else number_tree(node.value)

    copy = ast.parse(ast.unparse(ast.fix_missing_locations(tree)), mode="eval").body
    text = ast.unparse(Rename().visit(copy))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
