"""Chunks: spans, units and the checks between them."""

import itertools
import zlib
from dataclasses import replace

import pytest
from inrv_format.chunk import AudioSpan, Chunk, TileGrid, build_chunk, parse_chunk
from inrv_format.errors import InvalidDataError, LimitError, TruncatedError, UnsupportedError
from inrv_format.families import AvSirenSpec, CodedSpec, Domain, SirenSpec
from inrv_format.limits import Limits
from inrv_format.order import ChunkOrder
from inrv_format.quantization import ASYMMETRIC, SYMMETRIC, TensorHeader
from inrv_format.schema import CHUNK_HEADER, VIDEO_SPAN
from inrv_format.streams import AudioStream
from inrv_format.unit import coded_unit, compress_unit
from toys import TOY_STREAMS, toy_chunk, toy_symbols


@pytest.mark.parametrize("coder", [1, 2, 3])
@pytest.mark.parametrize("bits", [1, 4, 8, 12, 16])
@pytest.mark.parametrize("symmetric", [True, False])
def test_a_chunk_comes_back_as_it_went(coder, bits, symmetric):
    chunk = toy_chunk(1, coder, bits, symmetric)
    parsed = parse_chunk(build_chunk(chunk), TOY_STREAMS)
    assert parsed == chunk
    for before, after in zip(chunk.units, parsed.units, strict=True):
        for tensor, again in zip(before.symbols(), after.symbols(), strict=True):
            assert (tensor.values == again.values).all()
            assert tensor.header == again.header


def test_uneven_pts_are_kept():
    chunk = toy_chunk()
    chunk = replace(chunk, video=replace(chunk.video, pts=(-5, 2, 900_000)))
    assert parse_chunk(build_chunk(chunk), TOY_STREAMS).video.pts == (-5, 2, 900_000)


def test_every_cut_of_a_chunk_is_truncated():
    content = build_chunk(toy_chunk())
    for length in range(len(content)):
        with pytest.raises(TruncatedError):
            parse_chunk(content[:length], TOY_STREAMS)


def test_bytes_after_the_last_unit_are_refused():
    with pytest.raises(InvalidDataError, match="after the end"):
        parse_chunk(build_chunk(toy_chunk()) + b"\0", TOY_STREAMS)


def test_an_unknown_family_needs_a_newer_version():
    content = bytearray(build_chunk(replace(toy_chunk(), audio=None, units=toy_chunk().units[:1])))
    content[CHUNK_HEADER.sizeof() + VIDEO_SPAN.sizeof() + 1] = 99
    with pytest.raises(UnsupportedError, match="family 99"):
        parse_chunk(bytes(content), TOY_STREAMS)


def test_a_chunk_whose_networks_do_not_cover_it_is_refused():
    chunk = toy_chunk()
    with pytest.raises(InvalidDataError, match="exactly once"):
        parse_chunk(build_chunk(replace(chunk, units=chunk.units[:1])), TOY_STREAMS)


def test_a_network_of_picture_and_sound_covers_the_whole_picture():
    chunk = toy_chunk()
    tiles = TileGrid(2, 1, 0)
    domains = [Domain(3, 5, width, 3) for width in (3, 4)]
    both = replace(domains[0], samples=400, channels=2)
    spec, still = AvSirenSpec(branch=4, width=4, depth=1), SirenSpec(first=6, width=5, depth=1)
    units = (
        compress_unit(spec, both, 0, toy_symbols(spec, both), 1),
        compress_unit(still, domains[1], 1, toy_symbols(still, domains[1]), 1),
    )
    tiled = replace(chunk, video=replace(chunk.video, tiles=tiles), units=units)
    with pytest.raises(InvalidDataError, match="several tiles"):
        parse_chunk(build_chunk(tiled), TOY_STREAMS)


