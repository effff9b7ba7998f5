"""How many of the mistakes that people make are named: the corpora of tests/corpus, mistake by mistake and in sum.

python benchmarks/diagnosis.py                # the table, and a line for each mistake that is not named as it should be
python benchmarks/diagnosis.py --all          # a line for each mistake
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from gradcheck import check
from tests.corpus.entries import CORPORA, Mistake

NAMED, WRONGLY, UNKNOWN = "named", "named wrongly", "unknown"


def diagnosed(mistake: Mistake) -> tuple[str, str, bool | None, float]:
    """The outcome, the first finding in words, whether its hop is right, and the seconds it took."""
    start = time.perf_counter()
    found = check(mistake.function, mistake.wrong, mistake.at).diagnosis
    seconds = time.perf_counter() - start
    kinds = tuple(f.kind for f in found)
    outcome = NAMED if mistake.is_named_by(kinds) else UNKNOWN if kinds[:1] in ((), ("unknown",)) else WRONGLY
    hop = None if mistake.where is None or outcome != NAMED or kinds[0] == UNKNOWN else bool(mistake.where(str(found[0].hop)))
    return outcome, f"{', '.join(kinds)} in {found[0].hop}" if found else "nothing", hop, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = []
    for corpus, mistakes in CORPORA.items():
        tally, hops, seconds = Counter[str](), Counter[bool](), []
        for mistake in mistakes:
            outcome, told, hop, took = diagnosed(mistake)
            tally[outcome] += 1
            hops[hop] += hop is not None
            seconds.append(took)
            if options.all or outcome != NAMED or hop is False:
                print(
                    f"{corpus:9} {outcome:14} {mistake.name[:60]:60} {'' if hop is not False else '(hop) '}{told}  [{', '.join(mistake.accepted)}]"
                )
        rows.append((corpus, len(mistakes), tally, hops, seconds))
    print(f"\n{'corpus':10} {'mistakes':>8} {'named':>8} {'wrongly':>8} {'unknown':>8} {'hop right':>10} {'median s':>9} {'most s':>7}")
    for corpus, count, tally, hops, seconds in rows:
        shares = [f"{tally[what] / count:.1%}" for what in (NAMED, WRONGLY, UNKNOWN)]
        placed = sum(hops.values())
        hop = f"{hops[True] / placed:.1%}" if placed else "-"
        print(f"{corpus:10} {count:8} {shares[0]:>8} {shares[1]:>8} {shares[2]:>8} {hop:>10} {np.median(seconds):9.3f} {max(seconds):7.2f}")


if __name__ == "__main__":
    main()
