"""Every network x payload coder x medium, from signal to bytes to signal, at toy size."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from inrv_format import InputError, LimitError, Reader
from inrv_format.chunk import TileGrid, parse_chunk
from inrv_format.streams import AudioStream, VideoStream
from toys import load_reference, toy_picture

from invr import EncodeConfig, decode, encode
from invr import open as open_video
from invr.config import MODELS, DecodeConfig, FitConfig, ModelConfig, QuantConfig
from invr.decode_chunk import build_fields, decode_picture, decode_sound
from invr.encode_chunk import compress_chunk, encode_chunk, fit_chunk, refit_chunk
from invr.media import ReadConfig, WriteConfig, open_sink
from invr.metrics import frame_psnr_db, mean_psnr_db, snr_db
from invr.presets import PRESETS, with_steps
from invr.signals import AudioSignal, Signal, VideoSignal

FIT = FitConfig(steps=150, rows=24, columns=16, samples=400, checks=5)
# Learns the toy picture in a few hundred steps; the network that so few pixels would get takes a thousand.
MODEL = ModelConfig(picture_shape=(16, 3))
RATE = 2000
STREAMS = {0: VideoStream(16, 12, Fraction(1, 25)), 1: AudioStream(RATE, 2, "stereo")}


def toy_signal(index: int = 0, media: str = "both") -> Signal:
    """Four frames of 16x12 and 320 samples of two tones."""
    t = np.arange(320)
    tones = np.stack([np.sin(0.11 * t), 0.5 * np.sin(0.05 * t)], 1).astype(np.float32) * 0.6
    video = VideoSignal(toy_picture(), np.arange(4, dtype=np.int64) + 4 * index, 1, 4 * index)
    audio = AudioSignal(tones, 320 * index, 320 * index)
    return Signal(index, video if media != "sound" else None, audio if media != "picture" else None)


@pytest.mark.parametrize("coder", ["lzma2", "zstd", "rans"])
@pytest.mark.parametrize("media", ["picture", "sound", "both"])
@pytest.mark.parametrize(
    "model", ["auto", "siren-still", "siren-power", "siren-gaussian", "relu", "invr", "av-siren"]
)
def test_a_chunk_decodes_to_the_quality_that_it_states(model, media, coder):
    config = EncodeConfig(MODELS[model], replace(FIT, steps=40), coder=coder, verify=True)
    signal = toy_signal(media=media)
    encoded = encode_chunk(signal, STREAMS, config, "cpu", lambda *state: None)
    chunk = parse_chunk(encoded.content, STREAMS)
    fields = build_fields(chunk, "cpu")
    if signal.video:
        frames = list(decode_picture(chunk, fields, STREAMS[0], np.arange(4.0), (16, 12)))
        psnr = [frame_psnr_db(a, b, 8) for a, b in zip(signal.video.values, frames, strict=True)]
        assert chunk.video.psnr_db == pytest.approx(mean_psnr_db(psnr), abs=1e-3)
    if signal.audio:
        sound = decode_sound(chunk, fields, STREAMS[1], None)
        assert chunk.audio.snr_db == pytest.approx(snr_db(signal.audio.values, sound), abs=1e-3)


def test_a_longer_fit_is_a_better_one():
    """A codec whose fit did nothing would pass the test above."""
    signal = toy_signal()
    chunks = [
        encode_chunk(signal, STREAMS, EncodeConfig(MODEL, replace(FIT, steps=n)), "cpu", lambda *state: None).chunk
        for n in (5, 300)
    ]
    assert chunks[1].video.psnr_db > chunks[0].video.psnr_db + 8
    assert chunks[1].video.psnr_db > 28
    assert chunks[1].audio.snr_db > 15


def test_fewer_bits_make_a_smaller_and_worse_file():
    signal = toy_signal(media="picture")
    chunks = [
        encode_chunk(signal, STREAMS, EncodeConfig(MODEL, FIT, QuantConfig(bits)), "cpu", lambda *state: None)
        for bits in (4, 8, 16)
    ]
    sizes = [len(chunk.content) for chunk in chunks]
    assert sizes == sorted(sizes)
    quality = [chunk.chunk.video.psnr_db for chunk in chunks]
    assert quality[0] < quality[1] - 0.5
    assert abs(quality[2] - quality[1]) < 3


@pytest.mark.parametrize("tiles", [TileGrid(2, 2, 4), TileGrid(3, 1, 0)])
def test_tiles_come_back_in_place(tiles):
    signal = toy_signal(media="picture")
    config = EncodeConfig(MODEL, FIT, tiles=tiles, verify=True)
    chunk = encode_chunk(signal, STREAMS, config, "cpu", lambda *state: None).chunk
    assert len(chunk.units) == tiles.columns * tiles.rows
    assert chunk.video.psnr_db > 22


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Ten frames at uneven times, 16x12, with sound, in three chunks; the source and the file."""
    folder = tmp_path_factory.mktemp("film")
    stream = VideoStream(16, 12, Fraction(1, 1000), chroma="rgb")
    pts = np.array([0, 40, 90, 120, 200, 230, 280, 330, 350, 400], np.int64)
    tone = np.sin(np.arange(3600) * 0.3)[:, None].astype(np.float32) * 0.5
    with open_sink(folder / "in.mkv", stream, AudioStream(8000, 1, "mono"), WriteConfig()) as sink:
        sink.write_video(toy_picture(10), pts, 50)
        sink.write_audio(tone, 0)
    config = EncodeConfig(fit=replace(FIT, steps=60), chunk_frames=4)
    result = encode(folder / "in.mkv", folder / "film.inrv", config)
    return folder, pts, result


