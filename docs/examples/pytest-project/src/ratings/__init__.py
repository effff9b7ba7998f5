"""Ratings predicted by small models whose gradients are written by hand."""
