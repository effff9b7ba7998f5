"""What is written reads back with the same bits: JSON and CSV, infinities, NaN and minus zero among them."""

from __future__ import annotations

import csv
import io
import json
import math
import struct

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.rendering.document import dumps, plain
from gradcheck.rendering.tabular import csv_text
from gradcheck.studies.study import Column, Table

ANY = st.floats(width=64)
SETTINGS = settings(deadline=None, derandomize=True, max_examples=100)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


def bits(value: float) -> bytes:
    return b"nan" if math.isnan(value) else struct.pack("<d", value)


def column(values) -> Table:
    return Table("t", "T", (Column("before", "before"), Column("value", "value")), tuple(("a", v) for v in values))


@SETTINGS
@given(ANY)
def test_a_float_comes_back_from_json_bit_for_bit(value):
    read = json.loads(dumps({"value": value}))["value"]
    assert isinstance(read, str) == (not math.isfinite(value))
    assert bits(float(read)) == bits(value)


@SETTINGS
@given(st.floats(width=32), st.lists(ANY, max_size=4))
def test_numpys_numbers_and_arrays_are_the_same_plain_numbers(narrow, wide):
    read = json.loads(dumps({"narrow": np.float32(narrow), "array": np.array(wide), "n": np.int64(3), "yes": np.bool_(1)}))
    assert bits(float(read["narrow"])) == bits(float(np.float32(narrow)))
    assert [bits(float(v)) for v in read["array"]] == [bits(v) for v in wide]
    assert (read["n"], read["yes"]) == (3, True)


@SETTINGS
@given(st.lists(ANY, max_size=6))
def test_floats_come_back_from_csv_bit_for_bit(values):
    rows = list(csv.DictReader(io.StringIO(csv_text(column(values)))))
    assert [bits(float(row["value"])) for row in rows] == [bits(v) for v in values]


@SETTINGS
@given(st.lists(st.floats(width=64, allow_nan=False), min_size=1, max_size=6))
def test_pandas_reads_the_same_bits(values):
    import pandas as pd

    exact = {} if int(pd.__version__.partition(".")[0]) >= 3 else {"float_precision": "round_trip"}
    read = pd.read_csv(io.StringIO(csv_text(column(values))), **exact)["value"].to_numpy(dtype=float)
    assert [bits(v) for v in read.tolist()] == [bits(v) for v in values]


@SETTINGS
@given(st.integers(min_value=-(10**30), max_value=10**30))
def test_whole_numbers_stay_whole_and_exact(value):
    assert json.loads(dumps([value])) == [value]
    assert csv_text(column([value])) == f"before,value\na,{value}\n"


@SETTINGS
@given(TEXT, TEXT)
def test_any_text_makes_one_line_of_as_many_cells(one, other):
    text = csv_text(Table("t", "T", (Column("a", "a"), Column("b", "b")), ((one, other),)))
    rows = list(csv.reader(io.StringIO(text)))
    assert [len(row) for row in rows] == [2, 2]
    assert text.count("\n") == 2


@SETTINGS
@given(
    st.recursive(
        ANY | st.text(max_size=5) | st.booleans() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    )
)
def test_plain_data_is_json_of_the_standard(value):
    text = dumps(value)
    assert json.loads(text, parse_constant=lambda word: 1 / 0) == plain(value)