def test_a_film_is_cut_into_chunks_and_totals_add_up(film):
    folder, pts, result = film
    with (folder / "film.inrv").open("rb") as file:
        reader = Reader(file)
        chunks = list(reader.chunks())
    assert result.frames == 10
    assert result.samples == reader.index.sample_count == 3600
    assert result.bytes_written == (folder / "film.inrv").stat().st_size
    assert [pts for chunk in chunks for pts in chunk.video.pts] == pts.tolist()
    assert len(chunks) == result.chunks == 3
    assert chunks[1].audio.overlap == 40
    starts = [chunk.audio.pts + chunk.audio.overlap for chunk in chunks]
    assert [round(1000 * start / 8000) for start in starts] == [0, 200, 350]


@pytest.mark.parametrize(("chunk_frames", "sizes"), [(0, [12, 10]), (8, [8, 8, 6])])
def test_a_chunk_starts_at_a_cut_unless_its_length_is_given(tmp_path, chunk_frames, sizes):
    frames = np.concatenate([toy_picture(12), 255 - toy_picture(10)])
    with open_sink(tmp_path / "in.mkv", VideoStream(16, 12, Fraction(1, 25)), None, WriteConfig()) as sink:
        sink.write_video(frames, np.arange(22, dtype=np.int64), 1)
    config = EncodeConfig(fit=replace(FIT, steps=3), chunk_frames=chunk_frames)
    states = []
    encode(tmp_path / "in.mkv", tmp_path / "a.inrv", config, report=states.append)
    with (tmp_path / "a.inrv").open("rb") as file:
        assert [len(chunk.video.pts) for chunk in Reader(file).chunks()] == sizes
    assert {state.chunks for state in states} == {len(sizes)}


def test_frames_by_number_are_the_frames_of_a_full_decode(film, tmp_path):
    folder, _, _ = film
    decode(folder / "film.inrv", tmp_path / "out.mkv", write=WriteConfig(pix_fmt="bgr0"))
    import av

    with av.open(str(tmp_path / "out.mkv")) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with open_video(folder / "film.inrv") as video:
        assert len(video) == 10
        for number in (9, 0, 5, 4, -1):
            assert np.array_equal(video[number], decoded[number])
        with pytest.raises(IndexError):
            video[10]
        assert [round(1000 * video.pts_s(k)) for k in (0, 4, 9)] == [0, 200, 400]


