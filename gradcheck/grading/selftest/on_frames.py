"""Attacks that speak the protocol: frames with the right magic and the right number, and answers that no runner would write."""

from __future__ import annotations

from textwrap import indent

from gradcheck.grading.selftest.attack import Attack, attack
from gradcheck.grading.selftest.on_answers import FORGING

_WIRE = """
import os, struct, sys
Q = struct.Struct("!Q").pack
ZERO = b"a" + bytes((11, 1)) + Q(3) + bytes(24)
NAMED = Q(0) + Q(20) + b"infrastructure error" + Q(2) + b"hi" + Q(1) + b"x"
SAID = Q(0) + Q(9) + b"exception" + Q(2) + b"hi" + Q(1) + b"x"

def number():
    f = sys._getframe()
    while f is not None:
        if "number" in f.f_locals and "channel" in f.f_locals: return f.f_locals["number"]
        f = f.f_back
    return 0

def frame(kind, number, body, size=None):
    return struct.pack("!4sBQQ", b"GCw1", kind, number, len(body) if size is None else size) + body

def value(body, changed=(), notes=()):
    return b"v" + Q(len(changed)) + b"".join(map(Q, changed)) + Q(len(notes)) + b"".join(Q(len(n)) + n for n in notes) + body

def calls(*answers): return b"".join(Q(len(x)) + x for x in answers)

def send(data):
    data = memoryview(data)
    while data: data = data[os.write(3, data):]

def forge(body, kind=6, size=None):
    send(frame(kind, number(), body, size))
    os._exit(0)
"""
_ENDED = ("right", "protocol error", "crash")
_ODD = {
    "a dtype that is none": "b'a' + bytes((200, 1)) + Q(3) + bytes(24)",
    "255 dimensions": "b'a' + bytes((11, 255)) + Q(1) * 255 + bytes(8)",
    "a negative size": "b'a' + bytes((11, 1)) + Q(2**64 - 3) + bytes(24)",
    "sizes whose product wraps": "b'a' + bytes((11, 2)) + Q(2**32) + Q(2**32) + bytes(24)",
    "zero by 2^63": "b'a' + bytes((11, 2)) + Q(0) + Q(2**63)",
    "a truth value of 7": "b'a' + bytes((0, 1)) + Q(3) + b'\\x07' * 3",
    "a list of 2^63": "b'l' + Q(2**63)",
    "a tuple of 60,000 arrays": "b't' + Q(60000) + (b'a' + bytes((5, 1)) + Q(0)) * 60000",
    "a dict of 60,000 names": "b'd' + Q(60000) + b''.join(Q(5) + b'%05d' % i + b'N' for i in range(60000))",
    "a name twice": "b'd' + Q(2) + (Q(1) + b'x' + ZERO) * 2",
    "text that is no UTF-8": "b'x' + Q(2) + b'\\xff\\xfe' + Q(0)",
    "10^6 characters": "b'x' + Q(10**6) + b'A' * 10**6 + Q(0)",
    "an integer of 60,000 bytes": "b'i' + struct.pack('!H', 60000) + b'\\x7f' * 60000",
    "a string": "b's' + Q(3) + b'abc'",
    "lists 5,000 deep": "(b'l' + Q(1)) * 5000 + ZERO",
    "bytes that follow": "ZERO + b'more'",
    "nothing at all": "b''",
    "a scalar with a shape": "b'g' + bytes((11, 1)) + Q(3) + bytes(24)",
    "a tag that is none": "bytes(40)",
}


def _wire(name: str, expect: str, statement: str, second: tuple[str, ...] = _ENDED) -> Attack:
    return attack(
        FORGING, name, expect, f"{_WIRE}\ndef sine_gradient(x):\n{indent(statement, '    ')}\n    return np.zeros(3)\n", second=second
    )


ON_FRAMES: tuple[Attack, ...] = (
    *(_wire(f"a frame with {name}", "protocol error|output limit", f"forge(calls(*[value({body})] * 7))") for name, body in _ODD.items()),
    _wire("a frame of the right number, then the end", "wrong value|protocol error|crash", "forge(calls(*[value(ZERO)] * 7))"),
    _wire("more answers than were asked for", "protocol error", "forge(calls(*[value(ZERO)] * 640))"),
    _wire("a frame without answers", "protocol error", "forge(b'')"),
    _wire("a frame of 2^64 bytes", "output limit|protocol error", "forge(b'', size=2**64 - 1)"),
    _wire("a frame that ends early", "crash|protocol error", "forge(b'x' * 10, size=1000)"),
    _wire("a frame that never ends", "time-out", "send(frame(6, number(), b'x' * 10, 1000))\nimport time\ntime.sleep(60)"),
    _wire("a frame of another kind", "protocol error", "forge(calls(value(ZERO)), kind=5)"),
    _wire("an infrastructure error stated by a frame", "protocol error", "forge(NAMED, kind=7)"),
    _wire("an infrastructure error stated by an answer", "protocol error", "forge(calls(b'e' + NAMED))"),
    _wire("a line of 2^63", "protocol error", "forge(calls(b'e' + Q(2**63) + SAID[8:]))"),
    _wire("answers after an ending", "protocol error", "forge(calls(b'e' + SAID, value(ZERO)))"),
    _wire("signalling nans", "non-finite|crash", "forge(calls(*[value(ZERO[:11] + struct.pack('<Q', 0x7FF0000000000001) * 3)] * 7))"),
    _wire("a thousand arguments changed", "wrong value|crash", "forge(calls(*[value(ZERO, changed=[2**63 - i for i in range(1000)])] * 7))"),
    _wire("10^5 arguments changed", "protocol error|output limit", "forge(calls(*[value(ZERO, changed=range(100000))] * 7))"),
    _wire("notes of 10^6 characters", "protocol error|output limit", "forge(calls(*[value(ZERO, notes=[b'n' * 10**6])] * 7))"),
    _wire("an answer, and the runner's own after it", "wrong value|protocol error", "send(frame(6, number(), calls(*[value(ZERO)] * 7)))", ("right",)),
    _wire("answers to questions that nobody asked", "protocol error", "send(b''.join(frame(6, n, calls(value(ZERO))) for n in range(1000)))"),
    _wire("one byte at a time", "crash|wrong value", "for b in frame(6, number(), calls(*[value(ZERO)] * 7)): os.write(3, bytes((b,)))\nos._exit(0)"),
    attack(FORGING, "notes forged while it is imported", "protocol error|crash|import error", f"""{_WIRE}
send(frame(5, number(), Q(60000) + (Q(100) + b'=cmd|x' + b'<' * 94) * 30000 + (Q(1) + b'a') * 30000))
def sine_gradient(x): return np.zeros(3)
""", second=("right", *_ENDED, "import error")),
)  # fmt: skip
