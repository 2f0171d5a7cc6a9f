"""What the fields of a file may hold, for property tests."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

from hypothesis import strategies as st
from inrv_format.chunk import AudioSpan, Chunk, TileGrid, VideoSpan, unit_domain
from inrv_format.families import AudioSirenSpec, AvSirenSpec, CodedSpec, LappedSpec, SirenSpec
from inrv_format.families.coded import CODECS
from inrv_format.families.siren import AFFINE, GABOR, GAUSSIAN, GRID, POWER, RELU, SINE, STILL, WAVES
from inrv_format.index import Index, IndexEntry
from inrv_format.quantization import ASYMMETRIC, MAX_BITS, SYMMETRIC, TensorHeader
from inrv_format.streams import AUDIO, CHROMA_IDS, VIDEO, AudioStream, Stream, VideoStream
from inrv_format.unit import Unit, coded_unit, compress_unit
from toys import toy_symbols

U8, U16, U32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
TIMES = st.integers(-(2**61), 2**61)
NUMBERS = st.integers(0, 2**61)
LAYER = st.integers(1, 4096)
SINGLE = st.floats(width=32, allow_nan=False)
QUALITY = SINGLE | st.just(math.nan)
OMEGA = st.floats(2.0**-20, 10_000, width=32)
RATIO = st.builds(Fraction, st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1))
HINT = st.builds(Fraction, st.integers(0, 2**31 - 1), st.integers(1, 2**31 - 1))

VIDEO_STREAM = st.builds(
    VideoStream,
    width=st.integers(1, 16384),
    height=st.integers(1, 16384),
    time_base=RATIO,
    chroma=st.sampled_from(sorted(CHROMA_IDS)),
    bit_depth=st.integers(8, 16),
    color_range=st.integers(0, 2),
    matrix=U8,
    primaries=U8,
    transfer=U8,
    chroma_location=st.integers(0, 6),
    sample_aspect_ratio=HINT,
    rotation=st.sampled_from([0, 90, 180, 270]),
    field_order=st.integers(0, 5),
    average_rate=HINT,
)
AUDIO_STREAM = st.builds(
    AudioStream,
    sample_rate_hz=st.integers(1, 768_000),
    channels=st.integers(1, 32),
    layout=st.from_regex(r"[0-9a-z.()]{0,32}", fullmatch=True),
    bit_depth=st.integers(1, 64),
)
TAGS = st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.from_regex(r"[!-~]{0,40}", fullmatch=True))


@st.composite
def siren_specs(draw: st.DrawFn) -> SirenSpec:
    """Every embedding with what it allows."""
    embedding, lengths, scales = draw(st.sampled_from([WAVES, POWER, GAUSSIAN, GABOR])), (0, 0, 0), (0.0, 0.0, 0.0)
    waves = embedding in (WAVES, GABOR)
    motion = draw(st.sampled_from([STILL, AFFINE, GRID])) if waves else STILL
    if motion == GRID or not waves:
        lengths = draw(st.tuples(*[st.integers(2, 30)] * 3))
    if not waves:
        scales = draw(st.tuples(*[st.floats(0.5, 2, width=32)] * 3))
    activation = SINE if embedding == GABOR else draw(st.sampled_from([SINE, RELU]))
    first, width, depth = draw(LAYER), draw(LAYER), draw(st.integers(0, 64))
    return SirenSpec(first, width, depth, embedding, activation, motion, lengths, scales, draw(OMEGA))


@st.composite
def coded_specs(draw: st.DrawFn) -> CodedSpec:
    """With edits that follow each other."""
    edits, end = [], 0
    for distance, samples in draw(st.lists(st.tuples(st.integers(0, 9), st.integers(-99, 9999)), max_size=5)):
        edits.append((end + distance, samples or 1))
        end += distance + max(samples or 1, 0)
    codec, rate_hz, discard = draw(st.sampled_from(sorted(CODECS.values()))), draw(st.integers(1, 768_000)), draw(U16)
    return CodedSpec(codec, rate_hz, discard, draw(st.binary(max_size=40)), tuple(edits))


AV_SPECS = st.builds(AvSirenSpec, branch=LAYER, width=LAYER, depth=st.integers(1, 64), omega=OMEGA)
AUDIO_SPECS = st.builds(
    AudioSirenSpec,
    first=LAYER,
    width=LAYER,
    depth=st.integers(0, 64),
    head_width=st.integers(0, 4096),
    heads=st.integers(1, 2),
    octaves=st.integers(0, 24),
    omega=OMEGA,
)
LAPPED_SPECS = st.integers(64, 2048).flatmap(
    lambda hop: st.builds(
        LappedSpec,
        hop=st.just(hop),
        waves=st.integers(64, hop),
        span=st.integers(1, 255),
        joint=st.booleans(),
        exponent=st.floats(0.25, 4, width=32),
    )
)
SPECS = st.one_of(siren_specs(), AV_SPECS, AUDIO_SPECS, LAPPED_SPECS, coded_specs())


@st.composite
def tensor_headers(draw: st.DrawFn) -> TensorHeader:
    """Both modes, all widths, all scales."""
    mode = draw(st.sampled_from([SYMMETRIC, ASYMMETRIC]))
    bits = draw(st.integers(1 if mode == ASYMMETRIC else 2, MAX_BITS))
    zero_point = draw(st.integers(0, 2**bits - 1)) if mode == ASYMMETRIC else 0
    scale = math.ldexp(draw(st.integers(128, 255)), draw(st.integers(-133, 56)))
    return TensorHeader(bits, mode, zero_point, scale)


@st.composite
def video_spans(draw: st.DrawFn, stream: int, video: VideoStream) -> VideoSpan:
    """Times that are a step apart, or not; tiles that fit."""
    step = st.integers(1, 2**32 - 1)
    deltas = draw(st.lists(step, max_size=5) | st.builds(lambda one, count: [one] * count, step, st.integers(0, 5)))
    pts = tuple(itertools.accumulate(deltas, initial=draw(TIMES)))
    columns, rows = draw(st.integers(1, min(3, video.width))), draw(st.integers(1, min(3, video.height)))
    overlap = draw(st.integers(0, min(2**16 - 1, video.width // columns, video.height // rows)))
    return VideoSpan(stream, draw(NUMBERS), pts, draw(step), TileGrid(columns, rows, overlap), draw(QUALITY))


@st.composite
def audio_spans(draw: st.DrawFn, stream: int, audio: AudioStream) -> AudioSpan:
    """As long as a chunk's sound may be, packets of twice the rate included."""
    count = draw(st.integers(1, 1000))
    overlap = draw(st.integers(0, min(count - 1, audio.sample_rate_hz // 10)))
    return AudioSpan(stream, draw(NUMBERS), count, draw(TIMES), overlap, draw(st.booleans()), draw(QUALITY))


@st.composite
def chunks(draw: st.DrawFn) -> tuple[dict[int, Stream], Chunk]:
    """A chunk of picture, sound or both, whose networks are small, and its streams."""
    media = draw(st.integers(1, VIDEO | AUDIO))
    ids = draw(st.lists(U8, min_size=2, max_size=2, unique=True))
    video, audio = draw(VIDEO_STREAM), draw(AUDIO_STREAM)
    streams: dict[int, Stream] = {ids[0]: video, ids[1]: audio}
    frames = draw(video_spans(ids[0], video)) if media & VIDEO else None
    sound = draw(audio_spans(ids[1], audio)) if media & AUDIO else None
    units: list[Unit] = []
    if frames:
        spec, coder = SirenSpec(1, 1, 0), draw(st.integers(1, 2))
        for tile in range(frames.tiles.columns * frames.tiles.rows):
            domain = unit_domain(VIDEO, tile, streams, frames, None)
            units.append(compress_unit(spec, domain, tile, toy_symbols(spec, domain, 8, draw(st.booleans())), coder))
    if sound:
        packets = tuple(draw(st.lists(st.binary(max_size=9), max_size=3)))
        units.append(coded_unit(draw(coded_specs()), unit_domain(AUDIO, 0, streams, None, sound), packets))
    return streams, Chunk(draw(U32), frames, sound, tuple(units))


@st.composite
def indices(draw: st.DrawFn) -> Index:
    """Entries that follow each other, of chunks that need not be there."""
    entries, end = [], 0
    for distance, length in draw(st.lists(st.tuples(U16, st.integers(1, 2**32)), max_size=4)):
        place = end + distance
        times = draw(NUMBERS), draw(TIMES), draw(U32), draw(NUMBERS)
        entries.append(IndexEntry(place, length, draw(U32), draw(U32), *times, draw(QUALITY), draw(QUALITY)))
        end = place + length
    frames = sum(entry.frame_count for entry in entries)
    return Index(tuple(entries), frames, draw(NUMBERS), draw(TIMES), draw(TIMES))
