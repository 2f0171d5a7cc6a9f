"""A small benchmark with real files: a clip and a sound, a network and two other codecs, four points of each."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from inrv_format.streams import AudioStream, VideoStream
from toys import TOY_AUDIO, toy_file

from invr.bench.results import BdRate, Bench, ClipInfo, Point, write_bench
from invr.media import WriteConfig, open_sink

FRAMES, HEIGHT, WIDTH, RATE_HZ, SAMPLES = 6, 5, 7, TOY_AUDIO.sample_rate_hz, 760
CODECS = {"clip": ("invr-fast", "x264-medium", "svtav1"), "tone": ("invr-fast", "mp3", "opus")}


def toy_bench(folder: Path) -> Path:
    """Write sources, encoded files and their `bench.json` to a folder; returns its path."""
    (folder / "files").mkdir()
    clips = (
        ClipInfo("clip", "clip.mkv", "video", "00" * 32, WIDTH, HEIGHT, FRAMES, 25.0, duration_s=FRAMES / 25),
        ClipInfo("tone", "tone.wav", "audio", "11" * 32, 0, 0, 0, 0.0, RATE_HZ, 2, SAMPLES, SAMPLES / RATE_HZ),
    )
    _write_picture(folder / "clip.mkv", step=1)
    _write_sound(folder / "tone.wav", loudness=0.5)
    points = tuple(_point(folder, clip, codec, i) for clip in clips for codec in CODECS[clip.name] for i in range(4))
    failed = Point("clip", "svtav1", "crf 63", "video", error="the <encoder> failed")
    rates = (
        BdRate("clip", "invr-fast", "x264-medium", "psnr_rgb_db", 123.4, (30.0, 33.0)),
        BdRate("clip", "invr-fast", "svtav1", "psnr_rgb_db", None, None, ""),
        BdRate("tone", "invr-fast", "mp3", "snr_db", None, None, "fewer than four points"),
    )
    bench = Bench("invr bench <toy>", {"cpu": "toy & co"}, clips, (*points, failed), rates)
    write_bench(bench, folder / "bench.json")
    return folder / "bench.json"


def _point(folder: Path, clip: ClipInfo, codec: str, place: int) -> Point:
    """A point with numbers that are made up, and a file that can be decoded."""
    ending = {"invr-fast": "inrv", "mp3": "wav", "opus": "wav"}.get(codec, "mkv")
    path = folder / "files" / f"{clip.name}-{codec}-{place}.{ending}"
    if ending == "inrv":
        path.write_bytes(toy_file(2, bits=6 + 2 * place))
    elif ending == "wav":
        _write_sound(path, loudness=0.4 + 0.02 * place)
    else:
        _write_picture(path, step=8 - place)
    size = 1000 * (place + 1) + 10 * len(codec)
    quality = 28.0 + place + len(codec) / 8
    point = Point(
        clip.name, codec, f"rate {place}", clip.medium, f"files/{path.name}", size, size - 100, None,
        8 * size / 1000 / clip.duration_s, 0.5 * (place + 1), 0.6, 2_000_000, 0.01, 0.02, None,
        history=[[0.1 * (k + 1), k % 2, 20.0 + k] for k in range(4)] if codec == "invr-fast" else [],
    )  # fmt: skip
    if clip.medium == "audio":
        return replace(point, metrics={"snr_db": quality, "visqol_mos": 3.0 + place / 4})
    return replace(
        point,
        bpp=8 * size / clip.pixels,
        metrics={"psnr_rgb_db": quality, "ms_ssim": 0.9 + place / 50},
        frames={"psnr_rgb_db": [quality + k / 10 for k in range(FRAMES)]},
        chunk_starts=[0, 3] if codec == "invr-fast" else [],
        mac_per_pixel=1234.5,
    )


def _write_picture(path: Path, step: int) -> None:
    """A moving slope in as many levels as `step` leaves."""
    t, y, x = np.meshgrid(np.arange(FRAMES), np.arange(HEIGHT), np.arange(WIDTH), indexing="ij")
    slope = (20 * x + 12 * y + 9 * t) // step * step % 256
    stream = VideoStream(WIDTH, HEIGHT, Fraction(1, 25), average_rate=Fraction(25))
    with open_sink(path, stream, None, WriteConfig()) as sink:
        sink.write_video(np.repeat(slope[..., None], 3, axis=-1).astype(np.uint8), np.arange(FRAMES), 1)


def _write_sound(path: Path, loudness: float) -> None:
    tone = loudness * np.sin(np.arange(SAMPLES) * 0.3)[:, None].repeat(2, axis=1)
    with open_sink(path, None, AudioStream(RATE_HZ, 2, "stereo"), WriteConfig()) as sink:
        sink.write_audio(tone.astype(np.float32), 0)
