"""Cost of a piece of work."""

import time

import numpy as np

from invr.bench.stage import measured


def test_the_result_is_passed_on_with_its_wall_time():
    result, stage = measured(lambda: (time.sleep(0.05), 7)[1])
    assert result == 7
    assert stage.wall_s >= 0.05


def test_waiting_takes_no_processor_time():
    _, stage = measured(lambda: time.sleep(0.2))
    assert stage.cpu_s < stage.wall_s / 2


def test_the_peak_counts_what_was_given_back_again():
    _, stage = measured(lambda: float(np.ones(8 << 20).sum()))
    assert stage.peak_bytes is None or stage.peak_bytes > 32 << 20
