"""Walls that are wrong on purpose: the self-test must say so, and let nothing loose behind them."""

from contextlib import contextmanager

import numpy as np
import pytest
from grading_local import LocalSession

from gradcheck.grading.answers import Answer, Ended
from gradcheck.grading.sandbox import probe
from gradcheck.grading.selftest import ATTACKS, selftest, selftest_text


def named(*names):
    return [a for a in ATTACKS if a.name in names]


class Behind:
    """A launcher of sessions made here."""

    def __init__(self, make):
        self.make = make

    def session(self, program):
        return self.make(program)


def launching(make):
    @contextmanager
    def launch(isolation, **options):
        yield Behind(make)

    return launch


def sine(x):
    return np.cos((x + 1) ** 2) * 2 * (x + 1)


class Forgiving(LocalSession):
    """Answers rightly whatever the program is."""

    def __init__(self, program):
        super().__init__({"sine_gradient": sine, "square_gradient": lambda x: 2 * x})

    def ask(self, function, arguments):
        if function == "probe":
            return Answer(dict.fromkeys(("processes", "signals", "memory", "network", "files"), 1.0))
        return super().ask(function, arguments)


class Spoilt(Forgiving):
    """One attack costs the other question too."""

    def ask(self, function, arguments):
        return Ended("crash", "gone") if function != "probe" else super().ask(function, arguments)


class Escaped(Forgiving):
    """What an attack prints when it gets through."""

    def printed(self):
        from gradcheck.grading.selftest.attack import FOUND

        return FOUND


@pytest.mark.parametrize("twin", [Forgiving, Spoilt, Escaped])
def test_walls_that_do_not_hold_are_told(twin):
    attacks = named("an endless loop", "os._exit(0) in a call", "nan", "files of others, the home and the key")
    found = selftest("none", attacks=attacks, launch=launching(twin))
    assert not found.held
    assert "NOT HELD" in selftest_text(found)


def test_no_walls_at_all_are_told_and_nothing_harmful_is_let_loose():
    if not next(f for f in probe(["none"])).stands:
        pytest.skip("programs cannot be started at all here: " + next(f for f in probe(["none"])).reason)
    harmful = [a for a in ATTACKS if a.needs and not {"time-out", "memory"} & set(a.expect)][:5]
    found = selftest(
        "none", fork_server=True, attacks=[*harmful, *named("nan", "a socket to loopback", "the environment and the arguments")]
    )
    assert not found.held
    needing = [h for h in found.attacks if {"files", "signals", "network"} & set(h.attack.needs)]
    assert needing
    assert not any(h.tried for h in needing if not set(h.attack.needs) <= set(found.standing))
    assert any(h.faults for h in found.attacks if h.attack.name == "a socket to loopback")


def test_a_launcher_that_leaves_programs_running_is_told():
    import subprocess
    import sys

    left = []

    class Leaves(Forgiving):
        def __init__(self, program):
            super().__init__(program)
            if not left:
                left.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]))

    try:
        assert selftest("none", attacks=named("one buffer returned again and again"), launch=launching(Leaves)).left
    finally:
        left[0].kill()
        left[0].wait()
