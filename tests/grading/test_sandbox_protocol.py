"""What crosses the walls: raw numbers arrive as they left, and no bytes whatever do more than be refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradcheck.grading.answers import Foreign
from gradcheck.grading.sandbox.inside import protocol
from gradcheck.grading.sandbox.inside.protocol import HEADER, ITEMS, MAGIC, VALUES, ProtocolError, Reader, TooLarge

SIZE = struct.Struct("!Q")
arrays = hnp.arrays(
    st.sampled_from([np.dtype(name) for name in protocol.DTYPES]), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
)
plain = st.none() | st.booleans() | st.floats() | st.integers(-(2**200), 2**200) | st.complex_numbers() | arrays
answers = plain | st.lists(plain, max_size=4) | st.tuples(plain, plain) | st.dictionaries(st.text(max_size=5), plain, max_size=3)


def bits(value):
    """A value by its bits, so that nan is itself and -0.0 is not 0.0."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, float):
        return "float", struct.pack("<d", value)
    if isinstance(value, complex):
        return "complex", struct.pack("<dd", value.real, value.imag)
    if isinstance(value, list | tuple):
        return type(value).__name__, [bits(item) for item in value]
    if isinstance(value, dict):
        return {name: bits(item) for name, item in value.items()}
    return type(value).__name__, value


@given(answers)
def test_values_arrive_as_they_left(value):
    reader = Reader(protocol.encode(value))
    found = reader.value()
    reader.end()
    assert bits(found) == bits(value)


@given(answers, st.data())
def test_a_value_cut_short_or_changed_is_refused_or_another_value(value, data):
    raw = bytearray(protocol.encode(value))
    cut = data.draw(st.integers(0, len(raw)))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] = data.draw(st.integers(0, 255))
    for broken in (bytes(raw), bytes(raw[:cut])):
        try:
            reader = Reader(broken, Foreign)
            reader.value()
            reader.end()
        except ProtocolError:
            pass


@given(st.binary(max_size=60), st.sampled_from(list(b"NTFficagtldxs")))
def test_no_bytes_do_more_than_be_refused(data, tag):
    try:
        Reader(bytes([tag]) + data, Foreign).value()
    except ProtocolError:
        pass


def sizes(*numbers: int) -> bytes:
    return b"".join(map(SIZE.pack, numbers))


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"a" + bytes((11, 1)) + sizes(2**61), id="an array of 2**64 bytes"),
        pytest.param(b"a" + bytes((11, 2)) + sizes(2**32, 2**32), id="a product that wraps around"),
        pytest.param(b"a" + bytes((11, 2)) + sizes(0, 2**63), id="nothing along an endless axis"),
        pytest.param(b"a" + bytes((11, 255)) + sizes(*[1] * 255), id="255 dimensions"),
        pytest.param(b"a" + bytes((99, 0)), id="a dtype of no number"),
        pytest.param(b"a" + bytes((0, 1)) + sizes(1) + b"\x07", id="a truth value of seven"),
        pytest.param(b"g" + bytes((11, 1)) + sizes(1) + bytes(8), id="a scalar with dimensions"),
        pytest.param(b"l" + sizes(ITEMS + 1) + b"N" * (ITEMS + 1), id="too many items"),
        pytest.param(b"l" + sizes(2**62), id="a list of 2**62 items"),
        pytest.param(b"l" + sizes(1) + b"l" + sizes(0), id="a list in a list"),
        pytest.param(b"d" + sizes(2) + (sizes(1) + b"aN") * 2, id="a name twice"),
        pytest.param(b"d" + sizes(1) + sizes(1) + b"\xffN", id="a name that is no text"),
        pytest.param(b"i\xff\xff" + bytes(65535), id="an integer of 65535 bytes"),
        pytest.param(b"s" + sizes(1) + b"a", id="text"),
        pytest.param(b"O", id="no tag"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_refused(raw):
    with pytest.raises(ProtocolError):
        Reader(raw, Foreign).value()


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ((b"XXXX", VALUES, 7, 1), ProtocolError),
        ((MAGIC, 99, 7, 1), ProtocolError),
        ((MAGIC, VALUES, 8, 1), ProtocolError),
        ((MAGIC, VALUES, 7, 1001), TooLarge),
        ((MAGIC, VALUES, 7, 2**64 - 1), TooLarge),
    ],
)
def test_a_header_is_judged_before_its_body_is_read(header, error):
    with pytest.raises(error):
        protocol.size_of(HEADER.pack(*header), kinds=(VALUES,), number=7, most=1000)
    assert protocol.size_of(HEADER.pack(MAGIC, VALUES, 7, 1000), kinds=(VALUES,), number=7, most=1000) == (VALUES, 1000)
