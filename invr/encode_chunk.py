"""Encode one chunk: a pure function from a signal to the bytes of its box, so that any worker can do it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from inrv_format.chunk import AudioSpan, Chunk, TileGrid, VideoSpan, build_chunk, parse_chunk
from inrv_format.entropy import coder_id_by_name
from inrv_format.errors import BackendError
from inrv_format.families import LappedSpec
from inrv_format.families.base import count_weights
from inrv_format.streams import AUDIO, AudioStream, Stream, VideoStream
from inrv_format.tensors import Symbols
from inrv_format.unit import Unit, compress_unit
from numpy.typing import NDArray

from invr.config import REFERENCE_LMBDA, EncodeConfig
from invr.decode_chunk import Fields, build_fields, decode_heads, decode_picture
from invr.denoise import denoise, join_heads
from invr.encode_sound import is_silence, lapped_spec, normalised, packet_unit, scaled_sound, silenced, solved
from invr.fields import Field, build_field
from invr.fields.audio_siren import AudioSiren, dominant_cycles
from invr.fields.lapped import Lapped
from invr.fit import (
    DistilledObjective,
    FitProgress,
    PairedObjective,
    PictureObjective,
    PointObjective,
    SoundObjective,
    UnitPlan,
    choose_tiles,
    finetune,
    fit,
    plan_units,
    refit,
)
from invr.fit.demand import wanted_sound_density, wanted_weights
from invr.fit.objectives import Objective
from invr.metrics import frame_psnr_db, mean_psnr_db, snr_db
from invr.quant import order_units, quantize
from invr.signals import AudioSignal, Signal, VideoSignal

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
    steps: tuple[dict[str, float] | None, ...]
    tiles: TileGrid


def encode_chunk(
    signal: Signal, streams: Mapping[int, Stream], config: EncodeConfig, device: str, report: UnitReport
) -> EncodedChunk:
    """Fit, quantize and compress every network of one chunk; `report` gets (unit, units, progress)."""
    return compress_chunk(fit_chunk(signal, config, device, report), signal, streams, config, device, report)


def fit_chunk(
    signal: Signal, config: EncodeConfig, device: str, report: UnitReport, teacher: FittedChunk | None = None
) -> FittedChunk:
    """Fit every network of one chunk; where the config has a teacher, distil them from it.

    `teacher` are its networks if they are there already, else they are fitted first. `report` counts every network
    as often as it is worked on: as a teacher, as one that is written, and again when it is fine-tuned.
    """
    started = time.monotonic()
    tiles = _tiles(signal, config)
    config = replace(config, tiles=tiles)
    plans = _plans(signal, config)
    before, units = _count(signal, config, len(plans))
    if config.teacher and teacher is None:
        teaching = teacher_config(config)
        teacher = fit_chunk(signal, teaching, device, lambda unit, _, progress: report(unit, units, progress))
    fitted = []
    for number, plan in enumerate(plans):
        told = partial(report, before + number, units)
        limited = _limited(config, plans[number:], started)
        fitted.append(_fit_unit(plan, signal, limited, _seed(config, signal, number), device, told, teacher))
    fields, steps = zip(*fitted, strict=True) if fitted else ((), ())
    return FittedChunk(tuple(plans), fields, steps, tiles)


def refit_chunk(
    fitted: FittedChunk, signal: Signal, config: EncodeConfig, device: str, report: UnitReport, coarser: float = 1.0
) -> FittedChunk:
    """The networks of a chunk fitted on at another `config.fit.lmbda`, from steps `coarser` times as large.

    The networks keep their sizes; `fitted`, which must be of a fit with rate, is left as it is.
    """
    started = time.monotonic()
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
        objective = _objective(plan, signal, sound, config, device)
        limited = _limited(config, fitted.plans[number:], started)
        found = refit(field, first, objective, limited.fit, _seed(config, signal, number), told)
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
    chunk = _with_quality(_assemble(signal, config, units), signal, streams, device)
    content = build_chunk(chunk)
    readable = parse_chunk(content, streams)
    if config.verify:
        _verify(readable, signal, streams, device)
    return EncodedChunk(content, readable)


def planned(signal: Signal, config: EncodeConfig) -> tuple[UnitPlan, ...]:
    """The networks that `fit_chunk` would fit."""
    return tuple(_plans(signal, replace(config, tiles=_tiles(signal, config))))


def _limited(config: EncodeConfig, plans: Sequence[UnitPlan], started: float) -> EncodeConfig:
    """The settings for the first of the plans that are left, by its share of their weights and of the time left."""
    if config.fit.limit_s is None:
        return config
    weights = [_fitted_weights(plan) for plan in plans]
    if not weights[0]:
        return config
    left_s = max(config.fit.limit_s - (time.monotonic() - started), 0.1 * config.fit.limit_s)
    return replace(config, fit=replace(config.fit, limit_s=left_s * weights[0] / sum(weights)))


def _fitted_weights(plan: UnitPlan) -> int:
    """How many weights are found by steps."""
    return 0 if isinstance(plan.spec, LappedSpec) else count_weights(plan.spec.tensor_shapes(plan.domain))


def _fit_unit(
    plan: UnitPlan,
    signal: Signal,
    config: EncodeConfig,
    seed: int,
    device: str,
    report: Callable[[FitProgress], None],
    teacher: FittedChunk | None,
) -> tuple[Field, dict[str, float] | None]:
    """A field fitted to the part of the signal that the plan covers, and its learned steps."""
    generator = torch.Generator().manual_seed(seed)
    field = build_field(plan.spec, plan.domain)
    field.initialise(generator)
    if isinstance(field, Lapped):
        return field, solved(field, signal, config, report)
    sound, gain = normalised(signal.audio) if plan.spec.MEDIA & AUDIO else (None, 1.0)
    if is_silence(plan, gain):
        return silenced(field), dict.fromkeys(dict(field.named_tensors()), 1.0) if config.fit.lmbda else None
    if isinstance(field, AudioSiren) and sound is not None and not field.spec.octaves:
        field.start_at(dominant_cycles(torch.from_numpy(sound), field.spec.first, generator), generator)
    field.to(device)
    source = _objective(plan, signal, sound, config, device)
    objective: Objective = source
    if config.teacher and teacher:
        objective = DistilledObjective(source, _teacher_of(plan, teacher, gain), config.teacher.alpha)
    steps = fit(field, objective, config.fit, seed, report)
    order_units(field)
    scaled = scaled_sound(field, steps or {}, gain)
    return field, scaled if steps else None


def _teacher_of(plan: UnitPlan, teacher: FittedChunk, gain: float) -> Field:
    """A copy of the network that covers the plan's media and tile, its sound scaled as that of the fit is."""
    media = plan.spec.MEDIA
    known = zip(teacher.plans, teacher.fields, strict=True)
    field = deepcopy(next(it for each, it in known if each.spec.MEDIA & media == media and each.tile == plan.tile))
    for name in field.sound_outputs():
        field[name].detach().div_(gain or 1.0)
    return field


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
    objective = _objective(plan, signal, sound, config, device)
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
        parts = (_tile(video, tiles, tile) for tile in range(tiles.columns * tiles.rows))
        wanted = [_wanted(part, video, config) for part in parts]
    return plan_units(
        video.values.shape if video else None,
        audio.values.shape if audio else None,
        tiles,
        model,
        wanted,
        lapped,
    )


