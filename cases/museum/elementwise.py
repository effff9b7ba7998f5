"""Museum: rules of single operations that are wrong wherever one looks, or on a half-plane.

Every case sums its outputs with the weights W, a fixed cotangent: no two alike, none 0 or 1, so that nothing hides behind it.
"""

import numpy as np
from scipy.special import erfcx, ndtr

from gradcheck import Real, case, exhibit

W = np.array([1.5, -0.5, 2.0])
A, B = np.array([0.6, -1.2, 0.3]), np.array([1.1, 0.7, -0.4])


@exhibit(
    library="JAX", source="jax-ml/jax commit dfd3d933", kind="wrong sign", shows="at every point",
    bug="the two derivatives of atan2 have each other's sign", along=("y", 0, -3.0, 3.0),
)  # fmt: skip
@case(y=Real(3), x=Real(3), at=[(A, B)])
def atan2_signs(y, x):
    """The angle of a point in the plane."""
    return W @ np.arctan2(y, x)


@atan2_signs.claimed_gradient
def atan2_mended(y, x):
    return W * x / (x * x + y * y), W * -y / (x * x + y * y)


@atan2_signs.claimed_gradient(expect="wrong", kinds=["sign"])
def atan2_as_it_was(y, x):
    return W * -x / (x * x + y * y), W * y / (x * x + y * y)


@exhibit(
    library="ChainRules.jl", source="JuliaDiff/ChainRules.jl#79", year=2019, kind="wrong power and sign", shows="at every point",
    bug="the derivatives of atan are divided by the distance, not by its square, and the second lacks its sign", along=("x", 0, -3.0, 3.0),
)  # fmt: skip
@case(y=Real(3), x=Real(3), at=[(A, B)])
def atan_by_the_distance(y, x):
    """The angle of a point in the plane."""
    return W @ np.arctan2(y, x)


@atan_by_the_distance.claimed_gradient
def atan_mended(y, x):
    u = x * x + y * y
    return W * x / u, W * -y / u


@atan_by_the_distance.claimed_gradient(expect="wrong")
def atan_as_it_was(y, x):
    u = np.hypot(x, y)
    return W * x / u, W * y / u


@exhibit(
    library="ChainRules.jl", source="JuliaDiff/ChainRules.jl#74", year=2019, kind="swapped", shows="wherever x and y differ",
    bug="each argument of hypot gets the other's derivative; the rule's test had the same mistake", along=("x", 0, -3.0, 3.0),
)  # fmt: skip
@case(x=Real(3), y=Real(3), at=[(A, B)])
def hypot_swapped(x, y):
    """The length of a hypotenuse."""
    return W @ np.hypot(x, y)


@hypot_swapped.claimed_gradient
def hypot_mended(x, y):
    h = np.hypot(x, y)
    h = np.where(h == 0, 1, h)  # the mended rule was 0 / 0 at the origin
    return W * x / h, W * y / h


@hypot_swapped.claimed_gradient(expect="wrong", kinds=["swapped"])
def hypot_as_it_was(x, y):
    h = np.hypot(x, y)
    return W * y / h, W * x / h


@exhibit(
    library="JAX", source="jax-ml/jax#3213, commit 7c90023d", kind="wrong sign", shows="at every point",
    bug="the worked example of a custom rule in the documentation had a minus in front of sin x",
)  # fmt: skip
@case(x=Real(3), y=Real(3), at=[(A, B)])
def documented_example(x, y):
    """sin(x) y, the example of a custom derivative."""
    return W @ (np.sin(x) * y)


@documented_example.claimed_gradient
def documented_example_mended(x, y):
    return W * np.cos(x) * y, W * np.sin(x)


@documented_example.claimed_gradient(expect="wrong", kinds=["sign"])
def documented_example_as_it_was(x, y):
    return W * np.cos(x) * y, W * -np.sin(x)


@exhibit(
    library="SymPy", source="sympy/sympy#605", year=2011, kind="wrong sign", shows="at every point",
    bug="the derivative of coth lacks its minus sign", along=("x", 0, 0.4, 3.0),
)  # fmt: skip
@case(x=Real(3, low=0), at=[(np.array([0.5, 1.2, 2.0]),)])
def coth_sign(x):
    """The hyperbolic cotangent."""
    return W @ (np.cosh(x) / np.sinh(x))


