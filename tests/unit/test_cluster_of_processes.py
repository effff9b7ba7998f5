"""Work on a Dask cluster of real processes: workers are killed, poisoned, gone, of another version."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import cluster_work
import pytest
from clusters import ENVIRONMENT, ROOT, children, cluster_of_processes, kill, until

from gradcheck.cluster import connected
from gradcheck.errors import UsageError
from gradcheck.parallel import Lost

pytestmark = pytest.mark.slow
pytest.importorskip("distributed", reason="the extra `dask` is not installed")


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    with cluster_of_processes(tmp_path_factory.mktemp("dask")) as found:
        yield found


@pytest.fixture
def cluster(processes):
    until(lambda: len(processes.workers()) == 2)
    with connected(processes.address) as found:
        yield found


def done(cluster, payloads, function=cluster_work.square, **options):
    return dict(cluster.as_finished(function, payloads, prepare=cluster_work.numbers, common=7, **options))


def test_two_workers_share_the_work(cluster):
    until(lambda: cluster.threads() == 2)
    found = done(cluster, range(60))
    assert {n: value for n, (value, *_) in found.items()} == {n: n**2 + 7 for n in range(60)}
    assert len({pid for _, pid, _ in found.values()}) == 2


def test_a_worker_that_is_killed_costs_nothing(processes, cluster):
    def payloads():
        for n in range(60):
            if n == 20:
                kill(processes.workers()[0])
            yield n / 1000

    assert done(cluster, payloads(), cluster_work.slowly) == {n: n / 1000 for n in range(60)}


def test_a_payload_that_ends_every_worker_that_takes_it_is_lost_alone(cluster):
    found = done(cluster, ["a", "b", "kill the worker", "c", "d"], cluster_work.fatal)
    assert {n: r for n, r in found.items() if not isinstance(r, Lost)} == {0: "a", 1: "b", 3: "c", 4: "d"}
    assert "was lost with its worker, and so were those that tried again" in found[2].how


def test_a_large_payload_is_no_warning(cluster):
    found = done(cluster, [b"x" * 30_000_000], cluster_work.on_demand)
    assert len(found[0]) == 30_000_000


def test_workers_that_are_all_gone_are_waited_for_and_told(tmp_path):
    said: list[str] = []
    with (
        cluster_of_processes(tmp_path, 1) as processes,
        connected(processes.address, say=said.append, advice=", and go on", patience=3) as cluster,
    ):
        results = cluster.as_finished(cluster_work.slowly, range(1000), prepare=cluster_work.numbers, common=0)
        next(results)
        (nanny,) = processes.running[1:]
        workers = children(nanny.pid)
        nanny.kill()
        for pid in workers:
            kill(pid)
        with pytest.raises(UsageError, match="all workers are gone, and none came for 3 seconds: start some, and go on"):
            list(results)
    assert len(said) == 1 and "no worker is left at tcp://" in said[0]


def test_a_worker_that_comes_while_one_waits_goes_on(tmp_path):
    with cluster_of_processes(tmp_path, 1) as processes, connected(processes.address, say=lambda line: processes.hire()) as cluster:
        results = cluster.as_finished(cluster_work.slowly, range(30), prepare=cluster_work.numbers, common=0)
        found = dict([next(results)])
        (nanny,) = processes.running[1:]
        workers = children(nanny.pid)
        nanny.kill()
        for pid in workers:
            kill(pid)
        assert found | dict(results) == {n: n for n in range(30)}


def test_a_scheduler_that_is_gone_is_told(tmp_path):
    with cluster_of_processes(tmp_path, 1) as processes, connected(processes.address, patience=2) as cluster:
        results = cluster.as_finished(cluster_work.slowly, range(1000), prepare=cluster_work.numbers, common=0)
        next(results)
        processes.scheduler.kill()
        with pytest.raises(UsageError, match="all workers are gone"):
            list(results)


@pytest.fixture(scope="module")
def another_source(tmp_path_factory):
    """An environment with gradcheck of the same version and other source."""
    folder = tmp_path_factory.mktemp("other")
    shutil.copytree(ROOT / "gradcheck", folder / "gradcheck", ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "gradcheck" / "parallel.py").open("a") as file:
        file.write("\n# changed\n")
    return {"PYTHONPATH": os.pathsep.join((str(folder), str(ROOT / "tests")))}


def test_a_worker_of_another_version_is_refused(tmp_path, another_source):
    with cluster_of_processes(tmp_path, 1) as processes:
        processes.hire(environment=another_source)
        until(lambda: len(processes.workers()) == 2)

        def refused():
            try:
                with connected(processes.address):
                    return ""
            except UsageError as error:
                return str(error)

        assert "differs: gradcheck 0" in until(refused)


def test_a_worker_of_another_version_that_joins_is_told(tmp_path, another_source):
    with cluster_of_processes(tmp_path, 1) as processes, connected(processes.address) as cluster:
        results = cluster.as_finished(cluster_work.slowly, range(2000), prepare=cluster_work.numbers, common=0)
        next(results)
        processes.hire(environment=another_source)
        with pytest.raises(UsageError, match="which has joined since, differs: gradcheck"):
            list(results)


INTERRUPTED = """
import cluster_work, sys
from gradcheck.cluster import connected
with connected(sys.argv[1]) as cluster:
    for item, _ in cluster.as_finished(cluster_work.slowly, range(10**6), prepare=cluster_work.numbers, common=0):
        print(item, flush=True)
"""


def test_who_interrupts_leaves_nothing_behind(processes, cluster):
    command = [sys.executable, "-c", INTERRUPTED, processes.address]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert b"KeyboardInterrupt" in said
    until(lambda: not cluster.client.sync(cluster.client.scheduler.who_has) and not any(cluster.client.processing().values()))