def test_a_unit_has_the_tensors_of_its_network():
    spec, domain = SirenSpec(first=6, width=5, depth=1), Domain(3, 5, 7, 3)
    symbols = toy_symbols(spec, domain)
    flat = (replace(symbols[0], values=symbols[0].values.ravel()), *symbols[1:])
    with pytest.raises(ValueError, match="tensors"):
        compress_unit(spec, domain, 0, flat, 3)


def test_work_over_the_limit_is_refused():
    chunk = toy_chunk()
    with pytest.raises(LimitError, match="multiply-adds"):
        parse_chunk(build_chunk(chunk), TOY_STREAMS, limits=Limits(macs_per_chunk=chunk.macs - 1))
    assert parse_chunk(build_chunk(chunk), TOY_STREAMS, limits=Limits(macs_per_chunk=chunk.macs)) == chunk


def test_a_span_that_claims_too_many_frames_is_refused():
    content = build_chunk(toy_chunk())
    lying = content[: 8 + 10] + (10**6).to_bytes(4, "little") + content[8 + 14 :]
    with pytest.raises(LimitError, match="1000000 frames"):
        parse_chunk(lying, TOY_STREAMS)


@pytest.mark.parametrize(("count", "size", "overlap"), [(1, 9, 0), (2, 9, 2), (3, 17, 3), (4, 5, 1)])
def test_tiles_cover_an_axis_and_share_the_overlap(count, size, overlap):
    spans = TileGrid(count, 1, overlap).spans(size, count)
    assert spans[0][0] == 0
    assert spans[-1][1] == size
    for (_, end), (start, _) in itertools.pairwise(spans):
        assert end - start == overlap


def test_damaged_weights_are_seen_by_the_crc_of_the_uncompressed_integers():
    chunk = toy_chunk(coder=2)
    unit = replace(chunk.units[0], symbols_crc=chunk.units[0].symbols_crc ^ 1)
    parsed = parse_chunk(build_chunk(replace(chunk, units=(unit, chunk.units[1]))), TOY_STREAMS)
    with pytest.raises(InvalidDataError, match="uncompressed weights"):
        parsed.units[0].symbols()


def test_macs_add_up():
    chunk = toy_chunk()
    assert isinstance(chunk, Chunk)
    video, audio = chunk.units
    weights = 6 * 3 + 6 + 5 * 6 + 5 + 5 * 5 + 5 + 3 * 5 + 3
    assert video.macs == weights * 3 * 5 * 7
    assert chunk.macs == video.macs + audio.macs


def follow(*chunks: Chunk) -> None:
    order = ChunkOrder()
    for chunk in chunks:
        order.admit(chunk)


def test_order_is_kept_over_chunks_without_the_medium():
    silent = replace(toy_chunk(1), audio=None)
    far = replace(toy_chunk(2), audio=replace(toy_chunk(2).audio, pts=1 << 61, overlap=0))
    with pytest.raises(LimitError):
        follow(toy_chunk(0), silent, far)


def test_chunks_follow_each_other_in_number_and_time():
    first, second = toy_chunk(0), toy_chunk(1)
    follow(first, second)
    wrong = [
        replace(second, index=0),
        replace(second, video=replace(second.video, pts=(2, 4, 5))),
        replace(second, video=replace(second.video, first_frame=2)),
        replace(second, audio=replace(second.audio, first_sample=399)),
        replace(second, audio=replace(second.audio, pts=second.audio.pts - 1)),
        replace(second, audio=replace(second.audio, pts=second.audio.pts + 1)),
    ]
    for chunk in wrong:
        with pytest.raises(InvalidDataError):
            follow(first, chunk)


def test_endless_silence_between_chunks_is_refused():
    second = toy_chunk(1)
    far = replace(second, audio=replace(second.audio, pts=1 << 61, overlap=0))
    with pytest.raises(LimitError, match="silence"):
        follow(toy_chunk(0), far)


