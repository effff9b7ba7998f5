"""The attack suite: what students and worse have tried on graders, each with the outcome that holds.

Sources: Kratzke 2019 and JEdUnit 2020 (about one student in seven tries to trick a grader), PrairieLearn RFC 11137, nbgrader pull request 1324, RELATE issue 295,
Autolab issue 2142. Attacks that could do harm behind a broken wall name the walls they need; network attempts go to loopback only.
"""

from __future__ import annotations

from gradcheck.grading.selftest.attack import Attack
from gradcheck.grading.selftest.on_answers import ON_ANSWERS
from gradcheck.grading.selftest.on_frames import ON_FRAMES
from gradcheck.grading.selftest.on_kernel import ON_KERNEL
from gradcheck.grading.selftest.on_machines import ON_MACHINES
from gradcheck.grading.selftest.on_values import ON_VALUES
from gradcheck.grading.selftest.on_walls import ON_WALLS

ATTACKS: tuple[Attack, ...] = (*ON_ANSWERS, *ON_VALUES, *ON_FRAMES, *ON_WALLS, *ON_KERNEL, *ON_MACHINES)
