"""The computation graph as a picture: what is drawn (model), how much is folded (folding), where it stands (layout), and how it looks (svg, dot)."""
