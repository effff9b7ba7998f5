"""Data in, text and documents out. Pure functions: nothing here computes a result or touches a file."""
