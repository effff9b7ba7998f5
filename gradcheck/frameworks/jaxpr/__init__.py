"""Reading a JAX program as plain NumPy: its jaxpr, equation by equation, through a table of primitives."""
