"""Settings for all tests."""

import os

import pytest
import torch


@pytest.fixture(autouse=True)
def _threads() -> None:
    """Two, unless tests run side by side."""
    torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else 2)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a GPU where there is none."""
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device here")
