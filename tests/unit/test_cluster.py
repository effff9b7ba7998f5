"""Work on a Dask cluster: the same results; what is lost costs itself; whatever is wrong with the cluster is one clear line."""

from __future__ import annotations

import sys
import time

import cluster_work
import pytest
from clusters import cluster_here

from gradcheck import cluster as clusters
from gradcheck.cluster import connected, differing, versions
from gradcheck.errors import UsageError
from gradcheck.parallel import Lost

distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")


@pytest.fixture(scope="module")
def cluster():
    with cluster_here() as address, connected(address) as found:
        yield found


def done(cluster, payloads, function=cluster_work.square, **options):
    return dict(cluster.as_finished(function, payloads, prepare=cluster_work.numbers, common=7, **options))


def test_every_payload_has_its_result(cluster):
    started = []
    found = done(cluster, range(20), started=started.append)
    assert {n: value for n, (value, *_) in found.items()} == {n: n**2 + 7 for n in range(20)}
    assert started == list(range(20))


def test_payloads_are_read_as_they_are_sent(cluster):
    read, ahead = 0, []

    def payloads():
        nonlocal read
        for n in range(60):
            read += 1
            yield n

    for finished, _ in enumerate(cluster.as_finished(cluster_work.square, payloads(), prepare=cluster_work.numbers, common=0), 1):
        ahead.append(read - finished)
    assert read == 60
    assert max(ahead) <= clusters.AHEAD * 2 + 1


def test_one_at_a_time_is_one_at_a_time(cluster):
    read, ahead = 0, []

    def payloads():
        nonlocal read
        for n in range(6):
            read += 1
            yield n

    for finished, _ in enumerate(cluster.as_finished(cluster_work.square, payloads(), prepare=cluster_work.numbers, common=0, most=1), 1):
        ahead.append(read - finished)
    assert max(ahead) <= 1


def test_what_dies_of_its_payload_is_lost_alone(cluster):
    found = done(cluster, ["a", "die", "b", "leave"], cluster_work.on_demand)
    assert {n: r for n, r in found.items() if not isinstance(r, Lost)} == {0: "a", 2: "b"}
    assert "exit code 9" in found[1].how and "exit code 5" in found[3].how


def test_what_is_raised_there_is_raised_here(cluster):
    with pytest.raises(ValueError, match="no such number"):
        done(cluster, [*range(4), "raise", *range(100)], cluster_work.on_demand)
    assert done(cluster, [1], cluster_work.on_demand) == {0: 1}


def test_a_result_that_is_not_waited_for_holds_up_nobody(cluster):
    results = cluster.as_finished(cluster_work.slowly, range(1000), prepare=cluster_work.numbers, common=0)
    next(results)
    results.close()
    start = time.monotonic()
    assert done(cluster, [1], cluster_work.slowly) == {0: 1}
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "address", ["localhost", "tcp://localhost", "tcp://:1", "8786", "", "tcp://localhost:port", "carrier-pigeon://a:1"]
)
def test_what_is_no_address_is_told(address):
    with pytest.raises(UsageError, match=r"expected .*address.* such as tcp://"), connected(address):
        pass


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setattr(clusters, "REACHED", 0.3)
    with pytest.raises(UsageError, match="no Dask scheduler answers there: start one"), connected("tcp://127.0.0.1:9"):
        pass


def test_the_extra_that_is_missing_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'gradcheck\[dask\]'"), connected("tcp://127.0.0.1:9"):
        pass


def test_workers_of_other_versions_are_told_and_named(cluster, monkeypatch):
    there = dict(versions())
    monkeypatch.setattr(clusters, "versions", lambda: there)
    cluster.check()
    monkeypatch.setattr(clusters, "differing", lambda here, there: differing(here | {"numpy": "1.0"}, there))
    with pytest.raises(UsageError, match=r"worker tcp://127\.0\.0\.1:\d+ differs: numpy .* there, 1\.0 here"):
        cluster.check()


def test_versions_that_matter():
    here = {"Python": "3.11", "numpy": "2.4"}
    assert differing(here, here) == ""
    assert differing(here, {"Python": "3.12", "numpy": "2.4"}) == "Python 3.12 there, 3.11 here"
    assert differing(here, {"Python": "3.11"}) == "numpy none there, 2.4 here"
    assert set(versions()) >= {"Python", "gradcheck", "numpy", "scipy", "sympy", "python-flint"}


def test_no_worker_is_told(monkeypatch):
    monkeypatch.setattr(clusters, "REACHED", 1.0)
    with (
        cluster_here(0) as address,
        pytest.raises(UsageError, match="no worker is there: start some with `dask worker"),
        connected(address),
    ):
        pass
