"""Mistakes that people make in gradients, for the diagnosis: a sample, and two corpora."""
