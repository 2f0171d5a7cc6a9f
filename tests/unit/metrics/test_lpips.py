"""LPIPS with the package's own linear weights and a stand-in for the one file that cannot be shipped, AlexNet's."""

from importlib.util import find_spec

import pytest
import torch
from inrv_format.errors import InputError, UnsupportedError
from torch import nn

from invr.metrics.lpips import ALEXNET_FILE, SCALE, SHIFT, lpips_distance

pytestmark = pytest.mark.skipif(find_spec("lpips") is None, reason="needs invr[metrics]")


def alexnet():
    """The layers of torchvision's AlexNet.features, in its numbering."""
    return nn.Sequential(
        *(nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(64, 192, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(192, 384, 3, 1, 1), nn.ReLU(), nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU()),
        *(nn.Conv2d(256, 256, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(3, 2)),
    )


@pytest.fixture
def network(tmp_path, monkeypatch):
    """A random AlexNet, saved where torchvision keeps its own."""
    torch.manual_seed(1)
    layers = alexnet()
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save({f"features.{name}": value for name, value in layers.state_dict().items()}, folder / ALEXNET_FILE)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return layers


def images():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(1, 3, 64, 80, generator=generator), torch.rand(1, 3, 64, 80, generator=generator)


def test_the_distance_follows_its_definition(network):
    """Zhang et al. 2018, eq. 1, written out again: unit features, squared differences, learned weights, means."""
    linear = torch.load(
        f"{find_spec('lpips').submodule_search_locations[0]}/weights/v0.1/alex.pth", map_location="cpu"
    )
    taps = {1: "lin0", 4: "lin1", 7: "lin2", 9: "lin3", 11: "lin4"}
    one, other = (
        (2 * image - 1 - torch.tensor(SHIFT).view(1, 3, 1, 1)) / torch.tensor(SCALE).view(1, 3, 1, 1)
        for image in images()
    )
    expected = 0.0
    with torch.no_grad():
        for number, layer in enumerate(network):
            one, other = layer(one), layer(other)
            if number in taps:
                units = [x / x.norm(dim=1, keepdim=True).clamp(min=1e-10) for x in (one, other)]
                weights = linear[f"{taps[number]}.model.1.weight"].view(1, -1, 1, 1)
                expected += float(((units[0] - units[1]) ** 2 * weights).sum(1).mean())
    assert lpips_distance(*images()) == pytest.approx(expected, rel=1e-4)


@pytest.mark.usefixtures("network")
def test_equal_images_have_no_distance():
    image, _ = images()
    assert lpips_distance(image, image) == 0.0


def test_the_missing_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(UnsupportedError, match=f"LPIPS needs the file .*{ALEXNET_FILE}"):
        lpips_distance(*images())


def test_small_images_are_refused():
    with pytest.raises(InputError, match="at least 63"):
        lpips_distance(torch.zeros(1, 3, 20, 80), torch.zeros(1, 3, 20, 80))
