"""Students' programs without walls, for tests of what stands before them: functions of this process behind the interface of a session."""

import numpy as np

from gradcheck import Real, case
from gradcheck.grading.answers import Answer, Ended, Facts
from gradcheck.grading.model import Question


def ask_function(function):
    """A function as a session's answers: fresh copies in, whatever comes back out."""

    def ask(arguments):
        given = tuple(a.copy() if isinstance(a, np.ndarray) else a for a in arguments)
        try:
            value = function(*given)
        except Exception as error:
            return Ended("exception", f"{type(error).__name__}: {error}", type(error).__name__)
        changed = tuple(
            i for i, (a, b) in enumerate(zip(arguments, given, strict=True)) if isinstance(a, np.ndarray) and not np.array_equal(a, b)
        )
        return Answer(value, changed)

    return ask


class LocalSession:
    """A session whose program is a dict of functions."""

    def __init__(self, functions, facts=None):
        self.functions, self._facts, self.asked, self.restarts = functions, facts or Facts(), 0, 0

    def facts(self):
        return self._facts

    def begin(self, limits):
        pass

    def ask(self, function, arguments):
        self.asked += 1
        if function not in self.functions:
            return Ended("missing", f"there is no function {function}")
        return ask_function(self.functions[function])(tuple(arguments))

    def ask_many(self, function, given):
        answers = []
        for arguments in given:
            answers.append(self.ask(function, arguments) if isinstance(self, LocalSession) else self.ask(arguments))
            if isinstance(answers[-1], Ended):
                break
        return answers

    def printed(self):
        return ""

    def restart(self):
        self.restarts += 1

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@case(x=Real(3))
def sine_of_square(x):
    z = x + 1
    h = z**2
    return np.sum(np.sin(h))


@case(W=Real((3, 2)), b=Real(2), x=Real((4, 3)), y=Real((4, 2)), argnums=(0, 1))
def network(W, b, x, y):
    z = x @ W + b
    h = np.tanh(z)
    e = h - y
    return (e**2).sum() / 4


@case(x=Real(4))
def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


SINE = Question("sine", sine_of_square, "sine_gradient", points=4)
NETWORK = Question("network", network, "network_gradient", points=8)
BACKWARD = Question("backward", network, "network_backward", asks="backward", points=14)
HOPS = Question("hops", network, "network_hops", asks="intermediates", names=("h", "z"), points=6)
SOFTMAX = Question("softmax", softmax, "softmax_vjp", asks="vjp", points=2)


class LocalAsker:
    """A function as what a memory asks."""

    def __init__(self, function):
        self.ask, self.restarts = ask_function(function), 0

    def many(self, given):
        return LocalSession.ask_many(self, "f", given)

    def restart(self):
        self.restarts += 1

    def read(self, answer):
        return answer()
