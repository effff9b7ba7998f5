"""Paths of a gradient through a graph of numbers, where they are few and short enough to be written down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

FEW, SHORT = 6, 12  # paths to one end, hops of one path
Edge = tuple[int, int] | None


def paths_to(result: int, edges: Sequence[Edge], blocked: set[int], ends: Sequence[int]) -> Iterator[tuple[int, list[list[int]]]]:
    """For every end the paths from the result to it, each a list of hops; `edges` are (from, to) of each hop, in the order of the sweep.

    None for a hop that is not between numbers. What such hops lead to is `blocked`: no sum over paths of numbers is its whole derivative,
    nor that of anything behind it. Ends that are blocked, or reached in more than a few ways, are left out.
    """
    into: dict[int, list[int]] = {}
    for h, edge in enumerate(edges):
        if edge is not None:
            into.setdefault(edge[1], []).append(h)
    counts = _counts(result, edges, blocked)
    for end in ends:
        if 0 < counts.get(end, 0) <= FEW:
            found = _followed(result, edges, into, end)
            if all(len(path) <= SHORT for path in found):
                yield end, found


def _counts(result: int, edges: Sequence[Edge], blocked: set[int]) -> dict[int, int]:
    """How many paths lead to each value, more than a few for what is blocked. A value is settled before it sends on."""
    counts = {result: 1} | dict.fromkeys(blocked, FEW + 1)
    for edge in edges:
        if edge is not None:
            counts[edge[1]] = min(counts.get(edge[1], 0) + counts.get(edge[0], 0), FEW + 1)
    return counts


def _followed(result: int, edges: Sequence[Edge], into: dict[int, list[int]], end: int) -> list[list[int]]:
    """Every path from the result to one end, walked from the end."""
    found, waiting = [], [(end, list[int]())]
    while waiting:
        at, path = waiting.pop()
        if at == result:
            found.append(path[::-1])
            continue
        for h in reversed(into.get(at, [])):
            edge = edges[h]
            assert edge is not None
            waiting.append((edge[0], [*path, h]))
    return found
