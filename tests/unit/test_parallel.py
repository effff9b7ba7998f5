"""Work in several processes: the same results in the same order; what fails is told, and a process that dies costs its own item alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pytest

from gradcheck.errors import UsageError
from gradcheck.parallel import Lost, as_finished, can_fork, cores, in_order

pytestmark = pytest.mark.skipif(not can_fork(), reason="the system cannot fork: work is done in one process")


def squares(work=lambda i: i * i, count=8, **options):
    return list(in_order(work, count, **options))


@pytest.mark.parametrize("processes", [1, 2, 3, 50])
def test_results_come_in_order(processes):
    def later_first(i):
        time.sleep(0.002 * (7 - i))
        return i * i

    assert squares(later_first, processes=processes) == [i * i for i in range(8)]
    assert multiprocessing.active_children() == []


def test_the_work_is_done_elsewhere_and_by_more_than_one():
    found = set(squares(lambda i: (time.sleep(0.02), os.getpid())[1], processes=2))
    assert os.getpid() not in found
    assert len(found) == 2


def test_one_process_works_here():
    assert set(squares(lambda i: os.getpid(), processes=1)) == {os.getpid()}


@pytest.mark.parametrize("processes", [1, 2])
def test_every_item_is_told_when_it_is_begun(processes):
    told = []
    squares(processes=processes, started=told.append)
    assert sorted(told) == list(range(8))


@pytest.mark.parametrize("processes", [1, 2])
def test_an_exception_is_raised_to_whoever_asked(processes):
    def work(i):
        if i == 3:
            raise UsageError("cannot write")
        return i

    with pytest.raises(UsageError, match="cannot write"):
        squares(work, processes=processes)
    assert multiprocessing.active_children() == []


def test_an_exception_that_cannot_be_sent_is_told_in_words():
    class Awkward(Exception):
        def __init__(self, a, b):
            super().__init__(f"{a} {b}")

    def work(i):
        raise Awkward(1, 2)

    with pytest.raises(RuntimeError, match="Awkward: 1 2"):
        squares(work, processes=2)


def test_a_result_that_cannot_be_sent_says_so():
    with pytest.raises(TypeError, match="cannot be sent between processes"):
        squares(lambda i: lambda: i, processes=2)


DEATHS = [
    pytest.param(lambda: os.kill(os.getpid(), signal.SIGKILL), "was ended by signal 9", id="killed"),
    pytest.param(lambda: os._exit(3), "ended with exit code 3", id="exit"),
]


@pytest.mark.parametrize("die, how", DEATHS)
def test_a_process_that_dies_costs_its_own_item_alone(die, how):
    def work(i):
        if i in (2, 5):
            die()
        return i

    found = squares(work, processes=2)
    assert [r for r in found if not isinstance(r, Lost)] == [0, 1, 3, 4, 6, 7]
    assert isinstance(found[2], Lost) and isinstance(found[5], Lost)
    assert how in found[2].how


def test_large_results_are_sent_whole():
    found = squares(lambda i: bytes([i]) * 10**6, count=4, processes=2)
    assert found == [bytes([i]) * 10**6 for i in range(4)]


def test_stopping_early_leaves_no_process_behind():
    results = in_order(lambda i: (time.sleep(0.01), i)[1], 100, processes=2)
    assert next(results) == 0
    results.close()
    assert multiprocessing.active_children() == []


def test_where_the_system_cannot_fork_the_results_are_the_same(monkeypatch):
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert squares(lambda i: (i, os.getpid()), processes=2) == [(i, os.getpid()) for i in range(8)]


def test_there_is_at_least_one_core():
    assert cores() >= 1


def test_children_end_their_work_when_there_is_no_more(tmp_path):
    ended = tmp_path / "ended"

    def ending():
        with ended.open("a") as file:
            file.write("x")

    assert dict(as_finished(lambda item: item * 2, range(5), processes=2, ending=ending)) == {i: 2 * i for i in range(5)}
    assert ended.read_text() == "xx"
