"""The attack suite, tried on the walls of this machine: `gradcheck grade --selftest`."""

from gradcheck.grading.selftest.attack import Attack
from gradcheck.grading.selftest.attacks import ATTACKS
from gradcheck.grading.selftest.running import Held, Selftest, selftest
from gradcheck.grading.selftest.telling import selftest_text

__all__ = ["ATTACKS", "Attack", "Held", "Selftest", "selftest", "selftest_text"]
