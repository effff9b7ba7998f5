"""Work in a child of its own, as workers of a cluster do it: kept from one payload to the next; what ends the child is told."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path

import cluster_work
import pytest
from clusters import until

from gradcheck.apart import Crew, Spec
from gradcheck.parallel import Lost, Raised

ONE = pickle.dumps(1)


@pytest.fixture(scope="module")
def crew():
    crew = Crew("anna")
    yield crew
    crew.dismiss()


def do(crew, payload, function=cluster_work.on_demand, common=ONE, batch="b"):
    return crew.do(Spec(function, cluster_work.numbers, f"{batch} {function.__name__}"), common, pickle.dumps(payload))


def test_a_child_does_one_piece_of_work_after_another(crew):
    found = [do(crew, n, cluster_work.square) for n in range(3)]
    assert [value for value, *_ in found] == [1, 2, 5]
    assert len({pid for _, pid, _ in found}) == 1 and os.getpid() not in {pid for _, pid, _ in found}
    assert [done for *_, done in found] == [1, 2, 3]


def test_threads_have_children_of_their_own(crew):
    found = []
    threads = [threading.Thread(target=lambda: found.append((do(crew, 0.1, cluster_work.slowly), 0))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(0.1, 0)] * 2
    assert len(crew._waiting["b slowly"]) == 2


@pytest.mark.parametrize(("payload", "how"), [("die", "exit code 9"), ("leave", "exit code 5")])
def test_work_that_ends_its_child_is_lost_alone(crew, payload, how):
    lost = do(crew, payload)
    assert isinstance(lost, Lost) and how in lost.how
    assert do(crew, "fine") == "fine"


@pytest.mark.parametrize(("payload", "error"), [("raise", ValueError), ("unsendable", TypeError)])
def test_what_is_raised_is_told(crew, payload, error):
    raised = do(crew, payload)
    assert isinstance(raised, Raised) and isinstance(raised.error, error)
    assert do(crew, "fine") == "fine"


def test_a_child_knows_whom_it_works_for_and_prints_beside_the_results(crew):
    assert do(crew, "where") == "anna"
    assert do(crew, "print") == "print"


def test_a_child_that_is_gone_is_replaced_and_costs_nothing(crew):
    _, pid, _ = do(crew, 1, cluster_work.square, batch="gone")
    os.kill(pid, signal.SIGKILL)
    (child,) = crew._waiting["gone square"]
    child.process.wait()
    value, other, done = do(crew, 2, cluster_work.square, batch="gone")
    assert (value, done) == (5, 1) and other != pid


def test_a_child_that_cannot_begin_is_lost(crew):
    assert isinstance(do(crew, 1, common=b"no pickle", batch="broken"), Lost)


PARENT = """
import sys, pickle
sys.path[:0] = {path!r}
import cluster_work
from gradcheck.apart import Crew, Spec
Crew("w").do(Spec(cluster_work.on_demand, cluster_work.numbers, "d"), pickle.dumps({common!r}), pickle.dumps("wait for ever"))
"""


@pytest.mark.slow
def test_a_child_ends_with_its_parent_whatever_it_is_doing(tmp_path, root):
    said = tmp_path / "pid"
    program = PARENT.format(path=[str(root), str(root / "tests")], common=str(said))
    with subprocess.Popen([sys.executable, "-c", program]) as parent:
        until(lambda: said.exists() and said.read_text())
        parent.kill()
    until(lambda: not Path(f"/proc/{said.read_text()}").exists())
