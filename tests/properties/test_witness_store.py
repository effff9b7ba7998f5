"""The store of failing inputs: what goes in comes out bit for bit, and whatever lies in a file, reading it never fails."""

from __future__ import annotations

import json
import multiprocessing
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradcheck.witnesses import DTYPES, KEPT, LARGEST, Witnesses

HERE = "tests/test_model.py::test_loss[relu-0]"
ARRAYS = st.sampled_from(DTYPES).flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(min_dims=0, min_side=0, max_side=3)))
SCALARS = st.sampled_from(DTYPES).flatmap(lambda d: hnp.from_dtype(np.dtype(d)))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | ARRAYS | SCALARS
KEYS = st.text() | st.integers() | st.booleans()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner), max_leaves=6)


def bits(value):
    """What tells values apart, bit for bit."""
    if isinstance(value, np.ndarray | np.generic):
        return type(value), value.dtype, value.shape, value.tobytes()
    if isinstance(value, float):
        return "float", np.float64(value).tobytes()
    if isinstance(value, tuple | list):
        return type(value), tuple(map(bits, value))
    if isinstance(value, dict):
        return "dict", tuple((bits(k), bits(v)) for k, v in value.items())
    return type(value), value


@pytest.fixture
def store(tmp_path) -> Witnesses:
    return Witnesses(tmp_path / "made" / "when needed")


@settings(deadline=None, max_examples=150)
@given(st.lists(VALUES).map(tuple), st.text())
def test_what_goes_in_comes_out(point, key) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert Witnesses(Path(folder)).save(key, point)
        (back,) = Witnesses(Path(folder)).load(key)
        assert bits(back) == bits(point)
        assert Witnesses(Path(folder)).load(key + "x") == ()
        assert len(list(Path(folder).iterdir())) == 1


def test_bits_sees_what_equality_does_not() -> None:
    """The twin of the judge above: what compares equal and is not the same."""
    for one, other in [
        (0.0, -0.0),
        (1, True),
        (1.0, np.float64(1.0)),
        ((1,), [1]),
        (np.float32(1), np.float64(1)),
        (np.zeros(2), np.zeros((2, 1))),
    ]:
        assert bits(one) != bits(other)
    assert bits(float("nan")) == bits(float("nan"))


def test_the_newest_come_first_and_the_oldest_go(store) -> None:
    for i in range(KEPT + 3):
        assert store.save(HERE, (float(i),))
    assert store.load(HERE) == tuple((float(i),) for i in range(KEPT + 2, 2, -1))


def test_a_point_met_again_moves_to_the_front(store) -> None:
    for value in (1.0, 2.0, 1.0):
        store.save(HERE, (value,))
    assert store.load(HERE) == ((1.0,), (2.0,))


def test_arrays_that_come_out_can_be_written_into(store) -> None:
    store.save(HERE, (np.zeros(3),))
    store.load(HERE)[0][0][0] = 1.0


class Celsius(float):
    pass


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(object(), id="object"),
        pytest.param(1j, id="complex"),
        pytest.param(np.array([1j]), id="complex array"),
        pytest.param(np.array(["a"]), id="array of strings"),
        pytest.param(np.array([object()]), id="array of objects"),
        pytest.param(np.longdouble(1), id="longdouble", marks=pytest.mark.skipif(np.longdouble is np.float64, reason="is float64 here")),
        pytest.param(np.zeros(2, [("a", float)]), id="records"),
        pytest.param(Celsius(1.0), id="subclass"),
        pytest.param(np.ma.zeros(2), id="masked"),
        pytest.param(lambda x: x, id="function"),
        pytest.param(10**5000, id="more digits than Python writes"),
        pytest.param(np.zeros(LARGEST // 16 + 1), id="too large"),
    ],
)
def test_what_cannot_be_written_is_not_saved(store, value) -> None:
    assert store.save(HERE, (1.0,))
    assert not store.save(HERE, (2.0, [value]))
    assert store.load(HERE) == ((1.0,),)


