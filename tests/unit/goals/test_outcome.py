"""What counts as reached."""

import pytest
from inrv_format.errors import InputError

from invr.config import EncodeConfig, Goal, QuantConfig
from invr.goals.outcome import TOO_SHORT, Written, judge
from invr.goals.pursuit import NO_LESS, NO_MORE, NOT_FOUND


def why(goal, whys=(), size=1000, psnr_db=30.0, time_s=10.0, chunks=None):
    """Of a file of two seconds."""
    (outcome,) = judge(goal, Written(size, psnr_db, 2.0, time_s), whys, chunks or len(whys) or 1)
    return outcome.why


@pytest.mark.parametrize(("target", "reached"), [(30.04, True), (30.06, False), (29.5, True), (29.4, False)])
def test_psnr_is_kept_within_its_tolerance(target, reached):
    assert (why(Goal(psnr_db=target)) is None) is reached


@pytest.mark.parametrize(("target", "reached"), [(1000, True), (999, False), (1111, True), (1112, False)])
def test_size_is_never_above_the_target(target, reached):
    assert (why(Goal(size_bytes=target)) is None) is reached
    assert (why(Goal(bits_per_s=target * 4)) is None) is reached


def test_the_ends_of_the_networks_excuse_what_is_better_but_not_what_is_worse():
    assert why(Goal(psnr_db=20.0), [NO_LESS]) is None
    assert why(Goal(psnr_db=40.0), [NO_MORE]) == NO_MORE
    assert why(Goal(size_bytes=5000), [NO_MORE]) is None
    assert why(Goal(size_bytes=500), [NO_LESS]) == NO_LESS
    assert why(Goal(size_bytes=5000), [NO_MORE, NOT_FOUND]) == NOT_FOUND
    # the other chunk could have taken what this one could not
    assert why(Goal(size_bytes=5000), [NO_MORE], chunks=2) == NO_MORE


def test_time_may_be_a_tenth_more():
    assert why(Goal(time_s=9.1)) is None
    assert why(Goal(time_s=9.0)) == TOO_SHORT


def test_one_target_and_a_time():
    assert [each.name for each in judge(Goal(psnr_db=30.0, time_s=20.0), Written(1, 30.0, 1.0, 1.0), [], 1)] == [
        "psnr",
        "time",
    ]
    with pytest.raises(InputError, match="--target-psnr with --bitrate"):
        Goal(psnr_db=30.0, bits_per_s=1000.0)
    with pytest.raises(InputError, match="--target-size"):
        Goal(size_bytes=0)
    with pytest.raises(InputError, match="fine-tuning"):
        EncodeConfig(goal=Goal(psnr_db=30.0), quant=QuantConfig(finetune_steps=5))
