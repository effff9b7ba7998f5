"""Gradients that live in other frameworks, judged there: NumPy goes in, NumPy comes out, and truth is ours.

`subject` says what a framework's function is to us, `judging` judges it; both know no framework. Each framework has modules of its own that
make a subject of what its users write: `torch*.py` (check_torch, to_torch), `jax*.py` (check_jax, to_jax), `hips*.py` (check_autograd) and
`tensorflow*.py` (check_tensorflow). None of them is imported before one of its functions is called, and none imports its framework before that.
"""
