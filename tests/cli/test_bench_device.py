"""`tools/bench-device`: fits in batches and decoding, on whatever device there is."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from invr.bench.device import FitRate, FitShape, flops_of_a_step, seconds_of

TOOLS = Path(__file__).resolve().parents[2] / "tools"
TOY = "--batches 1,2 --steps 2 --size 24x16 --frames 3 --width 8 --points 16x8 --repeats 1 --matmul 64 --tiles 2x1"


def measured(*arguments):
    command = [sys.executable, str(TOOLS / "bench-device"), *TOY.split(), "--decode", "32x24", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def rows(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:2] == "| "]


def test_every_batch_precision_and_way_to_decode_has_its_row():
    done = measured("--device", "cpu")
    assert done.returncode == 0, done.stderr
    fits = [row for row in rows(done.stdout) if row[1:2] in (["float32"], ["bfloat16"])]
    assert [row[:2] for row in fits] == [
        ["1, alone", "float32"], ["1", "float32"], ["2", "float32"], ["1", "bfloat16"], ["2", "bfloat16"]
    ]  # fmt: skip
    assert all(float(row[2]) > 0 and float(row[5]) > 0 for row in fits)
    assert [row[2] for row in rows(done.stdout) if row[0] == "32x24"] == ["1", "4"]


@pytest.mark.gpu
def test_a_gpu_has_rows_with_graphs():
    done = measured("--device", "cuda")
    assert done.returncode == 0, done.stderr
    assert any(row[0] == "2, graphs" for row in rows(done.stdout))


def test_a_device_that_is_not_there_is_one_line():
    import torch

    if torch.cuda.is_available():
        pytest.skip("torch finds a CUDA device here")
    done = measured("--device", "cuda")
    assert done.returncode == 9
    assert done.stderr.startswith("bench-device: ") and len(done.stderr.splitlines()) == 1


def test_the_products_of_a_step_are_counted():
    shape = FitShape(width=8, size=(24, 16), frames=3, steps=2, rows=8, columns=16)
    first, second = flops_of_a_step(shape), flops_of_a_step(replace(shape, rows=16))
    # five layers of 8 by 8, once forward and twice backward, for each point, and more than that
    assert second - first > 8 * 16 * 5 * 64 * 2 * 3
    assert second < 2 * first


def test_rates_are_of_all_networks():
    rate = FitRate(4, "float32", False, 10.0, 1e9)
    assert rate.fits_per_s(100) == pytest.approx(0.4)
    assert replace(rate, batch=0).fits_per_s(100) == pytest.approx(0.1)
    assert seconds_of(lambda: sum(range(200_000)), "cpu") > 0


def test_the_benchmark_of_codecs_names_it():
    command = [sys.executable, str(TOOLS / "bench"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "tools/bench-device" in done.stdout