@coth_sign.claimed_gradient
def coth_mended(x):
    return W * -1 / np.sinh(x) ** 2


@coth_sign.claimed_gradient(expect="wrong", kinds=["sign"])
def coth_as_it_was(x):
    return W * 1 / np.sinh(x) ** 2


@exhibit(
    library="scipp", source="scipp/scipp#3876", year=2026, kind="neighbour's formula", shows="everywhere but at 0",
    bug="errors are propagated through atan with the derivative of atanh: 1 - x^2 for 1 + x^2", along=("x", 0, -0.9, 0.9),
)  # fmt: skip
@case(x=Real(3), at=[(np.array([0.6, -0.2, 0.3]),)])
def arctan_or_artanh(x):
    """The arc tangent."""
    return W @ np.arctan(x)


@arctan_or_artanh.claimed_gradient
def arctan_mended(x):
    return W / (1 + x * x)


@arctan_or_artanh.claimed_gradient(expect="wrong", kinds=["wrong-local-derivative"])
def arctan_as_it_was(x):
    return W / (1 - x * x)


@exhibit(
    library="Theano", source="Theano commit 43c14abb", kind="cotangent dropped", shows="wherever the cotangent is not 1",
    bug="a bracket is missing: only the first of two terms is multiplied by the incoming cotangent", along=("x", 0, -1.5, 1.5),
)  # fmt: skip
@case(x=Real(3), at=[(A,)])
def erfcx_bracket(x):
    """The scaled complementary error function."""
    return W @ erfcx(x)


@erfcx_bracket.claimed_gradient
def erfcx_mended(x):
    return W * (-2 / np.sqrt(np.pi) + 2 * x * erfcx(x))


@erfcx_bracket.claimed_gradient(expect="wrong", kinds=["precedence"])
def erfcx_as_it_was(x):
    return W * -2 / np.sqrt(np.pi) + 2 * x * erfcx(x)


@exhibit(
    library="mygrad", source="mygrad commit 47a654b4", kind="wrong base", shows="at every point",
    bug="the derivative of logaddexp to base 2 uses e to the power, and divides by log 2", along=("a", 0, -4.0, 4.0),
)  # fmt: skip
@case(a=Real(3), b=Real(3), at=[(A, B)])
def logaddexp2_base(a, b):
    """log2(2^a + 2^b)."""
    return W @ np.logaddexp2(a, b)


@logaddexp2_base.claimed_gradient
def logaddexp2_mended(a, b):
    return W / (1 + 2 ** (b - a)), W / (1 + 2 ** (a - b))


@logaddexp2_base.claimed_gradient(expect="wrong")
def logaddexp2_as_it_was(a, b):
    return W / (1 + np.exp(b - a)) / np.log(2), W / (1 + np.exp(a - b)) / np.log(2)


@exhibit(
    library="autograd", source="HIPS/autograd commit 155f0bf5", kind="wrong default", shows="at every point",
    bug="the derivative of norm.cdf takes the mean to be -1 where none is given", along=("x", 0, -4.0, 4.0),
)  # fmt: skip
@case(x=Real(3), at=[(A,)])
def normal_cdf_mean(x):
    """The distribution function of the standard normal."""
    return W @ ndtr(x)


@normal_cdf_mean.claimed_gradient
def normal_cdf_mended(x):
    return W * np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)


@normal_cdf_mean.claimed_gradient(expect="wrong", kinds=["wrong-local-derivative"])
def normal_cdf_as_it_was(x):
    return W * np.exp(-0.5 * (x + 1) ** 2) / np.sqrt(2 * np.pi)


@exhibit(
    library="JAX", source="jax-ml/jax#11467, commit 65a58d62", year=2022, kind="missing path", shows="at every point",
    bug="ldexp has the gradient 0: it is built from bits, through which nothing flows",
)  # fmt: skip
@case(x=Real(3), at=[(A,)])
def ldexp_zero(x):
    """2 x, by its exponent."""
    return W @ np.ldexp(x, 1)


@ldexp_zero.claimed_gradient
def ldexp_mended(x):
    return W * 2


