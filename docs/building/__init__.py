"""What the site of the documentation needs beyond Sphinx: texts made from the code, formulas, lessons, links."""
