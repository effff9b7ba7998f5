"""The attack suite against the walls of this machine: every level, forked and one-shot, as we are and as an ordinary user.

Attacks that could do harm are only let loose where a harmless probe shows that the wall they need stands: see selftest/running.py.
"""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck.grading.sandbox import probe
from gradcheck.grading.selftest import ATTACKS, selftest, selftest_text
from gradcheck.grading.selftest.on_machines import ON_MACHINES
from gradcheck.grading.selftest.on_values import ON_VALUES

LEVELS = ("bubblewrap", "namespaces", "landlock")
SLOW = {"time-out", "memory", "output limit"}
LATER = {a.name for a in (*ON_MACHINES, *ON_VALUES)}
QUICK = [a for a in ATTACKS if a.name not in LATER and not a.slow and not SLOW & {*a.expect, *a.second}][::2]  # the slow tests try all


@functools.cache
def standing(level):
    (found,) = probe([level])
    return found


def require(level):
    """Skip, with the reason, where a level cannot stand."""
    if not standing(level).stands:
        pytest.skip(f"NO WALLS of level {level} on this machine: {standing(level).reason}")


@functools.cache
def tried(level, fork_server, quick):
    return selftest(level, fork_server=fork_server, attacks=QUICK if quick else ATTACKS)


@pytest.fixture(scope="module")
def strongest():
    for level in LEVELS:
        if standing(level).stands:
            return level
    pytest.skip("NO WALLS of any level on this machine: " + "; ".join(f"{level}: {standing(level).reason}" for level in LEVELS))


@pytest.mark.xdist_group("attacks")
@pytest.mark.parametrize("attack", QUICK, ids=lambda a: a.name)
def test_quick_attacks_are_held_by_the_strongest_walls(strongest, attack):
    held = next(h for h in tried(strongest, fork_server=True, quick=True).attacks if h.attack is attack)
    assert held.held, (held.seen, held.faults)


@pytest.mark.xdist_group("attacks")
def test_nothing_is_left_by_them(strongest):
    assert tried(strongest, fork_server=True, quick=True).left == ()


@pytest.mark.slow
@pytest.mark.parametrize("fork_server", [False, True], ids=["one-shot", "fork server"])
@pytest.mark.parametrize("level", LEVELS)
def test_every_attack_is_held_by_every_level(level, fork_server):
    require(level)
    found = tried(level, fork_server=fork_server, quick=False)
    assert found.held, selftest_text(found)


def as_nobody(command):
    """A command as the user 65534, who sees what this user's Python needs and no more of a closed home."""
    home = Path.home()
    opened = [p for p in (Path(sys.base_prefix), Path(sys.prefix).resolve(), Path.cwd()) if p.is_relative_to(home)]
    above = dict.fromkeys(str(q) for p in opened for q in reversed(p.parents) if q.is_relative_to(home) and q != home)
    masked = ["--perms", "0755", "--tmpfs", str(home), *(word for q in above for word in ("--perms", "0755", "--dir", q))] if opened else []
    masked += [part for p in opened for part in ("--ro-bind", str(p), str(p))]
    return [
        "bwrap", "--dev-bind", "/", "/", *masked, "--cap-add", "ALL", "--", "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
        "--inh-caps=-all", "--bounding-set=-all", *command,
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="already an ordinary user")
@pytest.mark.skipif(not (shutil.which("bwrap") and shutil.which("setpriv")), reason="NO bwrap or setpriv to become an ordinary user with")
@pytest.mark.parametrize("way", ["--one-shot", "--fork-server"])
@pytest.mark.parametrize("level", LEVELS)
def test_every_attack_is_held_as_an_ordinary_user(root, level, way):
    require(level)
    command = [sys.executable, "-m", "gradcheck.cli", "grade", "--selftest", "--sandbox", level, way]
    done = subprocess.run(as_nobody(command), cwd=root, capture_output=True, text=True, timeout=400, env=os.environ | {"HOME": "/tmp"})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
