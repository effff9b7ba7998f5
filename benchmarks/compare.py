"""Time of value and gradient: gradcheck, hand-written NumPy and other tools, on classical workloads and ADBench's problems.

Each tool and workload has a process of its own, one thread, a time box and a memory cap, and is timed in turn with the hand-written NumPy
gradient and the plain function. A gradient that differs from the hand-written one is shown as WRONG and not timed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import sys
from pathlib import Path
from typing import Any

from suite.catalogue import chosen
from suite.peers import PEERS, load_plugins, peer_names
from suite.prediction import fits
from suite.report import SHORT, duration, number, report
from suite.running import Limits, run
from suite.verify import verified

QUICK_PEERS = ("hand", "gradcheck", "autograd", "mygrad", "torch", "jax", "casadi-sx", "casadi-mx", "hand-numba")


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; 1 if a hand-written gradient is wrong, 2 for a name nobody has."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few workloads and rounds, and no symbolic tools: under two minutes")
    parser.add_argument("--peers", default="", help=f"comma-separated, of {', '.join(PEERS)}")
    parser.add_argument("--workloads", default="", help="comma-separated prefixes of names, such as c_,f_gmm")
    parser.add_argument("--seconds", type=float, help="time box of one tool on one workload (20, quick: 10)")
    parser.add_argument("--gigabytes", type=float, default=6.0, help="memory cap likewise")
    parser.add_argument("--plugin", action="append", default=[], help="a file with a PEER of your own and its BUILDERS")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--markdown", type=Path, help="write the tables here")
    parser.add_argument("--verify", action="store_true", help="only check the hand-written gradients")
    options = parser.parse_args(arguments)
    if options.verify:
        return _verify()
    load_plugins(options.plugin)
    workloads = chosen(_listed(options.workloads), quick=options.quick)
    try:
        peers = peer_names(_listed(options.peers) or ([*QUICK_PEERS] if options.quick else []))
    except ValueError as error:
        parser.error(str(error))
    if not workloads:
        parser.error(f"--workloads: nothing starts with {options.workloads}; names are {', '.join(chosen([]))}")
    limits = Limits(options.seconds or (10.0 if options.quick else 20.0), options.gigabytes, options.quick, tuple(options.plugin))
    rows: list[dict[str, Any]] = []
    for row in run(peers, workloads, limits):
        rows.append(row)
        print(_line(row), file=sys.stderr, flush=True)
        _write_json(options, rows, [])  # a run that is stopped keeps what it has
    found = fits([row for row in rows if row["peer"] == "gradcheck"])
    print(report(rows, found))
    if options.markdown:
        options.markdown.write_text(report(rows, found, markdown=True), encoding="utf-8")
    _write_json(options, rows, found)
    return 0


def _write_json(options: argparse.Namespace, rows: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    if options.json:
        options.json.write_text(
            json.dumps({"quick": options.quick, "versions": _versions(), "rows": rows, "fits": found}, indent=1), encoding="utf-8"
        )


def _listed(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def _line(row: dict[str, Any]) -> str:
    """One measurement, as it comes in."""
    if row["status"] != "ok":
        return f"{row['workload']:34s} {row['peer']:13s} {SHORT[row['status']]}: {row['reason']}"
    return (
        f"{row['workload']:34s} {row['peer']:13s} {duration(row['peer seconds']):>8s}  {number(row['over hand']):>6s} x hand"
        f"  {number(row['over function']):>6s} x f  setup {duration(row['setup'])}"
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in sorted({"numpy", "scipy", *(p.needs for p in PEERS.values())}):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "this checkout" if package == "gradcheck" else "not installed"
    return found


def _verify() -> int:
    right = True
    for name, found, good in verified():
        print(f"{name:40s} {found}{'' if good else '   WRONG'}", flush=True)
        right = right and good
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