@ldexp_zero.claimed_gradient(expect="wrong", kinds=["missing-path"])
def ldexp_as_it_was(x):
    return W * 0 * x


@exhibit(
    library="TensorFlow.NET", source="SciSharp/TensorFlow.NET#787", year=2021, kind="cotangent dropped", shows="at every point",
    bug="the gradient of the squared difference returns the inputs themselves: no difference, no factor 2, no cotangent",
)  # fmt: skip
@case(x=Real(3), y=Real(3), at=[(A, B)])
def squared_difference(x, y):
    """(x - y)^2."""
    return W @ (x - y) ** 2


@squared_difference.claimed_gradient
def squared_difference_mended(x, y):
    return W * 2 * (x - y), W * -2 * (x - y)


@squared_difference.claimed_gradient(expect="wrong", kinds=["wrong-value"])
def squared_difference_as_it_was(x, y):
    return x, y


@exhibit(
    library="neural2d", source="davidrmiller/neural2d#40", year=2018, kind="output for input", shows="everywhere but at 0",
    bug="the derivative of tanh is evaluated at the neuron's output instead of its input", along=("x", 0, -4.0, 4.0),
)  # fmt: skip
@case(x=Real(3), at=[(A,)])
def tanh_of_its_output(x):
    """The activation of a layer of neurons."""
    return W @ np.tanh(x)


@tanh_of_its_output.claimed_gradient
def tanh_of_its_output_mended(x):
    return W / np.cosh(x) ** 2


@tanh_of_its_output.claimed_gradient(expect="wrong", kinds=["wrong-local-derivative"])
def tanh_of_its_output_as_it_was(x):
    return W / np.cosh(np.tanh(x)) ** 2


@exhibit(
    library="JAX", source="jax-ml/jax#11466, commit daf6e3b0", year=2022, kind="wrong on a half-plane", shows="where x / y is negative",
    bug="the derivative of the remainder by its divisor rounds the quotient down instead of towards 0", along=("x", 0, -7.0, 7.0),
)  # fmt: skip
@case(
    x=Real(3),
    y=Real(3, low=0),
    at=[(np.array([5.5, 7.1, 2.3]), np.array([2.0, 1.5, 0.7])), (np.array([-19.5, 7.1, 2.3]), np.array([3.0, 1.5, 0.7]))],
)
def remainder_of_negatives(x, y):
    """The remainder with the sign of the dividend."""
    return W @ np.fmod(x, y)


@remainder_of_negatives.claimed_gradient
def remainder_mended(x, y):
    return W, W * -np.trunc(x / y)


@remainder_of_negatives.claimed_gradient(expect="wrong")
def remainder_as_it_was(x, y):
    return W, W * -np.floor(x / y)


@exhibit(
    library="Slang", source="shader-slang/slang#10071", year=2026, kind="missing path", shows="wherever |x| is above |y|",
    bug="nothing flows into the divisor of fmod: its derivative is 0 at every point",
)  # fmt: skip
@case(x=Real(3), y=Real(3, low=0), at=[(np.array([5.5, 7.1, 2.3]), np.array([2.0, 1.5, 0.7]))])
def divisor_forgotten(x, y):
    """The remainder with the sign of the dividend."""
    return W @ np.fmod(x, y)


@divisor_forgotten.claimed_gradient
def divisor_mended(x, y):
    return W, W * -np.trunc(x / y)


@divisor_forgotten.claimed_gradient(expect="wrong", kinds=["missing-path"])
def divisor_as_it_was(x, y):
    return W, 0 * y


@exhibit(
    library="SymForce", source="symforce-org/symforce#163", year=2022, kind="missing path", shows="at every point",
    bug="the derivative of Mod was set to 0, like those of floor and sign beside it",
)  # fmt: skip
@case(x=Real(3), at=[(np.array([0.6, -1.2, 2.3]),)])
def mod_one(x):
    """x modulo 1."""
    return W @ np.remainder(x, 1.0)


@mod_one.claimed_gradient
def mod_one_mended(x):
    return W + 0 * x


@mod_one.claimed_gradient(expect="wrong", kinds=["missing-path"])
def mod_one_as_it_was(x):
    return 0 * x
