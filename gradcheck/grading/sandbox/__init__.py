"""Walls around what students hand in: inputs go in, raw numbers come out, and nothing else of either side is within reach of the other."""

from gradcheck.grading.sandbox.launcher import Launcher, open_launcher
from gradcheck.grading.sandbox.probe import Standing, probe, strongest

__all__ = ["Launcher", "Standing", "open_launcher", "probe", "strongest"]