def digest(folder, **options) -> list[tuple[int, int, str]]:
    """(stream, pts, sha256) of each line of a decode."""
    target = io.BytesIO()
    decode(folder / "film.inrv", target, DecodeConfig(**options), WriteConfig(format="digest"))
    rows = [line.split(", ") for line in target.getvalue().decode().splitlines() if not line.startswith("#")]
    return [(int(stream), int(pts), sha) for stream, pts, _, sha in rows]


def test_a_span_is_the_same_frames_as_the_whole(film):
    folder, _, _ = film
    whole = {pts: sha for stream, pts, sha in digest(folder) if stream == 0}
    part = {pts: sha for stream, pts, sha in digest(folder, start_s=0.2, duration_s=0.15) if stream == 0}
    assert part == {pts - 200: sha for pts, sha in whole.items() if 200 <= pts < 350}


def test_a_pipe_decodes_to_the_same(film):
    folder, _, _ = film

    class Pipe(io.BytesIO):
        def seek(self, *_):
            raise OSError("a pipe")

        def tell(self):
            raise OSError("a pipe")

    target = io.BytesIO()
    decode(Pipe((folder / "film.inrv").read_bytes()), target, write=WriteConfig(format="digest"))
    rows = [line.split(", ") for line in target.getvalue().decode().splitlines() if not line.startswith("#")]
    assert [(int(s), int(p), sha) for s, p, _, sha in rows] == digest(folder)


def test_a_pipe_gives_frames_before_it_ends(film):
    """The decoder asks for the second chunk only after it has written the first."""
    folder, _, _ = film
    data = (folder / "film.inrv").read_bytes()
    with (folder / "film.inrv").open("rb") as file:
        end_of_first = (entry := Reader(file).index.entries[0]).offset + entry.length
    target = io.BytesIO()

    class Slow(io.RawIOBase):
        position = 0

        def read(self, size=-1):
            if self.position >= end_of_first + 26:
                assert target.getvalue().count(b"\n0, ") == 4
                raise InterruptedError("seen enough")
            piece = data[self.position : self.position + size]
            self.position += len(piece)
            return piece

        def seek(self, *_):
            raise OSError("a pipe")

        tell = seek

    with pytest.raises(InterruptedError):
        decode(Slow(), target, write=WriteConfig(format="digest"))


def test_another_rate_keeps_the_length(film):
    folder, _, _ = film
    frames = [pts for stream, pts, _ in digest(folder, fps=Fraction(100)) if stream == 0]
    assert frames == list(range(45))


def test_sound_is_joined_without_a_seam(film):
    """Chunks are fitted apart; where they meet, the sound jumps no more than elsewhere."""
    folder, _, _ = film

    from invr.joiner import SoundJoiner

    blocks = []
    with (folder / "film.inrv").open("rb") as file:
        reader = Reader(file)
        joiner = SoundJoiner(8000)
        for chunk in reader.chunks():
            blocks += joiner.push(chunk, decode_sound(chunk, build_fields(chunk, "cpu"), reader.audio, False))
        blocks += joiner.flush()
    position = 0
    for values, pts in blocks:
        assert pts == position
        position += len(values)
    sound = np.concatenate([values for values, _ in blocks])[:, 0]
    assert len(sound) == 3600
    jumps = np.abs(np.diff(sound))
    for seam in (1600, 2800):
        assert jumps[seam - 45 : seam + 45].max() < 1.5 * np.quantile(jumps, 0.999)


def test_rotated_video_is_decoded_upright(tmp_path):
    from inrv_format.writer import Writer

    picture = toy_picture()
    stream = replace(STREAMS[0], rotation=90)
    config = EncodeConfig(MODEL, replace(FIT, steps=300))
    chunk = encode_chunk(toy_signal(media="picture"), {0: stream}, config, "cpu", lambda *state: None).chunk
    with (tmp_path / "a.inrv").open("wb") as file:
        writer = Writer(file, {0: stream}, {})
        writer.write(chunk)
        writer.close()
    decode(tmp_path / "a.inrv", tmp_path / "out.mkv", write=WriteConfig(pix_fmt="bgr0"))
    import av

    with av.open(str(tmp_path / "out.mkv")) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame.shape == (16, 12, 3)
    assert frame_psnr_db(np.rot90(picture[0], -1), frame, 8) > 25


