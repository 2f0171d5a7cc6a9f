"""The tables of a paper, measured on a clip: each network of its chain as fitted, as integers, and packed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from inrv_format.chunk import Chunk
from inrv_format.families.base import count_weights
from inrv_format.streams import AudioStream, Stream, VideoStream
from numpy.typing import NDArray

from invr.compare.compare import score_frames, score_samples
from invr.config import EncodeConfig
from invr.decode_chunk import Fields, Frame, build_fields, decode_picture, decode_sound
from invr.device import prepare_device, translated_backend
from invr.encode_chunk import AUDIO_ID, VIDEO_ID, FittedChunk, compress_chunk, fit_chunk, teacher_config
from invr.encoder import chunk_lengths, streams_of
from invr.fit import FitProgress
from invr.joiner import SoundJoiner
from invr.media import MediaReader, ReadConfig
from invr.metrics import snr_db
from invr.signals import Signal

FLOAT, FLOAT_BYTES = "float32", 4
PICTURE_SCORES, SOUND_SCORES = ["ssim"], ["psnr_db", "lsd_db"]

Samples = NDArray[np.float32]
Say = Callable[[str, FitProgress], None]


@dataclass(frozen=True, slots=True)
class ChainConfig:
    """What is measured: the settings of a preset, and what goes beyond its paper.

    The network is fine-tuned for `finetune_steps` after all else; with `alone` it is fitted without its teacher too.
    """

    encode: EncodeConfig
    finetune_steps: int = 300
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A network in one form: its size, and the scores of what it decodes to by their names in `invr compare`.

    Two scores more: `psnr_rgb_std_db`, the deviation over frames (INVR, table 1), and `picture_sqnr_db`, the mean
    over frames of the unquantized network's frame over what quantization does to it (Chalise et al. 2025, section
    9.6). `seconds` are those of the fit; of integers those of making them (fine-tuning included), packing them and
    decoding them once; 0 where they are those of the row before.
    """

    network: str
    parameters: int
    size_bytes: int
    seconds: float
    scores: dict[str, float]


def measure_chain(source: str, config: ChainConfig, read: ReadConfig, say: Say) -> list[Row]:
    """Take a clip through a chain; one row for each form of each network, in the order of the work.

    `say` gets the name of what is fitted and how far it is.
    """
    device = prepare_device(config.encode.device, config.encode.threads)
    forms: dict[str, list[_Form]] = {}
    signals = []
    with MediaReader(source, read) as reader, translated_backend():
        streams = streams_of(reader)
        for signal in reader.chunks(chunk_lengths(reader, config.encode, read)):
            signals.append(signal)
            for form in _Chain(signal, streams, config, device, say).forms():
                forms.setdefault(form.network, []).append(form)
    return [row for each in forms.values() for row in _rows(signals, each, streams)]


@dataclass(frozen=True, slots=True)
class _Form:
    """The networks of a chunk in one form, and what they decode to.

    `sizes` are their bytes by the names of what they are written as; `exact` are the frames of the unquantized ones,
    none if these are they.
    """

    network: str
    chunk: Chunk
    sizes: dict[str, int]
    seconds: float
    frames: list[Frame]
    sound: Samples | None
    exact: list[Frame]


class _Chain:
    """The work on one chunk."""

    def __init__(
        self, signal: Signal, streams: Mapping[int, Stream], config: ChainConfig, device: str, say: Say
    ) -> None:
        self._signal, self._streams, self._config = signal, streams, config
        self._device, self._say = device, say

    def forms(self) -> Iterator[_Form]:
        """All of them, unquantized before quantized."""
        config, teacher, name = self._config.encode, None, "network"
        if config.teacher:
            teacher, exact, integers = self._network("teacher", teacher_config(config), None)
            yield from (exact, integers)
            name = "student"
        network, exact, integers = self._network(name, config, teacher)
        yield from (exact, integers)
        if self._config.finetune_steps:
            quant = replace(config.quant, finetune_steps=self._config.finetune_steps)
            yield self._integers(f"{name} fine-tuned", network, replace(config, quant=quant), exact.frames)
        if teacher and self._config.alone:
            yield self._network(f"{name} without teacher", replace(config, teacher=None), None)[1]

    def _network(
        self, name: str, config: EncodeConfig, teacher: FittedChunk | None
    ) -> tuple[FittedChunk, _Form, _Form]:
        """A network fitted: unquantized, and as integers."""
        started = time.perf_counter()
        fitted = fit_chunk(self._signal, config, self._device, self._told(name), teacher)
        seconds = time.perf_counter() - started
        integers = self._integers(name, fitted, config, [])
        # The chunk also says where the frames and samples of the unquantized networks lie.
        frames, sound = self._decoded(integers.chunk, list(fitted.fields))
        size = FLOAT_BYTES * _parameters(integers.chunk)
        exact = _Form(f"{name} {FLOAT}", integers.chunk, {FLOAT: size}, seconds, frames, sound, [])
        return fitted, exact, replace(integers, exact=frames)

    def _integers(self, name: str, fitted: FittedChunk, config: EncodeConfig, exact: list[Frame]) -> _Form:
        """The same as integers, which are read back from the payload that they are packed into."""
        started = time.perf_counter()
        chunk = compress_chunk(fitted, self._signal, self._streams, config, self._device, self._told(name)).chunk
        seconds = time.perf_counter() - started
        frames, sound = self._decoded(chunk, build_fields(chunk, self._device))
        plain = f"int{config.quant.bits}"
        sizes = {
            plain: sum(unit.raw_length for unit in chunk.units),
            f"{plain} {config.coder}": sum(len(unit.payload) for unit in chunk.units),
        }
        return _Form(f"{name} {plain}", chunk, sizes, seconds, frames, sound, exact)

    def _decoded(self, chunk: Chunk, fields: Fields) -> tuple[list[Frame], Samples | None]:
        video, audio = self._streams.get(VIDEO_ID), self._streams.get(AUDIO_ID)
        frames: list[Frame] = []
        if chunk.video and isinstance(video, VideoStream):
            positions = np.arange(len(chunk.video.pts), dtype=np.float64)
            frames += decode_picture(chunk, fields, video, positions, (video.width, video.height))
        sound = None
        if chunk.audio and isinstance(audio, AudioStream):
            sound = decode_sound(chunk, fields, audio, None)
        return frames, sound

    def _told(self, name: str) -> Callable[[int, int, FitProgress], None]:
        return lambda _unit, _units, progress: self._say(name, progress)


