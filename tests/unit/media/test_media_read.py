"""Reading: pipes, cuts, timestamps, rotation, damage. The media are made by the sinks and by PyAV."""

import io
import os
import struct
import threading
from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile
from inrv_format.errors import InputError

from invr.media import MediaReader, ReadConfig
from invr.media.transcode import encode_sound


class Pipe(io.RawIOBase):
    """Bytes that can be read once, a few at a time."""

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def readable(self):
        return True

    def seekable(self):
        return False

    def read(self, size=-1):
        return self._data.read(min(size, 5000) if size >= 0 else -1)


@pytest.fixture
def clip(tmp_path, stream, pictures, write, tone, mono):
    """`clip(name, count)`: a 25 fps clip with sound; gives its path and its frames."""

    def make(name="clip.mkv", count=20, sound=True, **config):
        video = stream()
        values = pictures(video, count)
        more = {"audio": mono, "samples": tone(count / 25)} if sound else {}
        write(tmp_path / name, video, values, **more, **config)
        return tmp_path / name, values

    return make


def all_pts(chunks):
    return np.concatenate([chunk.video.pts for chunk in chunks]).tolist()


def samples(chunks):
    return sum(len(chunk.audio) - chunk.audio.overlap for chunk in chunks if chunk.audio is not None)


def test_a_stream_that_is_left_out_does_not_make_the_rest_longer(tmp_path, stream, pictures, write, tone, mono):
    video = stream()
    write(tmp_path / "a.mp4", video, pictures(video, 10), audio=mono, samples=tone(2.0))
    for config, duration_s in ((ReadConfig(), 2.0), (ReadConfig(audio=False), 0.4)):
        with MediaReader(tmp_path / "a.mp4", config) as reader:
            assert reader.duration_s == pytest.approx(duration_s, abs=0.06)


def test_clip_is_described_and_read_whole(clip, read):
    path, _ = clip()
    reader, chunks = read(path, chunk_frames=8)
    assert (reader.video.width, reader.video.height, reader.video.chroma) == (32, 16, "420")
    assert (reader.audio.sample_rate_hz, reader.audio.channels, reader.audio.layout) == (48000, 1, "mono")
    assert reader.frame_count == 20
    assert reader.duration_s == pytest.approx(0.8, abs=0.05)
    assert [len(chunk.video) for chunk in chunks] == [8, 8, 4]
    assert samples(chunks) == 38400


def test_chunks_share_five_milliseconds_of_sound(clip, read):
    _, chunks = read(clip()[0], chunk_frames=8)
    assert [chunk.audio.overlap for chunk in chunks] == [0, 240, 240]
    assert np.array_equal(chunks[0].audio.values[-240:], chunks[1].audio.values[:240])


@pytest.mark.parametrize("muxer", ["matroska", "nut", "mp4"])
def test_pipe_is_read_as_it_comes(muxer, stream, pictures, write, read):
    video = stream()
    out = io.BytesIO()
    out.seekable = lambda: False
    write(out, video, pictures(video, 12), format=muxer)
    _, chunks = read(Pipe(out.getvalue()))
    assert sum(len(chunk.video) for chunk in chunks) == 12


def test_mp4_with_its_index_behind_is_read_from_a_pipe(clip, read):
    path, _ = clip("clip.mp4", 60)
    data = path.read_bytes()
    assert data.index(b"moov") > data.index(b"mdat")
    _, chunks = read(Pipe(data))
    assert sum(len(chunk.video) for chunk in chunks) == 60


def test_real_pipe(clip, read):
    data = clip()[0].read_bytes()
    inlet, outlet = os.pipe()
    feeder = threading.Thread(target=lambda: (os.write(outlet, data), os.close(outlet)))
    feeder.start()
    with open(inlet, "rb") as file:
        _, chunks = read(file)
    feeder.join()
    assert sum(len(chunk.video) for chunk in chunks) == 20


def test_seekable_file_object(clip, read):
    _, chunks = read(io.BytesIO(clip("clip.mp4")[0].read_bytes()))
    assert sum(len(chunk.video) for chunk in chunks) == 20