def test_spans_and_sizes_of_the_source_are_chosen_on_reading(film, tmp_path):
    folder, _, _ = film
    read = ReadConfig(start_s=0.09, frames=3, size=(8, 6), audio=False)
    encode(folder / "in.mkv", tmp_path / "part.inrv", EncodeConfig(fit=replace(FIT, steps=10)), read)
    with (tmp_path / "part.inrv").open("rb") as file:
        reader = Reader(file)
        assert (reader.video.width, reader.video.height, reader.audio) == (8, 6, None)
        assert reader.chunk(0).video.pts == (0, 30, 110)


@pytest.mark.parametrize(("base", "warned"), [(1.02, False), (1.4, True)])
def test_a_grid_that_the_network_cannot_give_is_said(tmp_path, base, warned):
    from inrv_format.chunk import Chunk, VideoSpan
    from inrv_format.families import Domain, SirenSpec
    from inrv_format.families.siren import POWER
    from inrv_format.unit import compress_unit
    from inrv_format.writer import Writer
    from toys import toy_symbols

    spec = SirenSpec(4, 4, 1, embedding=POWER, lengths=(20, 20, 0), scales=(base, base, 1.0))
    domain = Domain(frames=1, height=12, width=16, components=3)
    unit = compress_unit(spec, domain, 0, toy_symbols(spec, domain), 1)
    with (tmp_path / "a.inrv").open("wb") as file:
        writer = Writer(file, {0: STREAMS[0]}, {})
        writer.write(Chunk(0, VideoSpan(0, 0, (0,), 1), None, (unit,)))
        writer.close()
    null = WriteConfig(format="null")
    assert not decode(tmp_path / "a.inrv", io.BytesIO(), write=null).warnings
    assert bool(decode(tmp_path / "a.inrv", io.BytesIO(), DecodeConfig(scale=2.0), null).warnings) is warned


def test_the_reference_decoder_reads_what_encode_writes(film):
    """The two agree on a real file with overlapping sound, not only on hand-made ones."""
    folder, _, _ = film
    reference = load_reference()
    file = reference.read_file((folder / "film.inrv").read_bytes())
    with open_video(folder / "film.inrv") as video:
        frames = np.concatenate([reference.chunk_frames(file, chunk) for chunk in file.chunks])
        ours = np.stack(list(video)).astype(int)
        assert np.abs(ours - frames).max() <= 1
    assert len(reference.joined_sound(file)) == 3600


def test_black_and_silence_stay_black_and_silent():
    signal = toy_signal()
    black = replace(signal.video, values=np.zeros_like(signal.video.values))
    silent = replace(signal.audio, values=np.zeros_like(signal.audio.values))
    config = EncodeConfig(fit=replace(FIT, steps=600, checks=60))
    encoded = encode_chunk(Signal(0, black, silent), STREAMS, config, "cpu", lambda *state: None)
    assert encoded.chunk.video.psnr_db > 30
    assert encoded.chunk.audio.snr_db == 100.0


def test_a_silence_takes_next_to_no_bytes():
    signal = toy_signal(media="sound")
    silent = Signal(0, None, replace(signal.audio, values=np.zeros_like(signal.audio.values)))
    config = with_steps(PRESETS["fast"].config, 20)
    encoded = encode_chunk(silent, STREAMS, config, "cpu", lambda *state: None)
    assert encoded.chunk.audio.snr_db == 100.0
    assert len(encoded.chunk.units[0].payload) < 100
    fitted = fit_chunk(silent, config, "cpu", lambda *state: None)
    again = refit_chunk(fitted, silent, config, "cpu", lambda *state: None, 2.0)
    assert compress_chunk(again, silent, STREAMS, config, "cpu", lambda *state: None).content == encoded.content