def _rows(signals: list[Signal], forms: list[_Form], streams: Mapping[int, Stream]) -> Iterator[Row]:
    """One row for each way in which a form of all chunks is written."""
    scores = _picture_scores(signals, forms, streams) | _sound_scores(signals, forms, streams)
    parameters = sum(_parameters(form.chunk) for form in forms)
    network = forms[0].network.rpartition(" ")[0]
    for number, written in enumerate(forms[0].sizes):
        size = sum(form.sizes[written] for form in forms)
        seconds = 0.0 if number else math.fsum(form.seconds for form in forms)
        yield Row(f"{network}, {written}", parameters, size, seconds, scores)


def _picture_scores(signals: list[Signal], forms: list[_Form], streams: Mapping[int, Stream]) -> dict[str, float]:
    video = streams.get(VIDEO_ID)
    if not isinstance(video, VideoStream):
        return {}
    source = [frame for signal in signals if signal.video for frame in signal.video.values]
    decoded = [frame for form in forms for frame in form.frames]
    pairs = ((one, other, 0.0) for one, other in zip(source, decoded, strict=True))
    found = score_frames(pairs, video, PICTURE_SCORES)
    scores = found.scores | {"psnr_rgb_std_db": float(np.std(found.frames["psnr_rgb_db"]))}
    exact = [frame for form in forms for frame in form.exact]
    if exact:
        ratios = [snr_db(a.astype(np.float32), b.astype(np.float32)) for a, b in zip(exact, decoded, strict=True)]
        scores["picture_sqnr_db"] = math.fsum(ratios) / len(ratios)
    return scores


def _sound_scores(signals: list[Signal], forms: list[_Form], streams: Mapping[int, Stream]) -> dict[str, float]:
    audio = streams.get(AUDIO_ID)
    if not isinstance(audio, AudioStream):
        return {}
    source = [(form.chunk, signal.audio.values) for signal, form in zip(signals, forms, strict=True) if signal.audio]
    decoded = [(form.chunk, form.sound) for form in forms if form.sound is not None]
    rate = audio.sample_rate_hz
    return score_samples(_joined(source, rate), _joined(decoded, rate), rate, SOUND_SCORES).scores


def _joined(parts: list[tuple[Chunk, Samples]], rate: int) -> Samples:
    """The sound of all chunks, as a decoder joins it."""
    joiner = SoundJoiner(rate)
    blocks = [values for part in parts for values, _ in joiner.push(*part)]
    return np.concatenate([*blocks, *(values for values, _ in joiner.flush())])


def _parameters(chunk: Chunk) -> int:
    return sum(count_weights(unit.spec.tensor_shapes(unit.domain)) for unit in chunk.units)


# Heading, and the cell of a row.
COLUMNS: dict[str, Callable[[Row], str]] = {
    "network": lambda row: row.network,
    "parameters": lambda row: f"{row.parameters:,}",
    "MiB": lambda row: f"{row.size_bytes / (1 << 20):.3f}",
    "PSNR dB": lambda row: _score(row, "psnr_rgb_db", ".2f"),
    "±": lambda row: _score(row, "psnr_rgb_std_db", ".2f"),
    "SSIM": lambda row: _score(row, "ssim", ".4f"),
    "SQNR dB": lambda row: _score(row, "picture_sqnr_db", ".2f"),
    "sound PSNR dB": lambda row: _score(row, "psnr_db", ".2f"),
    "LSD dB": lambda row: _score(row, "lsd_db", ".2f"),
    "s": lambda row: f"{row.seconds:.1f}" if row.seconds else "",
}


def chain_table(rows: list[Row]) -> str:
    """The rows in Markdown, without the columns that no row has a number for."""
    columns = {title: cell for title, cell in COLUMNS.items() if any(cell(row) for row in rows)}
    lines = [
        " | ".join(columns),
        " | ".join("---" if title == "network" else "---:" for title in columns),
        *(" | ".join(cell(row) for cell in columns.values()) for row in rows),
    ]
    return "".join(f"| {line} |\n" for line in lines)


def _score(row: Row, name: str, form: str) -> str:
    return f"{row.scores[name]:{form}}" if name in row.scores else ""
