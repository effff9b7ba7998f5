"""Walls with one left out, which the attacks and the probe must find; a judgement that finds nothing is worth nothing."""

from __future__ import annotations

import contextlib
import py_compile
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from attacking import ATTACKS, LOOP, judge, stood

from gradcheck.grading.sandbox import launcher as launchers
from gradcheck.grading.sandbox import peer, stages
from gradcheck.grading.sandbox.clock import Clock
from gradcheck.grading.sandbox.inside import protocol
from gradcheck.grading.sandbox.launcher import WALLS, open_launcher
from gradcheck.grading.sandbox.probe import probe

NAMED = {attack.name: attack for attack in ATTACKS}


@contextlib.contextmanager
def walls(level="bubblewrap", *, edits=(), **twin):
    """A launcher whose wall is a twin, and whose code on the far side is edited: (file, what stands there, what is to stand there)."""
    stood(level)
    wall = WALLS[level]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(launchers.WALLS, level, replace(wall, **{name: change(getattr(wall, name)) for name, change in twin.items()}))
        with open_launcher(level) as launcher:
            for file, old, new in edits:
                path = Path(launcher._layout.farm, "walls", "_walls", file)
                source = path.read_text()
                assert source.count(old) == 1, f"{old!r} is not what stands in {file}"
                path.write_text(source.replace(old, new))
                py_compile.compile(str(path), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
            yield launcher


def found(launcher, *names, **changes):
    """Each of these attacks finds something wrong."""
    for name in names:
        assert judge(replace(NAMED[name], **changes), launcher), f"the walls stand, says {name}"


def without(**changed):
    """A setup with something left out."""
    return lambda setup: lambda layout: {**setup(layout), **changed}


def dropping(*words):
    return lambda command: lambda layout, python: [word for word in command(layout, python) if word not in words]


@pytest.mark.slow
def test_nothing_is_found_where_nothing_is_left_out():
    with walls(edits=[("program.py", "last = handle\n", "last = handle  # the same\n")]) as launcher:
        for name in (
            "fork bomb",
            "socket",
            "unix socket",
            "descriptors that are open",
            "a float that lies",
            "inputs changed",
            "frames everywhere",
            "a frame of 2 EB",
        ):
            assert judge(NAMED[name], launcher) == ""


def test_without_seccomp():
    with walls(setup=without(seccomp=False)) as launcher:
        found(launcher, "unix socket", "socket pair", "memory without a limit", "keys")


@pytest.mark.slow
def test_without_seccomp_and_a_network_namespace():
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        walls(setup=without(seccomp=False, landlock=False), command=dropping("--unshare-net")) as launcher,
    ):
        found(launcher, "socket", arguments=(listener.getsockname()[1],))


@pytest.mark.slow
def test_without_limits():
    with walls(edits=[("program.py", "    _limits(job)\n", "")]) as launcher:
        found(launcher, "memory bomb", "one huge file", "descriptors")  # the probe before each refuses to let it loose


@pytest.mark.slow
def test_with_another_folder_in_sight(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "secret").write_text("the key")
    with walls(command=lambda command: lambda layout, python: _with(command(layout, python), tmp_path, "/seen")) as launcher:
        found(launcher, "read a file", arguments=("/seen/secret",))


def _with(command, folder, place):
    """The same, with one folder more."""
    end = command.index("--chdir") - 4
    return [*command[:end], "--ro-bind", str(folder), place, *command[end:]]


def test_with_descriptors_left_open():
    loop, rest = "        os.closerange(last + 1, handle)\n", "    os.closerange(last + 1, 1 << 20)\n"
    with walls(edits=[("program.py", loop, ""), ("program.py", rest, "")]) as launcher:
        found(launcher, "descriptors that are open")


@pytest.mark.slow
def test_with_our_environment(monkeypatch):
    monkeypatch.setattr(stages, "ENVIRONMENT", {"THE_KEY": "secret"})
    with walls("namespaces") as launcher:
        found(launcher, "environment")


@pytest.mark.slow
def test_with_sizes_unchecked(monkeypatch):
    monkeypatch.setattr(protocol, "size_of", _size_of(most=2**64))
    with walls() as launcher:
        found(launcher, "a frame of 2 EB", limits=replace(LOOP, wall_seconds=0.5))


def test_with_numbers_unchecked(monkeypatch):
    monkeypatch.setattr(protocol, "size_of", _size_of(number=None))
    with walls() as launcher:
        found(launcher, "frames everywhere")


def _size_of(**blind):
    strict = protocol.size_of

    def size_of(header, *, kinds, number, most):
        number = protocol.HEADER.unpack(header)[2] if "number" in blind else number
        return strict(header, kinds=kinds, number=number, most=blind.get("most", most))

    return size_of


@pytest.mark.slow
def test_with_printing_unbounded(monkeypatch):
    monkeypatch.setattr(peer.Peer, "_over_printed", lambda self, limits: False)
    with walls() as launcher:
        found(launcher, "endless print", limits=replace(LOOP, wall_seconds=0.5))


@pytest.mark.slow
def test_with_the_processor_unwatched(monkeypatch):
    monkeypatch.setattr(Clock, "cpu_left", property(lambda self: 1.0))
    with walls() as launcher:
        found(launcher, "endless loop", limits=replace(LOOP, wall_seconds=0.5))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attack", "file", "old", "new"),
    [
        pytest.param("a float that lies", "runner.py", "return raw(value)", "return base(value) if base is int else value.__float__()", id="the student's own __float__"),
        pytest.param("an array that lies", "runner.py", "value = _view(value, _array)", "pass", id="subclasses as they are"),
        pytest.param("inputs changed", "runner.py", "    try:\n        return protocol.encode(argument, deep=99) != raw", "    try:\n        return False", id="changes not seen"),
        pytest.param("shadows", "runner.py", "    sys.path += dict.fromkeys", "    sys.path[:0] = dict.fromkeys", id="the student's folder first"),
        pytest.param("patched NumPy", "runner.py", 'globals()["__builtins__"] = dict(vars(builtins))', "pass", id="builtins shared"),
        pytest.param("modules of ours", "stage.py", "        del sys.modules[name]", "        pass", id="our modules in sight"),
        pytest.param("8 TB that take no room", "runner.py", "        if _weight(value) > most:", "        if False:", id="results not weighed"),
        pytest.param("disallowed", "runner.py", "    sys.meta_path.append(_Refusal(program.allowed))", "    sys.modules['torch'] = sys", id="imports not refused"),
    ],
)  # fmt: skip
def test_with_a_runner_that_trusts(attack, file, old, new):
    with walls(edits=[(file, old, new)]) as launcher:
        found(launcher, attack, limits=replace(LOOP, cpu_seconds=2.0, wall_seconds=1.0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("twin", "reason"),
    [
        pytest.param({"setup": without(seccomp=False)}, "there is a network", id="no seccomp"),
        pytest.param(
            {"command": lambda command: lambda layout, python: _with(command(layout, python), "/etc", "/etc")},
            "machine's files can be seen",
            id="files",
        ),
    ],
)
def test_the_probe_finds_what_is_left_out(twin, reason):
    with walls():
        pass
    with pytest.MonkeyPatch.context() as patch:
        wall = WALLS["bubblewrap"]
        patch.setitem(launchers.WALLS, "bubblewrap", replace(wall, **{name: change(getattr(wall, name)) for name, change in twin.items()}))
        [standing] = probe(["bubblewrap"])
    assert not standing.stands
    assert reason in standing.reason
