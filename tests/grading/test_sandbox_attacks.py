"""Every attack ends as it must, behind every kind of wall that stands here, one-shot and from the fork server."""

from __future__ import annotations

from dataclasses import replace

import pytest
from attacking import ATTACKS, judge, stood

from gradcheck.grading.answers import ISOLATION
from gradcheck.grading.sandbox.launcher import open_launcher


@pytest.fixture(scope="module")
def launchers():
    """One of each kind, opened when first asked for."""
    opened = {}

    def launcher(level, *, fork_server):
        level = stood(level)
        key = level, fork_server
        if key not in opened:
            opened[key] = open_launcher(level, fork_server=fork_server)
            opened[key] = opened[key], opened[key].__enter__()
        return opened[key][1]

    yield launcher
    for context, _ in opened.values():
        context.__exit__(None, None, None)


@pytest.fixture
def armed(tmp_path):
    """An attack with the paths that it goes for."""
    tmp_path.chmod(0o777)
    secret = tmp_path / "secret"
    secret.write_text("the key")
    secret.chmod(0o644)
    paths = {"SECRET": str(secret), "FOLDER": str(tmp_path)}

    def with_paths(attack):
        return replace(attack, arguments=tuple(paths.get(a, a) if isinstance(a, str) else a for a in attack.arguments))

    return with_paths


def attempt(launchers, armed, level, attack, *, fork_server):
    if level == "none" and attack.walled:
        pytest.skip("no wall stands at this level: what it would try is not let loose")
    assert not judge(armed(attack), launchers(level, fork_server=fork_server))


@pytest.mark.parametrize(
    "attack", [pytest.param(attack, id=attack.name, marks=[pytest.mark.slow] if attack.slow else []) for attack in ATTACKS]
)
def test_behind_the_strongest_wall(launchers, armed, attack):
    attempt(launchers, armed, "strongest", attack, fork_server=True)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["one-shot", "fork server"])
@pytest.mark.parametrize("level", ISOLATION)
@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.name) for attack in ATTACKS])
def test_behind_every_wall(launchers, armed, attack, level, mode):
    attempt(launchers, armed, level, attack, fork_server=mode == "fork server")
