"""A gradient derived as a person would: hops with their numbers, formulas that can be evaluated, lemmas, paths, the chain rule unrolled. Data only."""
