"""`--bitexact`: the same bytes with any number of threads and of frames at once."""

import hashlib
from pathlib import Path

import pytest
import torch
from inrv_format import InputError
from inrv_format.chunk import TileGrid
from toys import real_media, toy_clip

import invr
from invr.config import DecodeConfig, EncodeConfig, FitConfig
from invr.device import torch_threads
from invr.media import ReadConfig, WriteConfig

THREADS, BATCHES = (1, 2), (1, 3, 7)


@pytest.fixture(scope="module")
def coded(tmp_path_factory) -> Path:
    """Twelve frames whose rows no block divides, in two tiles with motion and two chunks, with sound."""
    folder = tmp_path_factory.mktemp("coded")
    clip = toy_clip(folder, frames=12, height=131, width=150)
    config = EncodeConfig(fit=FitConfig(steps=20), tiles=TileGrid(2, 1, 8))
    invr.encode(clip, folder / "out.inrv", config, ReadConfig(chunk_frames=7))
    return folder / "out.inrv"


def decoded(source: Path, target: Path, **options) -> str:
    """Digest of all bytes that a decode writes."""
    bitexact = options.get("bitexact", False)
    with torch_threads(torch.get_num_threads()):
        invr.decode(source, target, DecodeConfig(**options), WriteConfig(bitexact=bitexact))
    return hashlib.sha256(target.read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_neither_threads_nor_batch_change_a_byte(coded, tmp_path, suffix):
    digests = {
        decoded(coded, tmp_path / f"{threads}-{batch}.{suffix}", threads=threads, batch=batch, bitexact=True)
        for threads in THREADS
        for batch in BATCHES
    }
    assert len(digests) == 1


def test_without_it_the_batch_may_change_them(coded, tmp_path):
    """What makes the test above one that can fail."""
    digests = {decoded(coded, tmp_path / f"{batch}.digest", threads=1, batch=batch) for batch in BATCHES}
    assert len(digests) > 1


def test_a_real_clip_at_another_size(tmp_path):
    clip = real_media("video/foreman_qcif_30f_raw.avi")
    config = EncodeConfig(fit=FitConfig(steps=20))
    invr.encode(clip, tmp_path / "out.inrv", config, ReadConfig(frames=4))
    digests = {
        decoded(tmp_path / "out.inrv", tmp_path / "out.mkv", threads=threads, batch=batch, bitexact=True, scale=1.7)
        for threads in THREADS
        for batch in BATCHES
    }
    assert len(digests) == 1


def test_a_gpu_does_not_promise_it():
    with pytest.raises(InputError, match="--bitexact"):
        DecodeConfig(bitexact=True, device="cuda")
