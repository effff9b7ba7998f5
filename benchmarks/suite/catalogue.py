"""All workloads, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from suite.adbench import bundle, bundle_blocks, gmm, lstm
from suite.classical import chain, likelihood, perceptron, product, recurrent, rosenbrock, sine
from suite.hand_tracking import hand_tracking
from suite.workload import Workload

FULL: dict[str, Callable[[], Workload]] = {
    "a_sine": sine,
    **{f"b_product_{n}": lambda n=n: product(n) for n in (10, 100, 1000)},
    **{f"c_rosenbrock_{n}": lambda n=n: rosenbrock(n) for n in (10, 1000, 100_000)},
    "d_perceptron_784-128-10": perceptron,
    "e_likelihood": likelihood,
    **{"f_gmm_{}x{}x{}".format(*s): lambda s=s: gmm(*s) for s in ((1000, 2, 5), (1000, 10, 5), (1000, 10, 25), (2500, 20, 10))},
    "g_recurrent_50": recurrent,
    "h_chain_10000": chain,
    **{"i_bundle_{}x{}x{}".format(*s): lambda s=s: bundle(*s) for s in ((10, 200, 1000), (50, 2000, 10_000))},
    **{"i_bundle_jacobian_{}x{}x{}".format(*s): lambda s=s: bundle_blocks(*s) for s in ((10, 200, 1000), (50, 2000, 10_000))},
    **{"j_lstm_{}x{}x{}".format(*s): lambda s=s: lstm(*s) for s in ((2, 14, 50), (2, 14, 250))},
    **{f"k_hand_22x{n}": lambda n=n: hand_tracking(n) for n in (100, 5000)},
}
QUICK = ("a_sine", "b_product_100", "c_rosenbrock_1000", "e_likelihood", "f_gmm_1000x10x5", "i_bundle_10x200x1000", "j_lstm_2x14x50")
SMALL: dict[str, Callable[[], Workload]] = {  # for certified checks of the hand-written gradients
    "a_sine": sine,
    "b_product_10": lambda: product(10),
    "c_rosenbrock_10": lambda: rosenbrock(10),
    "d_perceptron": lambda: perceptron(5, 4, 3, 2),
    "e_likelihood": lambda: likelihood(6, 3, 2),
    "f_gmm": lambda: gmm(6, 3, 2),
    "g_recurrent": lambda: recurrent(3, 2, 2, 3, 2),
    "h_chain": lambda: chain(60, 7),
    "i_bundle": lambda: bundle(2, 3, 5),
    "i_bundle_jacobian": lambda: bundle_blocks(2, 3, 5),
    "j_lstm": lambda: lstm(2, 3, 4),
    "k_hand": lambda: hand_tracking(4, 5),
}


def chosen(prefixes: Sequence[str], *, quick: bool = False) -> list[str]:
    """Names of the workloads called so, or starting so; all, or the quick ones, without prefixes."""
    if prefixes:
        whole, parts = set(prefixes) & set(FULL), tuple(set(prefixes) - set(FULL))
        return [name for name in FULL if name in whole or (parts and name.startswith(parts))]
    return [name for name in FULL if not quick or name in QUICK]
