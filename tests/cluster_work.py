"""Work for clusters of tests: functions of a module, as workers need them."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path

from gradcheck.apart import where


@contextmanager
def numbers(common):
    """Work that counts what it has done."""
    yield {"common": common, "done": 0}


def square(held, payload):
    held["done"] += 1
    return payload**2 + held["common"], os.getpid(), held["done"]


def slowly(held, payload):
    time.sleep(0.05)
    return payload


def on_demand(held, payload):
    """Does what the payload says."""
    match payload:
        case "die":
            os._exit(9)
        case "leave":
            raise SystemExit(5)
        case "raise":
            raise ValueError("no such number")
        case "unsendable":
            return lambda: None
        case "where":
            return where()
        case "print":
            print("a word for people")
        case "wait for ever":
            Path(held["common"]).write_text(str(os.getpid()))
            time.sleep(1000)
    return payload


def fatal(held, payload):
    """A payload that ends whatever works at it, the worker too."""
    if payload == "kill the worker":
        os.kill(os.getppid(), 9)
        time.sleep(10)
    return payload
