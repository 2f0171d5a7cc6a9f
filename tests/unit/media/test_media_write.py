"""Writing: every muxer comes back as it went in, failures leave nothing behind."""

import errno
import io
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
import soundfile
from inrv_format.errors import InputError, OutputError
from inrv_format.streams import AudioStream

from invr.media import RateChange, WriteConfig, open_sink


class FullDisk(io.RawIOBase):
    """Takes some bytes, then none."""

    def __init__(self, room=2000, error=errno.ENOSPC):
        self._room = room
        self._error = error

    def writable(self):
        return True

    def write(self, data):
        self._room -= len(data)
        if self._room < 0:
            raise OSError(self._error, "No space left on device")
        return len(data)


class Sip(io.RawIOBase):
    """Takes at most 100 bytes a call."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data[:100])
        return min(len(data), 100)


def test_mp4_gives_back_frames_times_and_size(tmp_path, stream, pictures, write, read):
    video, pts = stream(time_base=Fraction(1, 90000)), [0, 3003, 6006, 20000, 20001, 90000]
    values = pictures(video, 6)
    assert write(tmp_path / "a.mp4", video, values, pts, 1234) == ()
    reader, (chunk,) = read(tmp_path / "a.mp4")
    assert reader.video.time_base == Fraction(1, 90000)
    assert chunk.video.pts.tolist() == pts
    if hasattr(av.VideoFrame, "duration"):  # from PyAV 15 on
        assert chunk.video.last_duration == 1234
    assert np.abs(chunk.video.values.astype(int) - values).mean() < 6


@pytest.mark.parametrize("base", [Fraction(1001, 30000), Fraction(1, 25), Fraction(1, 12800), Fraction(1, 1000000)])
def test_mp4_keeps_times_in_every_time_base(base, tmp_path, stream, pictures, write, read):
    video = stream(time_base=base)
    step = max(1, round(Fraction(1, 25) / base))
    write(tmp_path / "a.mp4", video, pictures(video, 5), np.arange(5) * step, step)
    reader, (chunk,) = read(tmp_path / "a.mp4")
    times = [int(pts) * reader.video.time_base for pts in chunk.video.pts]
    assert times == [n * step * base for n in range(5)]


def test_mp4_keeps_the_offset_between_picture_and_sound(tmp_path, stream, pictures, write, read, mono, tone):
    video = stream(time_base=Fraction(1, 12800))
    write(tmp_path / "a.mp4", video, pictures(video, 10), 1000 + 512 * np.arange(10), 512, mono, tone(0.4))
    _, (chunk,) = read(tmp_path / "a.mp4")
    assert chunk.video.pts[0] == 1000
    assert chunk.audio.pts == 0


@pytest.mark.parametrize(
    ("name", "rate"),
    [("a.mp4", 48000), ("a.mp4", 22050), ("a.mkv", 44100), ("a.webm", 48000), ("a.webm", 44100), ("a.nut", 16000),
     ("pipe.mp4", 48000)],
)  # fmt: skip
def test_click_stays_in_place(name, rate, tmp_path, stream, pictures, write, read):
    video, audio = stream(), AudioStream(rate, 1, "mono")
    samples = np.zeros((rate, 1), np.float32)
    at = rate // 2
    samples[at : at + 4] = 0.9
    target = tmp_path / name
    if name == "pipe.mp4":
        sink = Sip()
        write(sink, video, pictures(video, 25), audio=audio, samples=samples, format="mp4")
        target.write_bytes(sink.data)
    else:
        write(target, video, pictures(video, 25), audio=audio, samples=samples)
    reader, (chunk,) = read(target)
    found = (np.abs(chunk.audio.values[:, 0]).argmax() + chunk.audio.pts) / reader.audio.sample_rate_hz
    assert abs(found - (at + 2) / rate) < 0.001
    assert chunk.video.pts[0] == 0


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm", "a.nut", "a.wav", "a.flac", "a.ogg", "a.opus", "a.m4a"])
def test_sound_formats_keep_channels_and_length(name, channels, tmp_path, write, read, tone):
    audio = AudioStream(48000, channels, {1: "mono", 2: "stereo", 6: "5.1"}[channels])
    samples = tone(0.5, channels=channels)
    write(tmp_path / name, audio=audio, samples=samples)
    reader, chunks = read(tmp_path / name)
    values = np.concatenate([chunk.audio.values[chunk.audio.overlap :] for chunk in chunks])
    assert reader.audio.channels == channels
    assert abs(len(values) - 24000) <= 1024
    middle = slice(4000, 20000)
    assert np.abs(values[middle] - samples[middle]).mean() < 0.1


def test_mp3(tmp_path, write, read, tone, mono):
    write(tmp_path / "a.mp3", audio=mono, samples=tone(0.5))
    reader, chunks = read(tmp_path / "a.mp3")
    assert reader.audio.sample_rate_hz == 48000
    assert abs(sum(len(chunk.audio) for chunk in chunks) - 24000) < 1200


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mkv", "a.nut"])
def test_16_bit_sound_is_kept_exactly(name, tmp_path, write, read):
    codes = np.random.default_rng(2).integers(-32768, 32768, (5000, 2))
    samples = (codes / 32768).astype(np.float32)
    write(tmp_path / name, audio=AudioStream(44100, 2, "stereo"), samples=samples)
    _, (chunk,) = read(tmp_path / name)
    assert np.array_equal(chunk.audio.values, samples)


def test_deep_sound_is_written_as_float(tmp_path, write, tone):
    write(tmp_path / "a.wav", audio=AudioStream(48000, 1, "mono", 24), samples=tone(0.1))
    assert soundfile.info(str(tmp_path / "a.wav")).subtype == "FLOAT"


def test_wav_to_a_pipe(write, read, tone, mono):
    sink = Sip()
    write(sink, audio=mono, samples=tone(0.2), format="wav")
    _, (chunk,) = read(io.BytesIO(bytes(sink.data)))
    assert len(chunk.audio) == 9600


def test_gap_between_writes_becomes_silence(tmp_path, mono, tone):
    with open_sink(tmp_path / "a.wav", None, mono, WriteConfig()) as sink:
        sink.write_audio(tone(0.01), 0)
        sink.write_audio(tone(0.01), 960)
    samples, _ = soundfile.read(str(tmp_path / "a.wav"))
    assert len(samples) == 1440
    assert not samples[480:960].any()


@pytest.mark.parametrize(
    ("chroma", "bits", "expected"),
    [("420", 8, "yuv420p"), ("422", 8, "yuv422p"), ("444", 10, "yuv444p10le"), ("gray", 8, "gray"),
     ("gray", 12, "gray12le"), ("rgb", 8, "bgr0"), ("rgb", 10, "gbrp10le"), ("rgb", 16, "gbrp16le")],
)  # fmt: skip
def test_matroska_keeps_chroma_and_depth(chroma, bits, expected, tmp_path, stream, pictures, write, read):
    video = stream(chroma=chroma, bit_depth=bits)
    values = pictures(video, 2)
    assert write(tmp_path / "a.mkv", video, values) == ()
    with av.open(str(tmp_path / "a.mkv")) as container:
        assert container.streams.video[0].codec_context.pix_fmt == expected
    reader, (chunk,) = read(tmp_path / "a.mkv")
    assert (reader.video.chroma, reader.video.bit_depth) == (chroma, bits)
    if chroma in ("rgb", "gray"):
        assert np.array_equal(chunk.video.values, values)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_colour_tags_and_shape_of_pixels_are_kept(name, tmp_path, stream, pictures, write, read):
    video = stream(
        matrix=9, primaries=9, transfer=16, color_range=1, bit_depth=10, sample_aspect_ratio=Fraction(4, 3)
    )
    write(tmp_path / name, video, pictures(video, 2))
    back = read(tmp_path / name)[0].video
    assert (back.matrix, back.primaries, back.transfer, back.color_range) == (9, 9, 16, 1)
    assert (back.bit_depth, back.rotation) == (10, 0)
    if name == "a.mp4":
        assert back.sample_aspect_ratio == Fraction(4, 3)


def test_ffv1_holds_the_sample_aspect_ratio(tmp_path, stream, pictures, write):
    video = stream(sample_aspect_ratio=Fraction(4, 3))
    assert write(tmp_path / "a.mkv", video, pictures(video, 1)) == ()
    graph = av.filter.Graph()
    with av.open(str(tmp_path / "a.mkv")) as container, av.logging.Capture() as logs:
        nodes = graph.add_buffer(template=container.streams.video[0]), graph.add("showinfo"), graph.add("buffersink")
        graph.link_nodes(*nodes).configure()
        av.logging.set_level(av.logging.INFO)
        graph.push(next(container.decode(video=0)))
        graph.pull()
    av.logging.set_level(None)
    shown = [text for _, _, text in logs if "sar:" in text]
    if int(av.__version__.split(".")[0]) < 17:
        pytest.skip("PyAV before 17 loses the ratio between filter and encoder")
    assert "sar:4/3" in shown[0]


def test_lost_sample_aspect_ratio_is_named(tmp_path, stream, pictures, write):
    video = stream(sample_aspect_ratio=Fraction(4, 3))
    (warning,) = write(tmp_path / "a.y4m", video, pictures(video, 1))
    assert "sample aspect ratio 4/3" in warning


def test_full_range_is_kept(tmp_path, stream, pictures, write, read):
    video = stream(color_range=2, matrix=1)
    values = pictures(video, 2)
    write(tmp_path / "a.mp4", video, values)
    reader, (chunk,) = read(tmp_path / "a.mp4")
    assert reader.video.color_range == 2
    assert np.abs(chunk.video.values.astype(int) - values).mean() < 6


def test_odd_size_in_mp4_is_written_with_full_chroma(tmp_path, stream, pictures, write, read):
    video = stream(width=63, height=47)
    warnings = write(tmp_path / "a.mp4", video, pictures(video, 2))
    assert warnings == ("the odd size 63x47 is written as yuv444p",)
    assert read(tmp_path / "a.mp4")[1][0].video.values.shape == (2, 47, 63, 3)


@pytest.mark.parametrize("chroma", ["420", "rgb", "gray"])
@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.nut", "a.y4m", "a.avi", "a.mov"])
def test_every_muxer_takes_every_chroma(name, chroma, tmp_path, stream, pictures, write, read):
    video = stream(chroma=chroma)
    values = pictures(video, 4)
    write(tmp_path / name, video, values)
    _, (chunk,) = read(tmp_path / name)
    assert chunk.video.values.shape[:3] == (4, 16, 32)
    assert np.abs(chunk.video.values.astype(int) - values).mean() < 6


@pytest.mark.parametrize("bits", [8, 10])
def test_y4m_has_no_sound_and_says_so(bits, tmp_path, stream, pictures, write, read, mono, tone):
    video = stream(bit_depth=bits)
    warnings = write(tmp_path / "a.y4m", video, pictures(video, 4), audio=mono, samples=tone(0.1), format="y4m")
    assert warnings == ("yuv4mpegpipe takes no sound",)
    reader, (chunk,) = read(tmp_path / "a.y4m")
    assert reader.video.bit_depth == bits
    assert len(chunk.video) == 4


FINE = {"time_base": Fraction(1, 12800), "average_rate": Fraction(30_000, 1001)}


@pytest.mark.parametrize("name", ["a.y4m", "a.avi"])
def test_a_rate_is_told_that_is_no_time_base(name, tmp_path, stream, pictures, write):
    video = stream(**FINE, sample_aspect_ratio=Fraction(1 if name == "a.y4m" else 2))
    pts = [round(n * Fraction(1001, 30_000) * 12800) for n in range(6)]
    assert write(tmp_path / name, video, pictures(video, 6), pts, 427) == ()
    with av.open(str(tmp_path / name)) as container:
        assert container.streams.video[0].average_rate == Fraction(30_000, 1001)
        assert [packet.pts for packet in container.demux(video=0) if packet.size] == list(range(6))


@pytest.mark.parametrize(("name", "numbers"), [("a.y4m", [0, 1, 2]), ("a.avi", [0, 1, 4])])
def test_times_beside_the_rate_are_named_where_they_are_lost(name, numbers, tmp_path, stream, pictures, write):
    video = stream(time_base=Fraction(1, 1000))
    even = write(tmp_path / name, video, pictures(video, 3), [0, 41, 79], 41)
    uneven = write(tmp_path / name, video, pictures(video, 3), [0, 40, 160], 40)
    with av.open(str(tmp_path / name)) as container:
        assert [packet.pts for packet in container.demux(video=0) if packet.size] == numbers
    lost = "frames are written at 25 a second: their own times are not kept"
    assert (even, uneven) == ((), (lost,) if name == "a.y4m" else ())


CLOCKED = [
    ("avi", "mjpeg", "mjpeg", Fraction(30_000, 1001)),
    ("mp4", "mpeg4", "mpeg4", Fraction(30_000, 1001)),
    ("mpegts", "mpeg2video", "mpeg2video", Fraction(30_000, 1001)),
    ("h264", "libx264", "h264", Fraction(30_000, 1001)),
]


@pytest.mark.parametrize(("muxer", "codec", "found", "rate"), CLOCKED)
def test_codecs_whose_clock_is_a_rate(muxer, codec, found, rate, tmp_path, stream, pictures, write):
    video = stream(**FINE | {"time_base": Fraction(1, 90_000)})
    values = pictures(video, 30)
    assert write(tmp_path / "a", video, values, 3003 * np.arange(30), 3003, format=muxer, video_codec=codec) == ()
    with av.open(str(tmp_path / "a"), format=muxer) as container:
        track = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert (track.codec_context.name, track.guessed_rate) == (found, rate)
    assert np.abs(np.stack(frames).astype(int) - values).mean() < 12


def test_a_rate_that_a_codec_lacks_is_rounded_and_named(tmp_path, stream, pictures, write):
    video = stream(time_base=Fraction(1, 22), average_rate=Fraction(22))
    warnings = write(tmp_path / "a.ts", video, pictures(video, 30), video_codec="mpeg2video")
    assert warnings == ("frames are written at 24000/1001 a second: their own times are not kept",)


@pytest.mark.parametrize(("muxer", "encoder"), [("mp3", "libmp3lame"), ("mp2", "mp2")])
def test_more_channels_than_a_codec_takes_are_mixed(muxer, encoder, tmp_path, write, tone):
    surround = AudioStream(48_000, 6, "5.1")
    samples = np.zeros((24_000, 6), np.float32)
    samples[:, 2] = tone(0.5, 48_000)[:, 0]
    warnings = write(tmp_path / "a", audio=surround, samples=samples, format=muxer)
    assert warnings == (f"{encoder} takes 2 channels: 5.1 is mixed to stereo",)
    with av.open(str(tmp_path / "a"), format="mp3") as container:
        mixed = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    assert mixed.shape[0] == 2
    # the centre goes to both sides
    assert np.corrcoef(mixed)[0, 1] > 0.999 and mixed.max() > 0.1


@pytest.mark.parametrize(
    ("muxer", "codecs"),
    [
        ("flv", ["h264", "aac"]),
        ("mpeg", ["mpeg1video", "mp2"]),
        ("ivf", ["vp8"]),
        ("adts", ["aac"]),
        ("caf", ["pcm_s16le"]),
    ],
)
def test_muxers_get_the_codecs_that_they_take(muxer, codecs, tmp_path, stream, pictures, write, mono, tone):
    video = stream()
    write(tmp_path / "a", video, pictures(video, 5), audio=mono, samples=tone(0.2), format=muxer)
    with av.open(str(tmp_path / "a"), format={"adts": "aac"}.get(muxer, muxer)) as container:
        assert [track.codec_context.name for track in container.streams] == codecs


def test_a_sound_extension_gets_no_picture(tmp_path, stream, pictures, write, mono, tone):
    video = stream()
    warnings = write(tmp_path / "a.mka", video, pictures(video, 5), audio=mono, samples=tone(0.2))
    assert warnings == ("the target takes no picture",)
    with av.open(str(tmp_path / "a.mka")) as container:
        assert [track.codec_context.name for track in container.streams] == ["flac"]


def test_a_refusal_tells_why(tmp_path, stream, pictures, write):
    video = stream()
    with pytest.raises(InputError, match="'webm' format does not support 'libx264' codec"):
        write(tmp_path / "a.webm", video, pictures(video, 1), video_codec="libx264")


@pytest.mark.parametrize("muxer", [None, "nut", "mp4", "y4m"])
def test_short_writes_lose_nothing(muxer, stream, pictures, write, read):
    video, sink = stream(), Sip()
    write(sink, video, pictures(video, 8), format=muxer)
    reader, (chunk,) = read(io.BytesIO(bytes(sink.data)))
    assert int(chunk.video.pts[-1]) * reader.video.time_base == Fraction(7, 25)


def test_image_sequence(tmp_path, stream, pictures, write, read):
    video = stream(chroma="rgb")
    values = pictures(video, 3)
    write(tmp_path / "n%03d.png", video, values)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["n001.png", "n002.png", "n003.png"]
    _, (chunk,) = read(tmp_path / "n%03d.png")
    assert np.array_equal(chunk.video.values, values)


def test_two_pictures_need_a_number(tmp_path, stream, pictures, write):
    video = stream()
    with pytest.raises(InputError, match="%04d"):
        write(tmp_path / "a.png", video, pictures(video, 2))
    assert list(tmp_path.iterdir()) == []


def test_null_counts(stream, pictures, tone, mono):
    video = stream()
    with open_sink("-", video, mono, WriteConfig(format="null")) as sink:
        sink.write_video(pictures(video, 3), np.arange(3), 1)
        sink.write_audio(tone(0.1), 0)
    assert (sink.frames, sink.samples) == (3, 4800)


def test_digest_names_stream_time_size_and_hash(tmp_path, stream, pictures, write, mono, tone):
    video = stream()
    write(tmp_path / "a.txt", video, pictures(video, 2), [0, 7], audio=mono, samples=tone(0.1), format="digest")
    lines = [line.split(", ") for line in (tmp_path / "a.txt").read_text().splitlines() if line[0] != "#"]
    assert [line[:3] for line in lines] == [["0", "0", "1536"], ["0", "7", "1536"], ["1", "0", "19200"]]
    assert all(len(line[3]) == 64 for line in lines)


@pytest.mark.parametrize("muxer", ["matroska", "nut", "mp4", "wav", "digest"])
def test_full_disk_is_an_output_error(muxer, stream, write, tone, mono):
    video = None if muxer == "wav" else stream()
    noise = np.random.default_rng(0).integers(0, 256, (30, 16, 32, 3)).astype(np.uint8)
    with pytest.raises(OutputError, match="No space left on device"):
        write(FullDisk(), video, noise, audio=mono, samples=tone(2), format=muxer)


def test_closed_pipe_passes(stream, pictures, write):
    video = stream()
    with pytest.raises(BrokenPipeError):
        write(FullDisk(500, errno.EPIPE), video, pictures(video, 30))


@pytest.mark.parametrize("name", ["a.mp4", "a.wav", "a.txt"])
def test_exception_leaves_no_file(name, tmp_path, stream, tone, mono):
    video = None if name == "a.wav" else stream()
    config = WriteConfig(format="digest" if name == "a.txt" else None)
    with pytest.raises(KeyError), open_sink(tmp_path / name, video, mono, config) as sink:  # noqa: PT012
        sink.write_audio(tone(0.2), 0)
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_exception_keeps_an_older_file(tmp_path, stream):
    (tmp_path / "a.mkv").write_bytes(b"old")
    with pytest.raises(KeyError), open_sink(tmp_path / "a.mkv", stream(), None, WriteConfig()):
        raise KeyError
    assert (tmp_path / "a.mkv").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("config", "message"),
    [({"format": "nonsense"}, "format is nonsense"), ({"video_codec": "nonsense"}, "video_codec is nonsense"),
     ({"audio_codec": "libx264"}, "encodes video"), ({"pix_fmt": "nonsense"}, "pix_fmt is nonsense"),
     ({"pix_fmt": "rgba64le", "video_codec": "libx264"}, "libx264 takes"), ({"crf": 99}, "crf is 99"),
     ({"format": "webm", "video_codec": "libx264"}, "webm")],
)  # fmt: skip
def test_unknown_options_are_refused(config, message, tmp_path, stream, pictures, write, mono, tone, capfd):
    video = stream()
    with pytest.raises(InputError, match=message):
        write(tmp_path / "a.mkv", video, pictures(video, 1), audio=mono, samples=tone(0.1), **config)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_unknown_extension_is_refused(tmp_path, stream):
    with pytest.raises(InputError, match="extension 'xyz'"):
        open_sink(tmp_path / "a.xyz", stream(), None, WriteConfig())


def test_missing_folder_is_an_output_error(tmp_path, stream):
    with pytest.raises(OutputError, match="No such file or directory"):
        open_sink(tmp_path / "none" / "a.mkv", stream(), None, WriteConfig())


@pytest.mark.parametrize("to_hz", [8000, 22_050, 48_000])
def test_a_change_of_rate_keeps_time_and_tone(to_hz):
    from_hz, count = 16_000, 12_000
    tone = np.sin(2 * np.pi * 440 * np.arange(count) / from_hz).astype(np.float32)[:, None]
    line = RateChange("mono", from_hz, to_hz)
    parts = [line.push(tone[at : at + 1000], 4000 + at) for at in range(0, count, 1000)]
    parts.append(line.flush())
    assert parts[0][1] == 4000 * to_hz // from_hz
    assert all(one[1] + len(one[0]) == other[1] for one, other in pairwise(parts))
    changed = np.concatenate([values for values, _ in parts])[:, 0]
    assert abs(len(changed) - count * to_hz / from_hz) <= 1
    expected = np.sin(2 * np.pi * 440 * np.arange(len(changed)) / to_hz)
    inner = slice(to_hz // 20, -to_hz // 20)
    assert np.abs(changed - expected)[inner].max() < 0.01


def test_the_same_rate_changes_nothing_but_fills_gaps():
    line = RateChange("stereo", 8000, 8000)
    one, other = np.ones((100, 2), np.float32), np.full((50, 2), 2, np.float32)
    assert line.push(one, 10)[1] == 10
    values, pts = line.push(other, 130)
    assert pts == 110
    np.testing.assert_array_equal(values[:, 0], [0] * 20 + [2] * 50)
    assert not len(line.flush()[0])