@pytest.mark.parametrize("level", [127, 128])
def test_a_flat_picture_has_a_network_too(level):
    flat = VideoSignal(np.full((1, 12, 16, 3), level, np.uint8), np.zeros(1, np.int64), 1, 0)
    config = with_steps(PRESETS["fast"].config, 20)
    encoded = encode_chunk(Signal(0, flat, None), STREAMS, config, "cpu", lambda *state: None)
    assert len(encoded.chunk.units) == 1


def test_a_fit_of_one_step_knows_its_quantization_steps():
    config = with_steps(PRESETS["fast"].config, 1)
    encoded = encode_chunk(toy_signal(media="picture"), STREAMS, config, "cpu", lambda *state: None)
    assert any(
        np.any(tensor.values) for tensor in encoded.chunk.units[0].symbols() if tensor.name == "hidden1.weight"
    )


@pytest.mark.parametrize("size", [(3, 3), (1, 1), (50, 2)])
def test_tiles_at_sizes_smaller_than_their_number(size):
    tiles = TileGrid(4, 4, 1)
    signal = toy_signal(media="picture")
    config = EncodeConfig(fit=replace(FIT, steps=5), tiles=tiles)
    chunk = encode_chunk(signal, STREAMS, config, "cpu", lambda *state: None).chunk
    frames = list(decode_picture(chunk, build_fields(chunk, "cpu"), STREAMS[0], np.array([0.0]), size))
    assert frames[0].shape == (size[1], size[0], 3)


def test_a_still_with_a_long_sound_is_cut_into_chunks(tmp_path):
    stream = VideoStream(16, 12, Fraction(1, 25), chroma="rgb")
    with open_sink(tmp_path / "in.mkv", stream, AudioStream(8000, 1, "mono"), WriteConfig()) as sink:
        sink.write_video(toy_picture(1), np.zeros(1, np.int64), 1)
        sink.write_audio(np.sin(np.arange(80_000) * 0.1)[:, None].astype(np.float32) * 0.4, 0)
    result = encode(tmp_path / "in.mkv", tmp_path / "a.inrv", EncodeConfig(fit=replace(FIT, steps=5)))
    assert result.chunks >= 3
    assert result.samples == 80_000
    with (tmp_path / "a.inrv").open("rb") as file:
        assert max(chunk.audio.sample_count for chunk in Reader(file).chunks()) <= 45_000


@pytest.mark.parametrize(("tiles", "words"), [(TileGrid(17, 1, 8), "255"), (TileGrid(4, 4, 8), None)])
def test_tile_grids_are_made_to_fit_or_refused(film, tmp_path, tiles, words):
    folder, _, _ = film
    config = EncodeConfig(fit=replace(FIT, steps=3), tiles=tiles, chunk_frames=32)
    if words:
        with pytest.raises(InputError, match=words):
            encode(folder / "in.mkv", tmp_path / "a.inrv", config)
        return
    encode(folder / "in.mkv", tmp_path / "a.inrv", config)
    with (tmp_path / "a.inrv").open("rb") as file:
        assert Reader(file).chunk(0).video.tiles.overlap == 3


def test_an_endless_last_frame_at_another_rate_is_refused(tmp_path):
    from inrv_format.writer import Writer

    chunk = encode_chunk(
        toy_signal(media="picture"), STREAMS, EncodeConfig(fit=replace(FIT, steps=3)), "cpu", lambda *state: None
    ).chunk
    with (tmp_path / "a.inrv").open("wb") as file:
        writer = Writer(file, {0: replace(STREAMS[0], time_base=Fraction(1))}, {})
        writer.write(replace(chunk, video=replace(chunk.video, last_duration=2**32 - 1)))
        writer.close()
    config = DecodeConfig(fps=Fraction(9000))
    with pytest.raises(LimitError, match="--fps"):
        decode(tmp_path / "a.inrv", io.BytesIO(), config, WriteConfig(format="null"))
