"""`CHNK` boxes: a span of time that decodes alone (`spec/inrv.md` section 6)."""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from inrv_format.errors import InvalidDataError, LimitError
from inrv_format.families import CodedSpec, Domain
from inrv_format.families.base import count_weights
from inrv_format.limits import DEFAULT_LIMITS, Limits
from inrv_format.schema import AUDIO_SPAN, CHUNK_HEADER, VIDEO_SPAN, Cursor
from inrv_format.streams import AUDIO, VIDEO, AudioStream, Stream, VideoStream
from inrv_format.unit import Unit, build_unit, parse_unit

CONSTANT_STEP, EXPLICIT_PTS = 0, 1
DENOISE = 1
MAX_TICKS = 1 << 62
UNKNOWN_QUALITY = b"\0\0\xc0\x7f"
SECTION = "6"


@dataclass(frozen=True, slots=True)
class TileGrid:
    """A chunk's picture cut into `columns` x `rows` tiles that share `overlap` pixels with their neighbours."""

    columns: int = 1
    rows: int = 1
    overlap: int = 0

    def spans(self, size: int, count: int) -> list[tuple[int, int]]:
        """[start, end) of each tile along an axis of `size` pixels: equal cells, widened by half the overlap."""
        cells = [(i * size // count, (i + 1) * size // count) for i in range(count)]
        before, after = self.overlap // 2, self.overlap - self.overlap // 2
        return [(max(0, start - before), min(size, end + after)) for start, end in cells]

    def tile(self, index: int, height: int, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Rows and columns, each [start, end), of the tile with this row-major index."""
        row, column = divmod(index, self.columns)
        return self.spans(height, self.rows)[row], self.spans(width, self.columns)[column]


@dataclass(frozen=True, slots=True)
class VideoSpan:
    """The frames of one chunk: `pts` strictly increasing in the stream's time base; `psnr_db` as decoded."""

    stream: int
    first_frame: int
    pts: tuple[int, ...]
    last_duration: int
    tiles: TileGrid = TileGrid()
    psnr_db: float = math.nan

    @property
    def end_pts(self) -> int:
        """When the last frame ends."""
        return self.pts[-1] + self.last_duration


@dataclass(frozen=True, slots=True)
class AudioSpan:
    """The samples of one chunk; the first `overlap` of them are cross-faded with the end of the chunk before.

    `pts` is the time of the first sample in samples; `denoise` says that the encoder measured a gain from spectral
    gating; `snr_db` is of the decoded sound.
    """

    stream: int
    first_sample: int
    sample_count: int
    pts: int
    overlap: int = 0
    denoise: bool = False
    snr_db: float = math.nan


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of time with everything that is needed to decode it."""

    index: int
    video: VideoSpan | None
    audio: AudioSpan | None
    units: tuple[Unit, ...]

    @property
    def macs(self) -> int:
        """Multiply-adds to decode the chunk at its stored size."""
        return sum(unit.macs for unit in self.units)


def build_chunk(chunk: Chunk) -> bytes:
    """Content of the chunk's box."""
    contents = (VIDEO if chunk.video else 0) | (AUDIO if chunk.audio else 0)
    header = {"index": chunk.index, "contents": contents, "reserved": 0, "unit_count": len(chunk.units)}
    parts = [CHUNK_HEADER.build(header)]
    if chunk.video:
        parts.append(_build_video_span(chunk.video))
    if chunk.audio:
        parts.append(_build_audio_span(chunk.audio))
    parts += [build_unit(unit) for unit in chunk.units]
    return b"".join(parts)


def parse_chunk(
    content: bytes, streams: Mapping[int, Stream], *, offset: int = 0, limits: Limits = DEFAULT_LIMITS
) -> Chunk:
    """Check and parse the content of a `CHNK` box; nothing is decompressed yet."""
    cursor = Cursor(content, base=offset, section=SECTION)
    header = cursor.fields(CHUNK_HEADER)
    if header["reserved"] or not 0 < header["contents"] <= VIDEO | AUDIO:
        raise cursor.fail("chunk header has reserved bits set or no media")
    if header["unit_count"] > limits.units_per_chunk:
        raise LimitError(
            f"chunk of {header['unit_count']} units", limit="units_per_chunk", offset=offset, section="9"
        )
    video = _parse_video_span(cursor, streams, limits) if header["contents"] & VIDEO else None
    audio = _parse_audio_span(cursor, streams, limits) if header["contents"] & AUDIO else None

    def domain_of(media: int, tile: int) -> Domain:
        return unit_domain(media, tile, streams, video, audio)

    units = tuple(parse_unit(cursor, domain_of, limits) for _ in range(header["unit_count"]))
    cursor.finish()
    _check_units(video, audio, units, cursor)
    _check_packets(audio, units, streams, limits)
    weights = sum(count_weights(list(unit.spec.tensor_shapes(unit.domain))) for unit in units)
    if weights > limits.weights_per_chunk:
        raise LimitError(
            f"chunk of {weights} weights, the limit is {limits.weights_per_chunk}",
            limit="weights_per_chunk",
            section="9",
        )
    chunk = Chunk(header["index"], video, audio, units)
    if chunk.macs > limits.macs_per_chunk:
        raise LimitError(
            f"decoding chunk {chunk.index} takes {chunk.macs:.1e} multiply-adds, the limit is "
            f"{limits.macs_per_chunk:.1e}",
            limit="macs_per_chunk",
            offset=offset,
            section="9",
        )
    return chunk


def storable_quality(quality_db: float) -> float:
    """The same number, or the one NaN that stands for unknown in a file."""
    return math.nan if math.isnan(quality_db) else quality_db


def _check_quality(cursor: Cursor) -> None:
    """The four bytes just read, a span's last field, are a number or that NaN."""
    stored = bytes(cursor.data[cursor.position - 4 : cursor.position])
    (quality_db,) = struct.unpack("<f", stored)
    if math.isnan(quality_db) and stored != UNKNOWN_QUALITY:
        raise cursor.fail(f"a quality of {stored.hex()} is neither a number nor unknown")


def _build_video_span(span: VideoSpan) -> bytes:
    deltas = [b - a for a, b in itertools.pairwise(span.pts)]
    constant = len(set(deltas)) <= 1
    fields = {
        "stream": span.stream,
        "pts_mode": CONSTANT_STEP if constant else EXPLICIT_PTS,
        "first_frame": span.first_frame,
        "frame_count": len(span.pts),
        "first_pts": span.pts[0],
        "pts_step": (deltas[0] if deltas else span.last_duration) if constant else 0,
        "last_duration": span.last_duration,
        "tile_columns": span.tiles.columns,
        "tile_rows": span.tiles.rows,
        "tile_overlap": span.tiles.overlap,
        "psnr_db": storable_quality(span.psnr_db),
    }
    explicit = b"" if constant else b"".join(delta.to_bytes(4, "little") for delta in deltas)
    built: bytes = VIDEO_SPAN.build(fields)
    return built + explicit


def _parse_video_span(cursor: Cursor, streams: Mapping[int, Stream], limits: Limits) -> VideoSpan:
    fields = cursor.fields(VIDEO_SPAN)
    _check_quality(cursor)
    stream = streams.get(fields["stream"])
    if not isinstance(stream, VideoStream):
        raise cursor.fail(f"chunk refers to stream {fields['stream']}, which is no picture stream")
    count, start = fields["frame_count"], fields["first_pts"]
    if not count:
        raise cursor.fail("a picture span without frames")
    if count > limits.frames_per_chunk:
        raise LimitError(
            f"chunk of {count} frames, the limit is {limits.frames_per_chunk}", limit="frames_per_chunk", section="9"
        )
    if count * stream.width * stream.height * stream.components > limits.values_per_chunk:
        raise LimitError(
            f"chunk of {count} frames of {stream.width}x{stream.height}", limit="values_per_chunk", section="9"
        )
    if fields["pts_mode"] == CONSTANT_STEP:
        step = fields["pts_step"]
        if not step:
            raise cursor.fail("pts step is zero")
        pts = tuple(range(start, start + count * step, step))
    elif fields["pts_mode"] == EXPLICIT_PTS:
        raw = cursor.take(4 * (count - 1))
        deltas = [int.from_bytes(raw[i : i + 4], "little") for i in range(0, len(raw), 4)]
        if 0 in deltas or fields["pts_step"]:
            raise cursor.fail("two frames have the same pts")
        pts = tuple(itertools.accumulate(deltas, initial=start))
    else:
        raise cursor.fail(f"pts mode {fields['pts_mode']} is not 0 or 1")
    ends = (pts[-1] + fields["last_duration"], fields["first_frame"] + count)
    if max(-pts[0], *ends) > MAX_TICKS or not fields["last_duration"]:
        raise cursor.fail("times are out of range")
    tiles = TileGrid(fields["tile_columns"], fields["tile_rows"], fields["tile_overlap"])
    _check_tiles(tiles, stream, cursor)
    return VideoSpan(fields["stream"], fields["first_frame"], pts, fields["last_duration"], tiles, fields["psnr_db"])


def _check_tiles(tiles: TileGrid, stream: VideoStream, cursor: Cursor) -> None:
    for count, size in ((tiles.columns, stream.width), (tiles.rows, stream.height)):
        if not 0 < count <= size:
            raise cursor.fail(f"{tiles.columns}x{tiles.rows} tiles do not fit the picture")
        if tiles.overlap > size // count:
            raise cursor.fail(f"a tile overlap of {tiles.overlap} pixels is more than a tile")


def _build_audio_span(span: AudioSpan) -> bytes:
    fields = {
        "stream": span.stream,
        "flags": DENOISE if span.denoise else 0,
        "first_sample": span.first_sample,
        "sample_count": span.sample_count,
        "pts": span.pts,
        "overlap": span.overlap,
        "snr_db": storable_quality(span.snr_db),
    }
    built: bytes = AUDIO_SPAN.build(fields)
    return built


def _parse_audio_span(cursor: Cursor, streams: Mapping[int, Stream], limits: Limits) -> AudioSpan:
    fields = cursor.fields(AUDIO_SPAN)
    _check_quality(cursor)
    stream = streams.get(fields["stream"])
    if not isinstance(stream, AudioStream):
        raise cursor.fail(f"chunk refers to stream {fields['stream']}, which is no sound stream")
    if fields["flags"] & ~DENOISE:
        raise cursor.fail(f"sound flags {fields['flags']:#04x} are reserved")
    if not fields["sample_count"]:
        raise cursor.fail("a sound span without samples")
    if fields["sample_count"] * stream.channels > limits.samples_per_chunk:
        raise LimitError(
            f"chunk of {fields['sample_count']} samples of {stream.channels} channels",
            limit="samples_per_chunk",
            section="9",
        )
    if fields["overlap"] >= fields["sample_count"] or 10 * fields["overlap"] > stream.sample_rate_hz:
        raise cursor.fail("the overlap is not shorter than the chunk's sound and a tenth of a second")
    if max(-fields["pts"], max(fields["pts"], fields["first_sample"]) + fields["sample_count"]) > MAX_TICKS:
        raise cursor.fail("times are out of range")
    return AudioSpan(
        fields["stream"],
        fields["first_sample"],
        fields["sample_count"],
        fields["pts"],
        fields["overlap"],
        bool(fields["flags"] & DENOISE),
        fields["snr_db"],
    )


def _check_packets(
    audio: AudioSpan | None, units: tuple[Unit, ...], streams: Mapping[int, Stream], limits: Limits
) -> None:
    """Packets may not hold more samples than a chunk may have."""
    for unit in units:
        if not isinstance(unit.spec, CodedSpec) or audio is None:
            continue
        stream = streams[audio.stream]
        assert isinstance(stream, AudioStream)
        samples = -(-audio.sample_count * unit.spec.rate_hz // stream.sample_rate_hz)
        if samples * stream.channels > limits.samples_per_chunk:
            raise LimitError(
                f"packets of {samples} samples of {stream.channels} channels", limit="samples_per_chunk", section="9"
            )


def unit_domain(
    media: int, tile: int, streams: Mapping[int, Stream], video: VideoSpan | None, audio: AudioSpan | None
) -> Domain:
    """The grid that a unit covers, from the chunk's spans and its tile."""
    frames = height = width = components = samples = channels = 0
    if media & VIDEO:
        if video is None:
            raise InvalidDataError("a picture network in a chunk without frames", section=SECTION)
        if tile >= video.tiles.columns * video.tiles.rows:
            raise InvalidDataError(f"tile {tile} is outside the grid", section=SECTION)
        stream = streams[video.stream]
        assert isinstance(stream, VideoStream)
        (top, bottom), (left, right) = video.tiles.tile(tile, stream.height, stream.width)
        frames, height, width, components = len(video.pts), bottom - top, right - left, stream.components
    if media & AUDIO:
        if audio is None:
            raise InvalidDataError("a sound network in a chunk without samples", section=SECTION)
        sound = streams[audio.stream]
        assert isinstance(sound, AudioStream)
        samples, channels = audio.sample_count, sound.channels
    return Domain(frames, height, width, components, samples, channels)


def _check_units(video: VideoSpan | None, audio: AudioSpan | None, units: tuple[Unit, ...], cursor: Cursor) -> None:
    """Every tile has exactly one picture network, in order, and the sound exactly one network."""
    tiles = [unit.tile for unit in units if unit.spec.MEDIA & VIDEO]
    expected = list(range(video.tiles.columns * video.tiles.rows)) if video else []
    sounds = [unit.tile for unit in units if unit.spec.MEDIA & AUDIO]
    if tiles != expected or len(sounds) != (1 if audio else 0):
        raise cursor.fail("the chunk's networks do not cover each tile and the sound exactly once")
    if any(unit.tile for unit in units if unit.spec.MEDIA == AUDIO):
        raise cursor.fail("a sound network names a tile")
    if len(tiles) > 1 and any(unit.spec.MEDIA == VIDEO | AUDIO for unit in units):
        raise cursor.fail("a network of picture and sound in a picture of several tiles")
