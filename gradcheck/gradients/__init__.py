"""Ways to a gradient, behind one interface: symbolic, tape, differences, complex step, and the certified truth."""