def test_a_value_that_holds_itself_is_not_saved(store) -> None:
    endless: list = []
    endless.append(endless)
    assert not store.save(HERE, (endless,))


def test_large_points_push_the_others_out(store) -> None:
    for i in range(3):
        assert store.save(HERE, (np.full(LARGEST // 20, float(i)),))
    assert [p[0][0] for p in store.load(HERE)] == [2.0]


BROKEN = [
    "", "{", "[]", "null", "3", '"text"', "{}", '{"version": 1}', "\x00\x01", "[" * 100_000,
    '{"version": 2, "key": "KEY", "points": []}', '{"version": 1, "key": "another", "points": [{"tuple": []}]}',
    *('{"version": 1, "key": "KEY", "points": ' + points + "}" for points in (
        "3", "{}", "[3]", "[{}]", '["text"]', '[{"list": []}]', '[{"tuple": 3}]', '[{"tuple": [3]}]', '[{"tuple": [{"float": "0x1p99999"}]}]',
        '[{"tuple": [{"float": 3}]}]', '[{"tuple": [{"int": "x"}]}]', '[{"tuple": [{"bits": "00"}]}]', '[{"tuple": [{"eval": "1"}]}]',
        '[{"tuple": [{"dict": [[1]]}]}]', '[{"tuple": [{"dict": [[{"list": []}, null]]}]}]', '[{"tuple": [{"array": "float64"}]}]',
        '[{"tuple": [{"array": {"dtype": "O", "hex": "00", "shape": [1]}}]}]', '[{"tuple": [{"array": {"dtype": ["int8"], "hex": "00", "shape": [1]}}]}]',
        '[{"tuple": [{"array": {"dtype": "float64", "hex": "00", "shape": [1]}}]}]', '[{"tuple": [{"scalar": {"dtype": "int8", "hex": "0000"}}]}]',
        '[{"tuple": [{"array": {"dtype": "int8", "hex": "0g", "shape": [1]}}]}]', '[{"tuple": [{"array": {"dtype": "int8", "hex": "00", "shape": [99999999999999999999]}}]}]',
    )),
]  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_file_holds_nothing_and_is_replaced(store, text) -> None:
    store.save(HERE, (1.0,))
    path = store.path(HERE)
    path.write_text(text.replace("KEY", HERE))
    assert store.load(HERE) == ()
    assert store.save(HERE, (2.0,))
    assert store.load(HERE) == ((2.0,),)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=60), st.data())
def test_garbage_in_a_file_is_never_an_error(garbage, data) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Witnesses(Path(folder))
        store.save(HERE, (np.arange(3.0), {"a": 1.5}))
        text = store.path(HERE).read_bytes()
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        store.path(HERE).write_bytes(text[:start] + garbage + text[end:])
        for point in store.load(HERE):
            assert isinstance(point, tuple)


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = Witnesses(tmp_path / "file")
    assert store.load(HERE) == ()
    assert not store.save(HERE, (1.0,))


def test_a_folder_in_place_of_the_file_is_no_error(store) -> None:
    store.path(HERE).mkdir(parents=True)
    assert store.load(HERE) == ()
    assert not store.save(HERE, (1.0,))


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "a/b\\c:d*e?", "x" * 5000, "\ud800", "\x00", "Ä"])
def test_any_key_is_a_file_of_the_folder(store, key) -> None:
    assert store.save(key, (1.0,))
    assert [p.parent for p in store.folder.iterdir()] == [store.folder]
    assert store.load(key) == ((1.0,),)


def write_many(folder: Path, start: float) -> None:
    for i in range(40):
        assert Witnesses(folder).save(HERE, (start + i, np.full(50, start)))
        assert Witnesses(folder).load(HERE)


def test_two_processes_may_write_at_once(tmp_path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_many, args=(tmp_path, 100.0 * i)) for i in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [w.exitcode for w in writers] == [0, 0]
    (path,) = tmp_path.iterdir()
    assert json.loads(path.read_text())["key"] == HERE
    assert len(Witnesses(tmp_path).load(HERE)) == KEPT
