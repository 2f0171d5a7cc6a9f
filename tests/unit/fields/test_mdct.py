"""The fast transform between samples and windowed cosines."""

import pytest
import torch

from invr.fields.mdct import to_waves, to_windows, windowed_cosines

# Even and odd, small and large, of all waves and of fewer.
SIZES = [
    (16, 16),
    (17, 17),
    (18, 16),
    (31, 19),
    (50, 50),
    (214, 200),
    (333, 150),
    (1024, 1000),
    (2047, 16),
    (2048, 2048),
]


@pytest.mark.parametrize(("hop", "waves"), SIZES)
def test_windows_are_products_with_the_windowed_cosines(hop, waves):
    amplitudes = torch.randn(2, 3, waves, generator=torch.Generator().manual_seed(hop))
    lattice = windowed_cosines(torch.arange(2 * hop), hop, waves)
    expected = (amplitudes.double() @ lattice.double().t()).float()
    torch.testing.assert_close(to_windows(amplitudes, hop), expected, atol=2e-5, rtol=0)


@pytest.mark.parametrize(("hop", "waves"), SIZES)
def test_waves_are_the_transposed_products(hop, waves):
    samples = torch.randn(2, 3, 2 * hop, generator=torch.Generator().manual_seed(hop))
    lattice = windowed_cosines(torch.arange(2 * hop), hop, waves)
    expected = (samples.double() @ lattice.double()).float()
    torch.testing.assert_close(to_waves(samples, waves), expected, atol=2e-5, rtol=0)


@pytest.mark.parametrize("hop", [16, 17, 50, 2048])
def test_frames_overlapped_give_their_samples_back(hop):
    samples = torch.randn(1, 5 * hop, generator=torch.Generator().manual_seed(0))
    windows = to_windows(to_waves(samples.unfold(1, 2 * hop, hop), hop), hop)
    middle = (windows[:, :-1, hop:] + windows[:, 1:, :hop]).flatten(1)
    torch.testing.assert_close(middle, samples[:, hop:-hop], atol=1e-5, rtol=0)


def test_every_even_hop_has_the_fast_form_of_the_first_wave_and_the_last():
    for hop in range(16, 400, 2):
        ends = torch.eye(hop)[[0, hop - 1]]
        expected = windowed_cosines(torch.arange(2 * hop), hop, hop)[:, [0, hop - 1]].t()
        torch.testing.assert_close(to_windows(ends, hop), expected, atol=1e-6, rtol=0)


def test_a_gradient_passes_through():
    amplitudes = torch.zeros(1, 20, requires_grad=True)
    to_windows(amplitudes, 32)[0, 40].backward()
    torch.testing.assert_close(amplitudes.grad, windowed_cosines(torch.tensor([40.0]), 32, 20), atol=1e-6, rtol=0)