def _tile(video: VideoSignal, tiles: TileGrid, tile: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """The tile's part [T, H, W, C] of the picture."""
    (top, bottom), (left, right) = tiles.tile(tile, *video.values.shape[1:3])
    return video.values[:, top:bottom, left:right]


def _count(signal: Signal, config: EncodeConfig, written: int) -> tuple[int, int]:
    """How many networks come before those that are written, and how many there are with those and their tuning."""
    before = len(_plans(signal, teacher_config(config))) if config.teacher else 0
    return before, before + written * (2 if config.quant.finetune_steps else 1)


def _seed(config: EncodeConfig, signal: Signal, number: int) -> int:
    """Of all that is drawn for one network."""
    return int(np.random.SeedSequence([config.seed, signal.index, number]).generate_state(1)[0])


def _objective(
    plan: UnitPlan, signal: Signal, sound: NDArray[np.float32] | None, config: EncodeConfig, device: str
) -> PointObjective:
    video = signal.video
    if plan.spec.MEDIA == AUDIO:
        assert sound is not None
        return SoundObjective(sound, config.fit, device)
    assert video is not None
    if sound is not None:
        return PairedObjective(video.values, video.bit_depth, sound, config.fit, device)
    return PictureObjective(_tile(video, config.tiles or TileGrid(), plan.tile), video.bit_depth, config.fit, device)


def _assemble(signal: Signal, config: EncodeConfig, units: list[Unit]) -> Chunk:
    video, audio = signal.video, signal.audio
    video_span = audio_span = None
    if video:
        pts = tuple(int(pts) for pts in video.pts)
        video_span = VideoSpan(VIDEO_ID, video.first_frame, pts, video.last_duration, config.tiles or TileGrid())
    if audio:
        audio_span = AudioSpan(AUDIO_ID, audio.first_sample, len(audio), audio.pts, audio.overlap)
    return Chunk(signal.index, video_span, audio_span, tuple(units))


def _with_quality(chunk: Chunk, signal: Signal, streams: Mapping[int, Stream], device: str) -> Chunk:
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
    decoded = _with_quality(written, signal, streams, device)
    pairs = []
    if written.video and decoded.video:
        pairs.append((written.video.psnr_db, decoded.video.psnr_db))
    if written.audio and decoded.audio:
        pairs.append((written.audio.snr_db, decoded.audio.snr_db))
    for stated, measured in pairs:
        if not math.isclose(stated, measured, abs_tol=VERIFY_TOLERANCE_DB):
            raise BackendError(f"chunk {written.index} decodes to {measured:.2f} dB, {stated:.2f} dB was measured")
