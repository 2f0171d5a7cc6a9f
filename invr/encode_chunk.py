"""Encode one chunk: a pure function from a signal to the bytes of its box, so that any worker can do it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from inrv_format.chunk import AudioSpan, Chunk, TileGrid, VideoSpan, build_chunk, parse_chunk
from inrv_format.entropy import coder_id_by_name
from inrv_format.errors import BackendError
from inrv_format.streams import AUDIO, AudioStream, Stream, VideoStream
from inrv_format.tensors import Symbols
from inrv_format.unit import Unit, compress_unit
from numpy.typing import NDArray

from invr.config import REFERENCE_LMBDA, EncodeConfig
from invr.decode_chunk import Fields, build_fields, decode_heads, decode_picture
from invr.denoise import denoise, join_heads
from invr.encode_sound import is_silence, lapped_spec, normalised, packet_unit, scaled_sound, solved
from invr.fields import Field
from invr.fields.lapped import Lapped
from invr.fit import FitProgress, UnitPlan, choose_tiles, finetune, plan_units, refit
from invr.fit.demand import wanted_sound_density, wanted_weights
from invr.fit_unit import (
    Steps,
    UnitFit,
    as_one,
    fit_unit,
    fit_units,
    fits_together,
    fitting_threads,
    objective_of,
    part_of,
    side_by_side,
    tile_values,
    weights_to_fit,
)
from invr.metrics import frame_psnr_db, mean_psnr_db, snr_db
from invr.quant import order_units, quantize
from invr.signals import AudioSignal, Signal, VideoSignal
from invr.workers import Workers

VIDEO_ID, AUDIO_ID = 0, 1
VERIFY_TOLERANCE_DB = 0.01

UnitReport = Callable[[int, int, FitProgress], None]


@dataclass(frozen=True, slots=True)
class EncodedChunk:
    """A chunk as written: `content` of its box and the parsed `chunk` with the quality that its bytes decode to."""

    content: bytes
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class FittedChunk:
    """The networks of a chunk after the fit, before quantization: what is fitted where, the fields, the learned
    quantization steps of each (None without rate in the fit), and how the picture is cut.
    """

    plans: tuple[UnitPlan, ...]
    fields: tuple[Field, ...]
    steps: tuple[Steps, ...]
    tiles: TileGrid


def encode_chunk(
    signal: Signal,
    streams: Mapping[int, Stream],
    config: EncodeConfig,
    device: str,
    report: UnitReport,
    workers: Workers | None = None,
) -> EncodedChunk:
    """Fit, quantize and compress every network of one chunk; `report` gets (unit, units, progress)."""
    fitted = fit_chunk(signal, config, device, report, workers=workers)
    return compress_chunk(fitted, signal, streams, config, device, report)


def fit_chunk(
    signal: Signal,
    config: EncodeConfig,
    device: str,
    report: UnitReport,
    teacher: FittedChunk | None = None,
    workers: Workers | None = None,
) -> FittedChunk:
    """Fit every network of one chunk; where the config has a teacher, distil them from it.

    `teacher` are its networks if they are there already, else they are fitted first. `report` counts every network
    as often as it is worked on: as a teacher, as one that is written, and again when it is fine-tuned. Networks that
    have no teacher are fitted side by side on `workers`, to the same weights, or in batches (`config.fit.batch`).
    """
    parts = units_of(signal, config, device)
    plans = [part.plan for part in parts]
    before, units = _count(signal, config, len(plans))
    if config.teacher and teacher is None:
        teaching = teacher_config(config)
        teacher = fit_chunk(signal, teaching, device, lambda unit, _, progress: report(unit, units, progress))
    if fits_together(config, device) and parts:
        found = fit_units(parts, as_one(parts, report, units))
    elif workers and workers.count > 1 and not teacher and sum(1 for plan in plans if weights_to_fit(plan)) > 1:
        found = side_by_side(parts, workers, report, units)
    else:
        found = _one_by_one(parts, teacher, lambda number, progress: report(before + number, units, progress))
    return fitted_chunk(parts, found)


def units_of(signal: Signal, config: EncodeConfig, device: str) -> list[UnitFit]:
    """The networks of a chunk, each with what it is fitted to."""
    tiles = _tiles(signal, config)
    config = replace(config, tiles=tiles)
    return [
        UnitFit(plan, part_of(signal, plan, tiles), config, _seed(config, signal, number), device)
        for number, plan in enumerate(_plans(signal, config))
    ]


def fitted_chunk(parts: Sequence[UnitFit], found: Sequence[tuple[Field, Steps]]) -> FittedChunk:
    """The chunk of these networks, fitted."""
    fields, steps = zip(*found, strict=True) if found else ((), ())
    tiles = parts[0].config.tiles if parts else None
    return FittedChunk(tuple(part.plan for part in parts), fields, steps, tiles or TileGrid())


def _one_by_one(
    parts: Sequence[UnitFit], teacher: FittedChunk | None, report: Callable[[int, FitProgress], None]
) -> list[tuple[Field, Steps]]:
    """Fit one network after the other; time that is limited is shared by their weights."""
    started, limit_s = time.monotonic(), parts[0].config.fit.limit_s if parts else None
    found = []
    for number, part in enumerate(parts):
        left_s = limit_s and max(limit_s - (time.monotonic() - started), 0.1 * limit_s)
        limited = part.limited(left_s, [each.plan for each in parts[number:]])
        found.append(fit_unit(limited, partial(report, number), teacher))
    return found


def refit_chunk(
    fitted: FittedChunk, signal: Signal, config: EncodeConfig, device: str, report: UnitReport, coarser: float = 1.0
) -> FittedChunk:
    """The networks of a chunk fitted on at another `config.fit.lmbda`, from steps `coarser` times as large.

    The networks keep their sizes; `fitted`, which must be of a fit with rate, is left as it is.
    """
    started, limit_s = time.monotonic(), config.fit.limit_s
    config = replace(config, tiles=fitted.tiles)
    fields: list[Field] = []
    steps: list[dict[str, float] | None] = []
    for number, (plan, field, known) in enumerate(zip(fitted.plans, fitted.fields, fitted.steps, strict=True)):
        field, told = deepcopy(field), partial(report, number, len(fitted.plans))
        if isinstance(field, Lapped):
            steps.append(solved(field, signal, config, told))
            fields.append(field)
            continue
        sound, gain = normalised(signal.audio) if plan.spec.MEDIA & AUDIO else (None, 1.0)
        if is_silence(plan, gain):
            fields.append(field)
            steps.append(known)
            continue
        assert known is not None
        first = scaled_sound(field, {name: coarser * step for name, step in known.items()}, 1 / (gain or 1.0))
        unit = UnitFit(plan, part_of(signal, plan, fitted.tiles), config, _seed(config, signal, number), device)
        left_s = limit_s and max(limit_s - (time.monotonic() - started), 0.1 * limit_s)
        limited = unit.limited(left_s, fitted.plans[number:]).config.fit
        with fitting_threads(plan):
            objective = objective_of(plan, unit.part, sound, config, device)
            found = refit(field, first, objective, limited, unit.seed, told)
        order_units(field)
        steps.append(scaled_sound(field, found, gain))
        fields.append(field)
    return FittedChunk(fitted.plans, tuple(fields), tuple(steps), fitted.tiles)


def teacher_config(config: EncodeConfig) -> EncodeConfig:
    """The settings of an encode that would write the teacher."""
    assert config.teacher is not None
    return replace(config, model=config.teacher.model, fit=config.teacher.fit, teacher=None)


def compress_chunk(
    fitted: FittedChunk,
    signal: Signal,
    streams: Mapping[int, Stream],
    config: EncodeConfig,
    device: str,
    report: UnitReport,
) -> EncodedChunk:
    """Quantize and compress fitted networks, as `config.quant` and `config.coder` say.

    What is returned was parsed from the bytes, so no chunk is written that a reader would refuse.
    """
    config = replace(config, tiles=fitted.tiles)
    coder = coder_id_by_name(config.coder)
    before, total = _count(signal, config, len(fitted.plans))
    units = []
    for number, plan in enumerate(fitted.plans):
        told = partial(report, before + len(fitted.plans) + number, total)
        symbols = _symbols(fitted, number, signal, config, device, told)
        units.append(compress_unit(plan.spec, plan.domain, plan.tile, symbols, coder))
    if signal.audio and config.audio != "inr":
        units.append(packet_unit(signal.audio, streams, config))
    chunk = with_quality(_assemble(signal, config, units), signal, streams, device)
    content = build_chunk(chunk)
    readable = parse_chunk(content, streams)
    if config.verify:
        _verify(readable, signal, streams, device)
    return EncodedChunk(content, readable)


def planned(signal: Signal, config: EncodeConfig) -> tuple[UnitPlan, ...]:
    """The networks that `fit_chunk` would fit."""
    return tuple(_plans(signal, replace(config, tiles=_tiles(signal, config))))


def _symbols(
    fitted: FittedChunk,
    number: int,
    signal: Signal,
    config: EncodeConfig,
    device: str,
    report: Callable[[FitProgress], None],
) -> Symbols:
    """The integers of one network, fine-tuned where the config says so."""
    plan, field = fitted.plans[number], fitted.fields[number]
    symbols = quantize(field, config.quant, fitted.steps[number])
    if not config.quant.finetune_steps or isinstance(field, Lapped):
        return symbols
    sound = None
    if plan.spec.MEDIA & AUDIO:
        assert signal.audio is not None
        sound, gain = signal.audio.values, normalised(signal.audio)[1]
        # The field has the source's own amplitudes by now; its errors count as they did for the scaled ones.
        weight = config.fit.sound_weight / (gain or 1.0) ** 2
        config = replace(config, fit=replace(config.fit, sound_weight=weight))
    objective = objective_of(plan, part_of(signal, plan, fitted.tiles), sound, config, device)
    with fitting_threads(plan):
        return finetune(field, symbols, objective, config.quant.finetune_steps, _seed(config, signal, number), report)


def _tiles(signal: Signal, config: EncodeConfig) -> TileGrid:
    """The grid that was asked for, or that the picture asks for, its overlap cut to what fits."""
    video, model, tiles = signal.video, config.model, config.tiles
    if video is None:
        return TileGrid()
    height, width = video.values.shape[1:3]
    if tiles is None:
        taught = config.teacher and config.teacher.model.unified
        if model.unified or model.picture_shape or taught:
            return TileGrid()
        density = model.weights_per_sample
        wanted = density * video.values[..., 0].size if density else _wanted(video.values, video, config)
        tiles = choose_tiles(wanted, height, width)
    return replace(tiles, overlap=min(tiles.overlap, height // tiles.rows, width // tiles.columns))


def _wanted(values: NDArray[np.integer], video: VideoSignal, config: EncodeConfig) -> float:
    return wanted_weights(values, video.bit_depth, config.fit.lmbda or REFERENCE_LMBDA)


def _plans(signal: Signal, config: EncodeConfig) -> list[UnitPlan]:
    video, model, tiles = signal.video, config.model, config.tiles or TileGrid()
    wanted = []
    lapped = None
    audio = signal.audio if config.audio == "inr" else None
    if audio and model.sound == "lapped" and not (model.unified and video):
        lapped = lapped_spec(audio, config)
    elif model.sound_weights_per_sample is None:
        model = replace(model, sound_weights_per_sample=wanted_sound_density(config.fit.lmbda or REFERENCE_LMBDA))
    if video and not (model.weights_per_sample or model.picture_shape or model.unified):
        parts = (tile_values(video.values, tiles, tile) for tile in range(tiles.columns * tiles.rows))
        wanted = [_wanted(part, video, config) for part in parts]
    return plan_units(
        video.values.shape if video else None,
        audio.values.shape if audio else None,
        tiles,
        model,
        wanted,
        lapped,
    )


def _count(signal: Signal, config: EncodeConfig, written: int) -> tuple[int, int]:
    """How many networks come before those that are written, and how many there are with those and their tuning."""
    before = len(_plans(signal, teacher_config(config))) if config.teacher else 0
    return before, before + written * (2 if config.quant.finetune_steps else 1)


def _seed(config: EncodeConfig, signal: Signal, number: int) -> int:
    """Of all that is drawn for one network."""
    return int(np.random.SeedSequence([config.seed, signal.index, number]).generate_state(1)[0])


def _assemble(signal: Signal, config: EncodeConfig, units: list[Unit]) -> Chunk:
    video, audio = signal.video, signal.audio
    video_span = audio_span = None
    if video:
        pts = tuple(int(pts) for pts in video.pts)
        video_span = VideoSpan(VIDEO_ID, video.first_frame, pts, video.last_duration, config.tiles or TileGrid())
    if audio:
        audio_span = AudioSpan(AUDIO_ID, audio.first_sample, len(audio), audio.pts, audio.overlap)
    return Chunk(signal.index, video_span, audio_span, tuple(units))


def with_quality(chunk: Chunk, signal: Signal, streams: Mapping[int, Stream], device: str) -> Chunk:
    """The chunk with the quality of what its compressed integers decode to, and whether denoising helps."""
    fields = build_fields(chunk, device)
    video, audio = chunk.video, chunk.audio
    if video and signal.video:
        video = replace(video, psnr_db=_picture_quality(chunk, fields, signal.video, streams))
    if audio and signal.audio:
        plain, gated = _sound_quality(chunk, fields, signal.audio, streams)
        audio = replace(audio, denoise=gated > plain, snr_db=max(plain, gated))
    return replace(chunk, video=video, audio=audio)


def _picture_quality(chunk: Chunk, fields: Fields, video: VideoSignal, streams: Mapping[int, Stream]) -> float:
    stream = streams[VIDEO_ID]
    assert isinstance(stream, VideoStream)
    positions = np.arange(len(video), dtype=np.float64)
    decoded = decode_picture(chunk, fields, stream, positions, (stream.width, stream.height))
    pairs = zip(video.values, decoded, strict=True)
    return mean_psnr_db([frame_psnr_db(source, frame, stream.bit_depth) for source, frame in pairs])


def _sound_quality(
    chunk: Chunk, fields: Fields, audio: AudioSignal, streams: Mapping[int, Stream]
) -> tuple[float, float]:
    """SNR of the decoded sound, plain and denoised."""
    stream = streams[AUDIO_ID]
    assert isinstance(stream, AudioStream)
    heads = decode_heads(chunk, fields, stream)
    plain, gated = join_heads(heads), denoise(heads, stream.sample_rate_hz)
    return snr_db(audio.values, plain), snr_db(audio.values, gated)


def _verify(written: Chunk, signal: Signal, streams: Mapping[int, Stream], device: str) -> None:
    """Decode what was parsed from the bytes, and compare with the quality that they state."""
    decoded = with_quality(written, signal, streams, device)
    pairs = []
    if written.video and decoded.video:
        pairs.append((written.video.psnr_db, decoded.video.psnr_db))
    if written.audio and decoded.audio:
        pairs.append((written.audio.snr_db, decoded.audio.snr_db))
    for stated, measured in pairs:
        if not math.isclose(stated, measured, abs_tol=VERIFY_TOLERANCE_DB):
            raise BackendError(f"chunk {written.index} decodes to {measured:.2f} dB, {stated:.2f} dB was measured")
