"""Toy media and files that many tests share."""

from __future__ import annotations

import importlib
import io
import subprocess
import sys
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from inrv_format.chunk import AudioSpan, Chunk, VideoSpan
from inrv_format.entropy.layout import Layout
from inrv_format.families import AudioSirenSpec, Domain, SirenSpec, Spec
from inrv_format.families.siren import AFFINE
from inrv_format.quantization import TensorHeader, packed_length
from inrv_format.streams import AudioStream, Stream, VideoStream
from inrv_format.tensors import Symbols, TensorSymbols
from inrv_format.unit import compress_unit
from inrv_format.writer import Writer
from warm import warm_run

from invr.config import QuantConfig
from invr.fields import Field, build_field
from invr.media import WriteConfig, open_sink
from invr.quant import quantize

SPEC = Path(__file__).resolve().parents[1] / "spec"
SHARED_MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"


def real_media(name: str) -> Path:
    """A clip of the open media set; skips the test where the set is not beside the project."""
    path = SHARED_MEDIA / name
    if not path.exists():
        pytest.skip(f"the open media set is not beside the project ({name})")
    return path


def load_reference(name: str = "reference_decoder") -> ModuleType:
    """A module beside the spec, which is in no package: the reference decoder, or its `reference_entropy`."""
    if str(SPEC) not in sys.path:
        sys.path.append(str(SPEC))
    return importlib.import_module(name)


def toy_field(spec: Spec, domain: Domain, seed: int = 0) -> Field:
    """A field at its random start, biases and motion random too."""
    generator = torch.Generator().manual_seed(seed)
    field = build_field(spec, domain)
    field.initialise(generator)
    with torch.no_grad():
        for name, tensor in field.named_tensors():
            if name.endswith("bias") or name == "motion":
                tensor.add_(torch.randn(tensor.shape, generator=generator) * 0.02)
    return field


def toy_symbols(spec: Spec, domain: Domain, bits: int = 16, symmetric: bool = True, seed: int = 0) -> Symbols:
    """Quantized weights of a toy field."""
    return quantize(toy_field(spec, domain, seed), QuantConfig(bits, symmetric))


def flat_tensor(values: np.ndarray, header: TensorHeader) -> TensorSymbols:
    """A tensor of these integers in one dimension."""
    return TensorSymbols("flat", header, values.astype(np.int32))


def layout_of(symbols: Symbols) -> Layout:
    """What a decoder of these symbols is told."""
    headers = [tensor.header for tensor in symbols]
    shapes = [(tensor.name, tensor.values.shape) for tensor in symbols]
    return Layout(packed_length(headers, shapes), headers, shapes)


TOY_VIDEO = VideoStream(width=7, height=5, time_base=Fraction(1, 25))
TOY_AUDIO = AudioStream(8000, 2, "stereo")
TOY_STREAMS: dict[int, Stream] = {0: TOY_VIDEO, 1: TOY_AUDIO}
TOY_TAGS = {"encoder": "toy"}


def toy_chunk(index: int = 0, coder: int = 1, bits: int = 16, symmetric: bool = True) -> Chunk:
    """Three frames of 7x5 pixels and 400 stereo samples."""
    video_spec = SirenSpec(first=6, width=5, depth=2, motion=AFFINE)
    video_domain = Domain(frames=3, height=5, width=7, components=3)
    audio_spec = AudioSirenSpec(first=5, width=4, depth=1, octaves=3)
    audio_domain = Domain(samples=400, channels=2)
    units = (
        compress_unit(
            video_spec, video_domain, 0, toy_symbols(video_spec, video_domain, bits, symmetric, index), coder
        ),
        compress_unit(
            audio_spec, audio_domain, 0, toy_symbols(audio_spec, audio_domain, bits, symmetric, index), coder
        ),
    )
    overlap = 0 if index == 0 else 40
    video = VideoSpan(0, 3 * index, tuple(3 * index + k for k in range(3)), 1, psnr_db=30.5)
    audio = AudioSpan(1, 360 * index + overlap, 400, 360 * index, overlap, snr_db=9.25)
    return Chunk(index, video, audio, units)


def toy_file(chunks: int = 2, **options: object) -> bytes:
    """A complete small file."""
    return file_of([toy_chunk(index, **options) for index in range(chunks)])  # type: ignore[arg-type]


def file_of(
    chunks: Iterable[Chunk], streams: Mapping[int, Stream] = TOY_STREAMS, tags: Mapping[str, str] = TOY_TAGS
) -> bytes:
    """A complete file of these chunks."""
    target = io.BytesIO()
    writer = Writer(target, streams, tags)
    for chunk in chunks:
        writer.write(chunk)
    writer.close()
    return target.getvalue()


def toy_picture(frames: int = 4, height: int = 12, width: int = 16) -> np.ndarray:
    """A smooth moving picture [T, H, W, 3], uint8."""
    t, y, x = np.meshgrid(np.arange(frames), np.arange(height), np.arange(width), indexing="ij")
    waves = [np.sin(0.3 * x + 0.2 * y + 0.4 * t), np.cos(0.25 * x - 0.1 * t), np.sin(0.2 * y + 0.1 * x)]
    return np.stack([np.round(127.5 + 100 * wave) for wave in waves], axis=-1).astype(np.uint8)


def toy_tone(samples: int) -> np.ndarray:
    """Half as loud as can be, [N, 1], float32."""
    return np.sin(np.arange(samples) * 0.3)[:, None].astype(np.float32) * 0.5


def toy_clip(
    folder: Path, frames: int = 6, height: int = 12, width: int = 16, fps: int = 25, rate_hz: int = 0
) -> Path:
    """A file of the toy picture, with a tone of its length at `rate_hz` if that is not 0."""
    video = VideoStream(width, height, Fraction(1, fps), average_rate=Fraction(fps))
    audio = AudioStream(rate_hz, 1, "mono") if rate_hz else None
    with open_sink(folder / "clip.mkv", video, audio, WriteConfig()) as sink:
        sink.write_video(toy_picture(frames, height, width), np.arange(frames, dtype=np.int64), 1)
        if audio:
            sink.write_audio(toy_tone(frames * rate_hz // fps), 0)
    return folder / "clip.mkv"


def run_invr(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line; what it says is text."""
    done = warm_run(arguments)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
