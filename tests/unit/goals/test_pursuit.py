"""How a quality is found, with trials that are numbers: no network is fitted."""

import math
from types import SimpleNamespace

import pytest

from invr.goals.aims import aim_at_psnr, aim_at_size
from invr.goals.laws import gained_db, growth, probe_steps
from invr.goals.pursuit import CORRECTIONS, NO_LESS, NO_MORE, NO_TIME, foreseen, pursue, solved
from invr.goals.trials import Trial, Trials

STEPS = 4000


class FakeTrials:
    """A content whose networks come in sizes a rung of `rung` points apart, from quality `lowest` to `highest`.

    Bytes and PSNR rise by 5 % and 0.15 dB a point with the networks, by 1 % and 0.03 dB without, and by 2 % and
    0.05 dB with a refit.
    """

    def __init__(self, rung=6.0, lowest=0.0, highest=100.0, time=math.inf):
        self.steps = self.expected_steps = STEPS
        self.time = time
        self.rung, self.lowest, self.highest = rung, lowest, highest
        self.fits, self.refits = [], 0

    def fit(self, quality, steps):
        self.fits.append(steps)
        return self._trial(quality, quality, self._size(quality), steps)

    def refit(self, trial, quality):
        self.refits += 1
        return self._trial(trial.sized, quality, trial.fitted.plans, self.steps, refits=1)

    def keeps(self, trial, quality):
        return self._size(quality) == trial.fitted.plans

    resized, is_last = Trials.resized, Trials.is_last

    def affords(self, share):
        return share <= self.time

    def _size(self, quality):
        return round(min(max(quality, self.lowest), self.highest) / self.rung)

    def _trial(self, sized, quality, size, steps, refits=0):
        at, lack = size * self.rung, quality - size * self.rung
        content = 1000 * 1.05**at * 1.01**lack * 1.02**refits / growth(steps, STEPS)
        psnr_db = 25 + 0.15 * at + 0.03 * lack + 0.05 * refits - gained_db(steps, STEPS)
        chunk = SimpleNamespace(video=SimpleNamespace(psnr_db=psnr_db))
        encoded = SimpleNamespace(content=range(round(content)), chunk=chunk)
        return Trial(sized, quality, steps, SimpleNamespace(plans=size), encoded)

    def whole_fits(self):
        return self.fits.count(STEPS)


@pytest.mark.parametrize("target", [3000, 10_000, 12_345, 40_000, 100_000])
@pytest.mark.parametrize("rung", [1.0, 4.0, 9.0])
def test_a_size_is_found_and_never_exceeded(target, rung):
    trials = FakeTrials(rung)
    found = pursue(trials, aim_at_size(target), 50.0)
    assert found.why is None
    assert 0.9 * target <= len(found.trial.encoded.content) <= target
    assert trials.whole_fits() + trials.refits <= 1 + CORRECTIONS


@pytest.mark.parametrize("target", [26.0, 31.0, 33.3, 38.0])
def test_a_psnr_is_found(target):
    found = pursue(FakeTrials(), aim_at_psnr(target), 50.0)
    assert found.why is None
    assert -0.05 <= found.trial.encoded.chunk.video.psnr_db - target <= 0.5


def test_probes_are_short_and_a_good_guess_needs_one():
    trials = FakeTrials(rung=1.0)
    pursue(trials, aim_at_size(1000 * 1.05**50 / 0.965), 50.0)
    assert trials.fits == [probe_steps(STEPS), STEPS]


def test_what_the_laws_do_not_know_is_learned_for_the_next_chunk():
    class Better(FakeTrials):
        def _trial(self, sized, quality, size, steps, refits=0):
            trial = super()._trial(sized, quality, size, steps, refits)
            trial.encoded.chunk.video.psnr_db += 1.0 if steps == STEPS else 0.0
            return trial

    first = pursue(Better(rung=1.0), aim_at_psnr(33.0), 50.0)
    assert first.surplus == pytest.approx(1.0, abs=0.05)
    trials = Better(rung=1.0)
    pursue(trials, aim_at_psnr(33.0), first.trial.sized, first.surplus)
    assert trials.refits == 0
    assert trials.whole_fits() == 1


@pytest.mark.parametrize(
    ("aim", "why"), [(aim_at_psnr(90.0), NO_MORE), (aim_at_psnr(10.0), NO_LESS), (aim_at_size(5), NO_LESS)]
)
def test_beyond_all_networks_the_nearest_is_kept(aim, why):
    found = pursue(FakeTrials(lowest=20.0, highest=80.0), aim, 50.0)
    assert found.why == why
    assert found.trial.quality == (100.0 if why == NO_MORE else 0.0)


def test_without_time_the_first_fit_stays():
    trials = FakeTrials(rung=15.0, time=0.1)
    assert pursue(trials, aim_at_size(12_345), 50.0).why == NO_TIME
    assert trials.whole_fits() == 1


def test_a_line_through_two_points_is_bounded_by_what_is_expected():
    assert solved([(50, 1.0)], 2.0, 0.1) == 60
    assert solved([(50, 1.0), (60, 3.0)], 2.0, 0.1) == 55
    assert solved([(50, 1.0), (60, 1.0)], 2.0, 0.1) == 75  # never flat
    assert solved([(50, 1.0)], 90.0, 0.1) == 100
    assert foreseen([(50, 1.0), (60, 3.0)], 55, 0.1) == pytest.approx(2.0)
