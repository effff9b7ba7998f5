"""Real mistakes are named: the sample, the corpus that nobody looked at before, and the slips planted in cases."""

import numpy as np
import planted
import pytest

from gradcheck import check, load_cases
from gradcheck.diagnosis.macros import macro_edits
from gradcheck.diagnosis.mistakes import edits_at
from tests.corpus.entries import BLIND, SAMPLE, STUDENTS

CONFIDENT = ("unknown", "precision", "nonfinite")


def rates(mistakes):
    """Shares named and named wrongly."""
    found = [(m, tuple(f.kind for f in check(m.function, m.wrong, m.at).diagnosis)) for m in mistakes]
    named = [m.name for m, kinds in found if m.is_named_by(kinds)]
    wrongly = [m.name for m, kinds in found if not m.is_named_by(kinds) and kinds[:1] != ("unknown",)]
    return len(named) / len(mistakes), len(wrongly) / len(mistakes)


@pytest.mark.parametrize("mistake", SAMPLE, ids=[m.name for m in SAMPLE])
def test_every_mistake_of_the_sample_is_named(mistake):
    verdict = check(mistake.function, mistake.wrong, mistake.at)
    assert verdict.outcome == "wrong"
    assert verdict.diagnosis[0].kind in mistake.accepted, str(verdict)


@pytest.mark.parametrize("mistake", SAMPLE[::4], ids=[m.name for m in SAMPLE[::4]])
def test_right_gradients_have_no_diagnosis(mistake):
    assert check(mistake.function, mistake.right, mistake.at).diagnosis == ()


@pytest.mark.parametrize("mistakes", [pytest.param(BLIND[::4], id="some"), pytest.param(BLIND, id="all", marks=pytest.mark.slow)])
def test_nine_of_ten_mistakes_of_the_blind_corpus_are_not_unknown_or_misnamed(mistakes):
    named, wrongly = rates(mistakes)
    assert named >= 0.88, f"{named:.1%} named"
    assert wrongly <= 0.02, f"{wrongly:.1%} named wrongly"


@pytest.mark.slow
def test_nine_of_ten_mistakes_of_the_first_corpus_are_named():
    named, wrongly = rates(STUDENTS)
    assert named >= 0.9, f"{named:.1%} named"
    assert wrongly <= 0.03, f"{wrongly:.1%} named wrongly"


def test_noise_is_not_named():
    rng = np.random.default_rng(3)
    for mistake in SAMPLE[::6]:
        noise = rng.normal(size=np.shape(mistake.at[0]))
        kinds = [f.kind for f in check(mistake.function, lambda p, noise=noise: noise * np.cos(p), mistake.at).diagnosis]
        assert set(kinds) <= set(CONFIDENT), mistake.name


PLANTED = ("three_paths", "cosine_similarity", "softmax_cross_entropy", "relu_network", "lstm_cell")


@pytest.mark.parametrize("name", [*PLANTED[:-1], pytest.param(PLANTED[-1], marks=pytest.mark.slow)])
def test_single_mistakes_planted_in_cases_are_found_again(name, planting):
    scene, edits = planting(name)
    rng, told = np.random.default_rng(5), []
    for i in rng.permutation(len(edits))[:8]:
        claim = planted.planted(scene, edits[i])
        if claim is not None:
            told.append(planted.judged(scene, claim, (edits[i],))[0])
    assert len(told) >= 4
    assert set(told) <= {"recovered", "explained"}


def test_pairs_planted_in_a_short_case_are_explained(planting):
    scene, edits = planting("cosine_similarity")
    rng, told = np.random.default_rng(7), []
    for _ in range(8):
        chosen = tuple(edits[i] for i in rng.choice(len(edits), 2, replace=False))
        claim = planted.planted(scene, *chosen)
        if claim is not None:
            told.append(planted.judged(scene, claim, chosen)[0])
    assert told.count("lost") <= 1 < len(told)


@pytest.fixture
def planting(root):
    """A case's scene, and every edit listed for it."""
    cases = {c.name: c for c in load_cases(root / "cases")}

    def scene_and_edits(name):
        scene = planted.scene_of_case(cases[name])
        return scene, [*edits_at(scene.circuit, list(scene.parts)), *macro_edits(scene)]

    return scene_and_edits
