"""Timing in turn, on a clock that only the calls move."""

from __future__ import annotations

import pytest

from gradcheck.studies.timing import LEAST, in_turn


class Clock:
    """Time as the calls spend it; keeps who was called when."""

    def __init__(self) -> None:
        self.now, self.calls = 0.0, []

    def __call__(self) -> float:
        return self.now

    def call(self, name, seconds):
        spent = iter(seconds) if isinstance(seconds, list) else None

        def run():
            self.now += next(spent) if spent else seconds
            self.calls.append(name)

        return run


def test_seconds_of_one_call_are_found():
    clock = Clock()
    times = in_turn({"short": clock.call("short", 1e-5), "long": clock.call("long", 0.2)}, rounds=5, clock=clock)
    assert times["short"].median == pytest.approx(1e-5)
    assert times["long"].median == pytest.approx(0.2)
    assert (times["short"].low, times["short"].high) == (pytest.approx(1e-5), pytest.approx(1e-5))


def test_short_calls_are_repeated_to_fill_the_clock_and_long_ones_are_not():
    clock = Clock()
    times = in_turn({"short": clock.call("short", 1e-5), "long": clock.call("long", 0.2)}, fill=0.003, rounds=3, clock=clock)
    assert times["short"].calls == 300
    assert times["long"].calls == 1


def test_calls_take_turns_and_nobody_always_comes_first():
    clock = Clock()
    in_turn({name: clock.call(name, 1.0) for name in "abc"}, rounds=3, clock=clock)
    assert "".join(clock.calls[-9:]) == "abcbcacab"


def test_median_and_quartiles_are_over_rounds():
    clock = Clock()
    warm, rounds = [1.0], [1.0, 5.0, 2.0, 4.0, 3.0]
    times = in_turn({"a": clock.call("a", warm + rounds)}, rounds=5, budget=1e9, clock=clock)
    assert (times["a"].low, times["a"].median, times["a"].high) == (2.0, 3.0, 4.0)
    assert times["a"].rounds == 5


def test_an_outlier_does_not_move_the_median():
    clock = Clock()
    times = in_turn({"a": clock.call("a", [1.0] + [1.0] * 6 + [1000.0])}, rounds=7, budget=1e9, clock=clock)
    assert times["a"].median == times["a"].high == 1.0


def test_who_has_used_up_the_budget_is_timed_no_more_and_the_others_are():
    clock = Clock()
    times = in_turn({"short": clock.call("short", 1e-4), "long": clock.call("long", 5.0)}, rounds=7, budget=10.0, clock=clock)
    assert times["long"].rounds == LEAST
    assert times["short"].rounds == 7


def test_progress_is_told_each_round():
    clock, told = Clock(), []
    in_turn({"a": clock.call("a", 1.0)}, rounds=2, clock=clock, progress=told.append)
    assert told == ["timing 1 calls, round 1 of 2", "timing 1 calls, round 2 of 2"]


def test_nothing_to_time_takes_no_time():
    assert in_turn({}) == {}