def test_variable_frame_times_are_exact(tmp_path, stream, pictures, write, read):
    video, pts = stream(time_base=Fraction(1, 90000)), [0, 1500, 1501, 9000, 90001]
    write(tmp_path / "a.nut", video, pictures(video, 5), pts, 700)
    reader, chunks = read(tmp_path / "a.nut")
    assert reader.video.time_base == Fraction(1, 90000)
    assert all_pts(chunks) == pts


def test_start_of_the_container_is_subtracted(tmp_path, stream, pictures, write, read, mono, tone):
    video = stream(time_base=Fraction(1, 1000))
    path = tmp_path / "a.mkv"
    write(path, video, pictures(video, 4), [2000, 2040, 2080, 2120], 40, mono, tone(0.16), 96000 + 480)
    _, (chunk,) = read(path)
    assert chunk.video.pts.tolist() == [0, 40, 80, 120]
    assert chunk.audio.pts == 480


def test_start_and_duration_cut_picture_and_sound(clip, read):
    path, _ = clip("clip.mkv", 50)
    _, chunks = read(path, start_s=0.41, duration_s=0.5)
    assert all_pts(chunks) == list(range(30, 500, 40))
    assert chunks[-1].video.last_duration == 30
    assert samples(chunks) == 24000
    assert chunks[0].audio.pts == 0


@pytest.mark.parametrize("sound", ["mkv", "wav"])
def test_a_duration_that_no_float_holds_is_cut_to_the_sample(tmp_path, clip, read, sound):
    path, _ = clip("clip.mkv", 50)
    if sound == "wav":
        path = tmp_path / "a.wav"
        soundfile.write(path, np.zeros(96000, np.int16), 48000)
    _, chunks = read(path, duration_s=0.9)  # the nearest float is more than 0.9
    assert samples(chunks) == 43200


def test_cut_keeps_the_pixels_of_the_right_frame(clip, read):
    path, _ = clip("clip.mp4", 50)
    _, whole = read(path, chunk_frames=64)
    _, part = read(path, start_s=0.4, chunk_frames=64)
    assert np.array_equal(part[0].video.values, whole[0].video.values[10:])


def test_frames_cut_the_sound_too(clip, read):
    path, _ = clip("clip.mkv", 50)
    reader, chunks = read(path, frames=10)
    assert reader.frame_count == 10
    assert sum(len(chunk.video) for chunk in chunks) == 10
    assert samples(chunks) == 19200


def test_start_behind_the_end_is_refused(clip, read):
    with pytest.raises(InputError, match=r"nothing to read from 9\.0 s on"):
        read(clip()[0], start_s=9.0)


def test_video_or_sound_alone(clip, read):
    path, _ = clip()
    reader, chunks = read(path, audio=False)
    assert reader.audio is None
    assert reader.warnings == ()
    reader, chunks = read(path, video=False, chunk_s=0.3)
    assert reader.video is None
    assert [len(chunk.audio) - chunk.audio.overlap for chunk in chunks] == [14400, 14400, 9600]


def test_resizing_keeps_the_display_aspect(clip, read):
    reader, chunks = read(clip()[0], size=(16, 16))
    assert chunks[0].video.values.shape[1:] == (16, 16, 3)
    assert reader.video.sample_aspect_ratio == 2


@pytest.mark.parametrize(("angle", "clockwise"), [(-90, 90), (90, 270), (180, 180)])
def test_rotation_is_clockwise(angle, clockwise, clip, tmp_path, read):
    path, _ = clip("clip.mp4", 3, sound=False)
    data = bytearray(path.read_bytes())
    matrices = {  # the display matrix in 16.16 numbers; FFmpeg's angle counts anticlockwise
        -90: (0, 1, -1, 0),
        90: (0, -1, 1, 0),
        180: (-1, 0, 0, -1),
    }
    a, b, c, d = (number << 16 for number in matrices[angle])
    at = data.index(b"tkhd") + 4 + 40
    numbers = [a, b, 0, c, d, 0, 0, 0, 1 << 30]
    data[at : at + 36] = b"".join(number.to_bytes(4, "big", signed=True) for number in numbers)
    (tmp_path / "turned.mp4").write_bytes(data)
    reader, _ = read(tmp_path / "turned.mp4")
    assert reader.video.rotation == clockwise


