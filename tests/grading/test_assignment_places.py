"""The lines of a TOML document's keys: every key is located, where the one who wrote it put it."""

from __future__ import annotations

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.grading.assignments.places import places

SCALARS = [
    "1",
    "-0.5e3",
    "true",
    "nan",
    "1979-05-27 07:32:00",
    "07:32:00",
    '"a # ]"',
    "'b \\'",
    '"c \\" } , [x]"',
    '""',
    "''",
    '"é\\u00e9"',
]
LONG = ['"""a\n[x]\nb = 1"""', "'''\n# ''x'\n'''", '"""\\"""\\\n  """""', "''''a'\n''''", '"""""\n""\n"""""']
KEYS = ["{}", '"{} .#"', "'{}='", '"{}\\t"']
FILL = ["", "\n", "# [c]\n", " \t", "\n\n# k = 1\n  "]
Found = dict[tuple, int]


@st.composite
def values(draw, depth: int = 2, *, lines: bool = True):
    """The text of a value, and the lines of what it holds, by their ways, counted from its own."""
    kind = draw(st.sampled_from(["scalar", "scalar", "long", "array", "inline"] if depth else ["scalar"]))
    if kind in ("scalar", "long"):
        return draw(st.sampled_from(SCALARS + (LONG if kind == "long" else []))), {}
    text, found = "[" if kind == "array" else "{", {}
    for i in range(draw(st.integers(0, 3))):
        text += ", " if i else ""
        if kind == "array":
            text += draw(st.sampled_from(FILL))
        else:
            written, keys = draw(keys_of(i))
            for n in range(len(keys)):
                found.setdefault(keys[: n + 1], text.count("\n"))
            text += f"{written} = "
        way = (i,) if kind == "array" else keys
        found[way] = text.count("\n")
        inner, below = draw(values(depth - 1))
        found |= {(*way, *w): text.count("\n") + n for w, n in below.items()}
        text += inner
    if kind == "array" and draw(st.booleans()):
        text += draw(st.sampled_from([", ", "\n", ",# x\n"])) if text != "[" else "\n"
    return text + ("]" if kind == "array" else "}"), found


@st.composite
def keys_of(draw, i: int):
    """A key as it is written, and its parts: each index has its own, so that none is there twice."""
    forms = [draw(st.sampled_from(KEYS)).format(f"k{i}{n}") for n in range(draw(st.integers(1, 3)))]
    parts = tuple(next(iter(tomllib.loads(f"{f} = 1"))) for f in forms)
    return draw(st.sampled_from([".", " . "])).join(forms), parts


@st.composite
def documents(draw):
    """A document, and the line of every table, key and element."""
    text: str = draw(st.sampled_from(FILL))
    found: Found = {}
    counts: dict[tuple, int] = {}
    text += "" if not text or text.endswith("\n") else "\n"
    table: tuple = ()
    for section in range(draw(st.integers(0, 4)) + 1):
        if section:
            several, name = draw(st.booleans()), f"t{draw(st.integers(0, 1))}"
            name = f"{'many' if several else f'one{section}'}{name}"
            way, line = (name,), text.count("\n") + 1
            if draw(st.booleans()) and counts:
                (outer,) = draw(st.sampled_from(sorted(w for w in counts if len(w) == 1)))
                way, text = (outer, name), text + ("[[" if several else "[") + f"{outer} . '{name}'" + ("]]" if several else "]") + " # x\n"
            else:
                text += f"[[ {name} ]]\n" if several else f'["{name}"]\n'
            table = (way[0], counts[way[:1]], way[1]) if len(way) == 2 else way
            if several:
                found.setdefault(table, line)
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            found[table] = line
        for i in range(draw(st.integers(0, 3))):
            written, keys = draw(keys_of(i))
            value, below = draw(values())
            line = text.count("\n") + 1
            for n in range(len(keys)):
                found.setdefault((*table, *keys[: n + 1]), line)
            found |= {(*table, *keys, *w): line + n for w, n in below.items()}
            text += f"{draw(st.sampled_from(['', '  ']))}{written} = {value}{draw(st.sampled_from(['', ' # c = ]']))}\n{draw(st.sampled_from(['', '# x', chr(9)]))}\n"
    return text, found


def ways(value, at=()):
    """The way to every part of what the standard library reads."""
    if at:
        yield at
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from ways(part, (*at, key))


@settings(max_examples=60, deadline=None)
@given(documents(), st.sampled_from(["\n", "\r\n"]))
def test_every_key_is_located_where_it_was_written(written, end):
    text, expected = written
    text = text.replace("\n", end)
    found = places(text)
    assert set(found) == set(ways(tomllib.loads(text)))
    assert found == expected


def test_headers_go_on_where_the_last_element_is():
    text = "[[q]]\n[q.a]\nx = 1\n[[q.b]]\n[[q.b]]\ny = 2\n[[q]]\n[[q.b]]\n[r.s]\n[r]\n"
    expected = {("q",): 1, ("q", 0): 1, ("q", 0, "a"): 2, ("q", 0, "a", "x"): 3, ("q", 0, "b"): 4, ("q", 0, "b", 0): 4, ("q", 0, "b", 1): 5}
    expected |= {("q", 0, "b", 1, "y"): 6, ("q", 1): 7, ("q", 1, "b"): 8, ("q", 1, "b", 0): 8, ("r", "s"): 9, ("r",): 10}
    assert places(text) == expected


def test_a_long_document_takes_no_longer_than_its_length():
    text = "".join(f"[[q]]\nx = {n}\n" for n in range(20_000))
    found = places(text)
    assert found[("q", 19_999, "x")] == 40_000
