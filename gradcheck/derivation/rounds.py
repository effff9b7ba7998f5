"""Which hops of a long sweep are shown: repeated rounds once, and of what is still too long the first and the last."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

LONGEST = 60  # hops that are shown
HEAD, TAIL = 40, 15  # of more, so many first ones and last ones
PERIOD = 40  # longest round that is looked for


def shown_hops(keys: Sequence[Hashable], longest: int = LONGEST) -> tuple[list[int], dict[int, str]]:
    """The numbers of the hops to show, and what is left out after which of them; `keys` tell hops of one kind."""
    n = len(keys)
    if n <= longest:
        return list(range(n)), {}
    left_out: dict[int, str] = {}
    kept = list(range(n))
    start, period, count = _longest_run(keys)
    if count > 2:  # the first round and the last are shown
        cut = range(start + period, start + (count - 1) * period)
        kept = [h for h in kept if h not in cut]
        left_out[start + period - 1] = f"the same {period} hops for {count - 2} more rounds"
    if len(kept) > longest:
        inner = [h for h in kept[HEAD:-TAIL] if h not in left_out]
        dropped, head = n - HEAD - TAIL - sum(_hops_left(t) for h, t in left_out.items() if h in kept[:HEAD] + kept[-TAIL:]), kept[:HEAD]
        left_out = {h: t for h, t in left_out.items() if h in head or h in kept[-TAIL:]}
        if inner or dropped:
            left_out[head[-1]] = "; ".join([t for h, t in left_out.items() if h == head[-1]] + [f"{dropped} hops are left out"])
        kept = head + kept[-TAIL:]
    return kept, left_out


def _hops_left(told: str) -> int:
    words = told.split()
    return int(words[2]) * int(words[5])


def _longest_run(keys: Sequence[Hashable]) -> tuple[int, int, int]:
    """Start, period and number of rounds of what repeats itself over most hops."""
    best = (0, 1, 1)
    numbers = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    row = [numbers[k] for k in keys]
    for period in range(1, min(PERIOD, len(row) // 3) + 1):
        start = 0
        while start + period < len(row):
            end = start
            while end + period < len(row) and row[end] == row[end + period]:
                end += 1
            count = (end - start) // period + 1
            if (count - 1) * period > (best[2] - 1) * best[1]:
                best = (start, period, count)
            start = end + 1
    return best