@pytest.mark.parametrize("pix_fmt", ["yuv420p10le", "yuv422p10le", "gbrp10le", "gray10le"])
def test_deep_pictures_come_as_16_bit_integers(pix_fmt, tmp_path, stream, pictures, write, read):
    chroma = {"gb": "rgb", "gr": "gray"}.get(pix_fmt[:2], pix_fmt[3:6])
    video = stream(chroma=chroma, bit_depth=10, matrix=1, color_range=1 if chroma.startswith("4") else 2)
    values = pictures(video, 2)
    write(tmp_path / "a.mkv", video, values)
    reader, (chunk,) = read(tmp_path / "a.mkv")
    assert (reader.video.chroma, reader.video.bit_depth, chunk.video.bit_depth) == (chroma, 10, 10)
    assert chunk.video.values.dtype == np.uint16
    assert np.abs(chunk.video.values.astype(int) - values).mean() < 12


def test_odd_size(tmp_path, stream, pictures, write, read):
    video = stream(width=63, height=47)
    values = pictures(video, 3)
    assert write(tmp_path / "a.mkv", video, values) == ()
    _, (chunk,) = read(tmp_path / "a.mkv")
    assert chunk.video.values.shape == (3, 47, 63, 3)
    assert np.abs(chunk.video.values.astype(int) - values).mean() < 4


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.webp"])
def test_still_image_is_one_frame(name, tmp_path, stream, pictures, write, read):
    video = stream(chroma="rgb", width=31, height=17)
    values = pictures(video, 1)
    write(tmp_path / name, video, values)
    _, (chunk,) = read(tmp_path / name)
    assert (chunk.video.pts.tolist(), chunk.video.last_duration) == ([0], 1)
    assert np.abs(chunk.video.values.astype(int) - values).max() <= (24 if name == "a.jpg" else 0)


def test_gap_in_a_files_sound_is_filled(tmp_path, read):
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        track = out.add_stream("pcm_s16le", rate=48000, layout="mono")
        for first in (0, 4800, 14400):
            block = np.full((1, 4800), 8000, np.int16)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, first, Fraction(1, 48000)
            out.mux(track.encode(frame))
        out.mux(track.encode(None))
    reader, (chunk,) = read(tmp_path / "a.mkv")
    assert len(chunk.audio) == 19200
    assert not chunk.audio.values[9600:14400].any()
    assert reader.warnings == ("gaps in the sound are filled with silence",)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_file_cut_short_is_refused(name, part, tmp_path, stream, write, read):
    video = stream()
    noise = np.random.default_rng(0).integers(0, 256, (50, 16, 32, 3)).astype(np.uint8)
    write(tmp_path / name, video, noise)
    data = (tmp_path / name).read_bytes()
    if name == "a.mp4":
        data = with_index_first(data)
    (tmp_path / name).write_bytes(data[: round(len(data) * part)])
    with pytest.raises(InputError, match=name):
        read(tmp_path / name)
    reader, chunks = read(tmp_path / name, ignore_errors=True)
    assert 0 < sum(len(chunk.video) for chunk in chunks) < 50
    assert reader.warnings


def with_index_first(data):
    """An MP4 file with moov moved before mdat, the offsets in its stco moved too."""
    at = data.index(b"mdat") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    moov = bytearray(data[at + size :])
    table = moov.index(b"stco") + 8
    for entry in range(int.from_bytes(moov[table : table + 4], "big")):
        place = slice(table + 4 + 4 * entry, table + 8 + 4 * entry)
        moov[place] = (int.from_bytes(moov[place], "big") + len(moov)).to_bytes(4, "big")
    return data[:at] + bytes(moov) + data[at : at + size]


def test_missing_index_is_named(clip, tmp_path, read):
    data = clip("clip.mp4")[0].read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: data.index(b"moov") - 4])
    with pytest.raises(InputError, match=r"cut\.mp4: the index \(moov\) is missing"):
        read(tmp_path / "cut.mp4")