def test_an_overlap_over_a_tenth_of_a_second_is_refused():
    chunk = toy_chunk(1)
    streams = {0: TOY_STREAMS[0], 1: replace(TOY_STREAMS[1], sample_rate_hz=399)}
    with pytest.raises(InvalidDataError, match="tenth"):
        parse_chunk(build_chunk(chunk), streams)


@pytest.mark.parametrize(
    "header",
    [
        TensorHeader(0, ASYMMETRIC, 0, 1.0),
        TensorHeader(25, SYMMETRIC, 0, 1.0),
        TensorHeader(1, SYMMETRIC, 0, 1.0),
        TensorHeader(8, 2, 0, 1.0),
        TensorHeader(8, SYMMETRIC, 1, 1.0),
        TensorHeader(8, ASYMMETRIC, 256, 1.0),
        TensorHeader(8, ASYMMETRIC, -1, 1.0),
        TensorHeader(8, SYMMETRIC, 0, 0.0),
        TensorHeader(8, SYMMETRIC, 0, float("nan")),
        TensorHeader(8, SYMMETRIC, 0, float("inf")),
        TensorHeader(8, SYMMETRIC, 0, 2.0**65),
        TensorHeader(8, SYMMETRIC, 0, 1 + 2**-8),
    ],
)
def test_tensor_headers_out_of_range_are_refused(header):
    with pytest.raises(InvalidDataError):
        header.check()


def test_packets_take_the_place_of_a_sound_network():
    spec = CodedSpec("flac", 8000, 3, b"header", ((0, 5), (5, -7), (60, 99)))
    unit = coded_unit(spec, Domain(samples=100, channels=1), (b"one", b"2", b"three"))
    streams = {1: AudioStream(8000, 1)}
    content = build_chunk(Chunk(0, None, AudioSpan(1, 0, 100, 0), (unit,)))
    again = parse_chunk(content, streams).units[0]
    assert again.spec == spec
    assert again.packets() == (b"one", b"2", b"three")
    assert again.symbols() == ()
    damaged = parse_chunk(content[:-1] + b"!", streams).units[0]
    with pytest.raises(InvalidDataError, match="CRC"):
        damaged.symbols()


@pytest.mark.parametrize(("field", "value"), [("coder", 1), ("raw_length", 5)])
def test_packets_are_stored_as_they_are(field, value):
    unit = coded_unit(CodedSpec("opus", 48000), Domain(samples=100, channels=1), (b"one",))
    content = build_chunk(Chunk(0, None, AudioSpan(1, 0, 100, 0), (replace(unit, **{field: value}),)))
    with pytest.raises(InvalidDataError):
        parse_chunk(content, {1: AudioStream(8000, 1)})


def test_packets_of_more_samples_than_a_chunk_may_have_are_too_large():
    unit = coded_unit(CodedSpec("opus", 768_000), Domain(samples=200_000, channels=1), (b"one",))
    content = build_chunk(Chunk(0, None, AudioSpan(1, 0, 200_000, 0), (unit,)))
    with pytest.raises(LimitError):
        parse_chunk(content, {1: AudioStream(1000, 1)})


def test_packets_that_end_within_one_are_truncated():
    unit = replace(coded_unit(CodedSpec("opus", 48000), Domain(samples=9, channels=1), ()), payload=b"\5\0\0\0abc")
    with pytest.raises(TruncatedError):
        replace(unit, symbols_crc=zlib.crc32(unit.payload)).packets()


@pytest.mark.parametrize(
    "edits", [((3, 0),), ((3, 5), (7, 1)), ((3, 5), (2, -1)), ((0, -(1 << 20)), (1, -1)), ((0, 1),) * 1025]
)
def test_edits_that_no_writer_makes_are_refused(edits):
    with pytest.raises(InvalidDataError):
        CodedSpec("aac", 48_000, edits=edits)


def test_a_codec_that_is_not_known_is_unsupported():
    data = bytearray(CodedSpec("opus", 48000).pack())
    data[0] = 99
    with pytest.raises(UnsupportedError):
        CodedSpec.parse(bytes(data))
