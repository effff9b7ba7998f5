"""Right, wrong, kink or undecided: what a gradient is worth against the certified truth."""