@pytest.mark.parametrize(
    ("name", "message"),
    [("text.mp4", "not media that FFmpeg can read"), ("none.mp4", "no such file"), ("folder", "is a directory"),
     ("empty.mp4", "not media that FFmpeg can read")],
)  # fmt: skip
def test_what_is_no_media_is_refused_in_one_line(name, message, tmp_path, read, capfd):
    (tmp_path / "text.mp4").write_text("This is a text.\n" * 50)
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_unknown_demuxer_is_refused(clip, read):
    with pytest.raises(InputError, match="nonsense"):
        read(clip()[0], format="nonsense")


@pytest.mark.parametrize(
    "options", [{"start_s": -1}, {"frames": 0}, {"overlap_s": 2}, {"size": (0, 4)}, {"threads": 0}]
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(InputError, match=next(iter(options))):
        ReadConfig(**options)


def test_reader_holds_little_more_than_a_chunk(clip):
    path, _ = clip("clip.nut", 100)
    with MediaReader(path, ReadConfig(chunk_frames=4)) as reader:
        chunks = reader.chunks()
        next(chunks)
        decoded = reader._decoder.frames_read
    assert decoded <= 4 + 1 + 50 + 1  # the rest is the wait for sound, at most 2 s


def test_second_streams_are_named(tmp_path, read):
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        tracks = [out.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(2)]
        for track in tracks:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
            frame.sample_rate = 8000
            out.mux(track.encode(frame))
            out.mux(track.encode(None))
    reader, _ = read(tmp_path / "a.mkv")
    assert reader.warnings == ("further audio tracks are not kept",)


def test_long_and_short_blocks_of_ogg_follow_each_other_without_gaps(tmp_path):
    values = np.random.default_rng(0).normal(0, 0.01, (88_200, 2))
    values[::9000] = 0.9
    soundfile.write(tmp_path / "a.ogg", values, 44_100, format="OGG", subtype="VORBIS")
    with MediaReader(tmp_path / "a.ogg", ReadConfig()) as reader:
        read = np.concatenate([chunk.audio.values[chunk.audio.overlap :] for chunk in reader.chunks()])
        assert reader.warnings == ()
    np.testing.assert_allclose(read, soundfile.read(tmp_path / "a.ogg")[0], atol=1e-4)


def test_sound_that_changes_its_channels_gets_those_that_the_stream_has(tmp_path):
    for channels in (2, 1):
        encode_sound(tmp_path / f"{channels}.ac3", np.zeros((9000, channels), np.float32), 48_000, "ac3", 96_000)
    (tmp_path / "a.ac3").write_bytes(b"".join((tmp_path / f"{k}.ac3").read_bytes() for k in (2, 1)))
    with MediaReader(tmp_path / "a.ac3", ReadConfig()) as reader:
        assert {chunk.audio.values.shape[1] for chunk in reader.chunks()} == {reader.audio.channels}
        assert any("changes its rate or channels" in warning for warning in reader.warnings)


def exif(orientation):
    """The least that says how a camera was held: one entry, 0x0112, of one 16-bit number."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)


@pytest.mark.skipif(int(av.__version__.split(".")[0]) < 17, reason="this FFmpeg does not read EXIF")
def test_a_photo_is_turned_as_its_exif_says(tmp_path, stream, pictures, write, read):
    write(tmp_path / "a.jpg", stream(), pictures(stream(), 1))
    picture = (tmp_path / "a.jpg").read_bytes()
    segment = exif(6)
    head = picture[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment
    (tmp_path / "held.jpg").write_bytes(head + picture[2:])
    reader, (chunk,) = read(tmp_path / "held.jpg")
    assert (reader.video.rotation, chunk.video.values.shape, reader.warnings) == (90, (1, 16, 32, 3), ())


def test_a_tiff_is_read(tmp_path, stream, pictures, write, read):
    video = stream(chroma="rgb")
    write(tmp_path / "a.tiff", video, pictures(video, 1))
    reader, (chunk,) = read(tmp_path / "a.tiff")
    assert np.array_equal(chunk.video.values, pictures(video, 1))
    assert reader.warnings == ()
