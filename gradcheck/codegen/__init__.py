"""Verified gradients as source to paste: plain NumPy, a torch.autograd.Function, a jax.custom_vjp."""
