"""One clip through one codec: a point of the benchmark for each rate."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from inrv_format.errors import InputError, InrvError
from inrv_format.reader import Reader
from inrv_format.streams import VIDEO, VideoStream
from numpy.typing import NDArray

from invr.bench.clips import BenchClip
from invr.bench.config import CodecConfig
from invr.bench.ordinary import SOUND_CODECS, STILL_CODECS, VIDEO_CODECS
from invr.bench.recipes import RECIPES
from invr.bench.results import Point
from invr.bench.stage import Stage, measured
from invr.compare import Sound, open_clip
from invr.compare.compare import LARGEST_DELAY_S, score_frames, score_samples
from invr.compare.pairing import best_delay, paired_samples
from invr.encode_progress import EncodeProgress
from invr.media.stills import encode_still, read_still
from invr.media.transcode import encode_pictures, encode_sound, read_pictures, read_samples
from invr.metrics.listening import SOUND_METRICS, SPEECH_METRICS
from invr.metrics.picture import PICTURE_METRICS
from invr.variants import encode_variants

_TICK = Fraction(1)


@dataclass(slots=True)
class _Coded:
    """A file that was written, what it cost, and what only invr's files have."""

    path: Path
    payload_bytes: int
    encode: Stage
    mac_per_pixel: float | None = None
    chunk_starts: list[int] = field(default_factory=list)
    history: list[list[float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Decoded:
    frames: NDArray[np.uint8] | None
    samples: NDArray[np.float32] | None


def takes(codec: CodecConfig, clip: BenchClip) -> bool:
    """Whether a codec is to be measured on a clip."""
    if codec.clips and clip.info.name not in codec.clips:
        return False
    if codec.name in RECIPES:
        media = RECIPES[codec.name].media
        return clip.medium in media or (clip.medium == "av" and {"video", "audio"} <= set(media))
    for medium, table in (("video", VIDEO_CODECS), ("audio", SOUND_CODECS), ("image", STILL_CODECS)):
        if codec.name in table:
            return clip.medium == medium
    known = [*RECIPES, *VIDEO_CODECS, *SOUND_CODECS, *STILL_CODECS]
    raise InputError(f"codec {codec.name}: known are {', '.join(known)}")


def rate_label(codec: CodecConfig, rate: float) -> str:
    """A rate in its own unit, `crf 26` or `8 bits` for example."""
    if codec.name == "coin-paper":
        return f"{rate:g} bpp"
    if codec.name in RECIPES and RECIPES[codec.name].by_bits:
        return f"{rate:g} bits"
    if codec.name in VIDEO_CODECS:
        return f"{VIDEO_CODECS[codec.name].rate} {rate:g}"
    return f"{rate:g} kbit/s" if codec.name in SOUND_CODECS else f"quality {rate:g}"


def definition(codec: CodecConfig, rate: float) -> str:
    """All that decides what a codec does at a rate, so that a changed recipe is not taken for the old one."""
    if codec.name in RECIPES:
        return repr(RECIPES[codec.name].config(codec, rate))
    known = VIDEO_CODECS.get(codec.name) or SOUND_CODECS.get(codec.name) or STILL_CODECS[codec.name]
    return f"{known!r} {rate:g}"


def coded_together(codec: CodecConfig) -> bool:
    """Whether one fit serves all rates."""
    return codec.name in RECIPES and RECIPES[codec.name].by_bits


def measure(
    clip: BenchClip, codec: CodecConfig, rates: Sequence[float], folder: Path, metrics: Sequence[str]
) -> Iterator[tuple[float, Point]]:
    """Encode, decode and score a clip at each rate; files are kept in `folder`. A failure is a point too."""
    folder.mkdir(parents=True, exist_ok=True)
    medium = clip.info.medium
    groups = [rates] if rates and coded_together(codec) else [[rate] for rate in rates]
    for group in groups:
        try:
            coded = _encode(clip, codec, group, folder)
            for rate, one in zip(group, coded, strict=True):
                yield rate, _point(clip, codec, rate, one, metrics)
        except InrvError as error:
            for rate in group:
                label = rate_label(codec, rate)
                yield rate, Point(clip.info.name, codec.name, label, medium, error=str(error))


def _encode(clip: BenchClip, codec: CodecConfig, rates: Sequence[float], folder: Path) -> list[_Coded]:
    if codec.name in RECIPES:
        return _encode_invr(clip, codec, rates, folder)
    (rate,) = rates
    stem = f"{codec.name}-{rate:g}"
    if codec.name in VIDEO_CODECS:
        video = VIDEO_CODECS[codec.name]
        path = folder / (stem + video.ending)
        assert clip.frames is not None
        frames = clip.frames
        options = video.options | ({"crf": f"{rate:g}"} if video.rate == "crf" else _fixed_quantizer(rate))
        size, stage = measured(
            lambda: encode_pictures(path, frames, clip.rate, video.encoder, options, video.pix_fmt)
        )
        return [_Coded(path, size, stage)]
    if codec.name in SOUND_CODECS:
        sound = SOUND_CODECS[codec.name]
        path, samples = folder / (stem + sound.ending), clip.samples
        assert samples is not None
        bit_rate = round(1000 * rate)
        size, stage = measured(lambda: encode_sound(path, samples, clip.info.sample_rate_hz, sound.encoder, bit_rate))
        return [_Coded(path, size, stage)]
    still = STILL_CODECS[codec.name]
    path = folder / (stem + still.ending)
    assert clip.frames is not None
    picture = clip.frames[0]
    _, stage = measured(lambda: encode_still(path, picture, still.codec, rate))
    return [_Coded(path, path.stat().st_size, stage)]


def _fixed_quantizer(rate: float) -> dict[str, str]:
    """One quantizer for all frames, for codecs without a constant quality mode."""
    return {"qmin": f"{rate:g}", "qmax": f"{rate:g}"}


def _encode_invr(clip: BenchClip, codec: CodecConfig, rates: Sequence[float], folder: Path) -> list[_Coded]:
    recipe = RECIPES[codec.name]
    configs = [recipe.config(codec, rate) for rate in rates]
    paths = [folder / f"{codec.name}-{rate:g}.inrv" for rate in rates]
    variants = [(config.quant, path) for config, path in zip(configs, paths, strict=True)]
    history: list[list[float]] = []
    started = time.perf_counter()

    def report(state: EncodeProgress) -> None:
        elapsed = round(time.perf_counter() - started, 2)
        if state.unit == 0 and np.isfinite(state.fit.psnr_db):
            history.append([elapsed, state.chunk, round(state.fit.psnr_db, 3)])

    source = str(clip.source)
    _, stage = measured(lambda: encode_variants(source, variants, configs[0], clip.read, report))
    notes = [recipe.note] if recipe.note else []
    notes += [f"{configs[0].fit.steps} steps a chunk"]
    return [_described(path, stage, history, notes) for path in paths]


def _described(path: Path, stage: Stage, history: list[list[float]], notes: list[str]) -> _Coded:
    payload = macs = pixels = first = 0
    starts = []
    with path.open("rb") as file:
        for chunk in Reader(file).chunks():
            payload += sum(len(unit.payload) for unit in chunk.units)
            if chunk.video:
                starts.append(first)
                first += len(chunk.video.pts)
            pictures = [unit for unit in chunk.units if unit.spec.MEDIA & VIDEO]
            pixels += sum(unit.domain.pixels for unit in pictures)
            macs += sum(unit.macs for unit in pictures)
    per_pixel = macs / pixels if pixels else None
    return _Coded(path, payload, stage, per_pixel, starts, history, notes)


def _decode(clip: BenchClip, codec: CodecConfig, path: Path) -> _Decoded:
    if codec.name in RECIPES:
        with open_clip(path) as decoded:
            frames = [frame.values for frame in decoded.frames()]
            sound = decoded.sound()
        pictures = np.stack(frames).astype(np.uint8) if frames else None
        return _Decoded(pictures, sound.values if sound else None)
    if codec.name in VIDEO_CODECS:
        return _Decoded(read_pictures(path), None)
    if codec.name in SOUND_CODECS:
        return _Decoded(None, read_samples(path, clip.info.sample_rate_hz))
    return _Decoded(read_still(path, STILL_CODECS[codec.name].codec)[None], None)


def _point(clip: BenchClip, codec: CodecConfig, rate: float, coded: _Coded, metrics: Sequence[str]) -> Point:
    decoded, stage = measured(lambda: _decode(clip, codec, coded.path))
    info, size = clip.info, coded.path.stat().st_size
    scores: dict[str, Any] = {"metrics": {}, "frames": {}, "notes": list(coded.notes)}
    if decoded.frames is not None and clip.frames is not None:
        _add_pictures(scores, clip.frames, decoded.frames, metrics)
    if decoded.samples is not None and clip.samples is not None:
        _add_sound(scores, clip, decoded.samples, metrics)
    return Point(
        clip=info.name,
        codec=codec.name,
        rate=rate_label(codec, rate),
        medium=info.medium,
        file=f"{coded.path.parent.parent.name}/{coded.path.parent.name}/{coded.path.name}",
        file_bytes=size,
        payload_bytes=coded.payload_bytes,
        bpp=8 * size / info.pixels if info.pixels else None,
        kbps=8e-3 * size / info.duration_s if info.duration_s else 0.0,
        encode_s=coded.encode.wall_s,
        encode_cpu_s=coded.encode.cpu_s,
        encode_peak_bytes=coded.encode.peak_bytes,
        decode_s=stage.wall_s,
        decode_cpu_s=stage.cpu_s,
        decode_peak_bytes=stage.peak_bytes,
        mac_per_pixel=coded.mac_per_pixel,
        chunk_starts=coded.chunk_starts,
        history=coded.history,
        **scores,
    )


def _add_pictures(
    scores: dict[str, Any], reference: NDArray[np.uint8], decoded: NDArray[np.uint8], metrics: Sequence[str]
) -> None:
    if len(reference) != len(decoded) or reference.shape[1:3] != decoded.shape[1:3]:
        raise InputError(f"{len(decoded)} frames of {decoded.shape[1:3]} came back of {reference.shape[:3]}")
    stream = VideoStream(reference.shape[2], reference.shape[1], time_base=_TICK)
    wanted = [name for name in PICTURE_METRICS if name in metrics]
    pairs = ((one, other, 0.0) for one, other in zip(reference, decoded, strict=True))
    result = score_frames(pairs, stream, wanted)
    scores["metrics"] |= {name: round(value, 4) for name, value in result.scores.items()}
    kept = {"psnr_rgb_db": result.frames["psnr_rgb_db"]} if len(reference) > 1 else {}
    scores["frames"] |= {name: [round(value, 3) for value in values] for name, values in kept.items()}
    scores["notes"] += [f"no {name}: {reason}" for name, reason in result.missing.items()]


def _add_sound(scores: dict[str, Any], clip: BenchClip, decoded: NDArray[np.float32], metrics: Sequence[str]) -> None:
    """Scores of sound, after a codec's delay was found and undone."""
    assert clip.samples is not None
    rate = clip.info.sample_rate_hz
    one, other = Sound(clip.samples, 0), Sound(decoded, 0)
    delay = best_delay(one, other, int(LARGEST_DELAY_S * rate))
    pair = paired_samples(one, other, rate, delay)
    wanted = [name for name in SOUND_METRICS if name in metrics or (clip.config.speech and name in SPEECH_METRICS)]
    result = score_samples(*pair, rate, wanted)
    scores["metrics"] |= {name: round(value, 4) for name, value in result.scores.items()}
    scores["notes"] += [f"no {name}: {reason}" for name, reason in result.missing.items()]
    if delay:
        scores["notes"].append(f"sound moved by {delay} samples")
