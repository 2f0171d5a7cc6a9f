"""The media set beside the project, file by file; skipped where it is absent."""

import numpy as np
import pytest
from inrv_format.errors import InputError

from invr.media import MediaReader, ReadConfig, ShotLengths


def count(path, **config):
    with MediaReader(path, ReadConfig(**config)) as reader:
        frames = samples = 0
        for chunk in reader.chunks():
            frames += len(chunk.video) if chunk.video else 0
            samples += len(chunk.audio) - chunk.audio.overlap if chunk.audio else 0
    return reader, frames, samples


@pytest.mark.parametrize(
    ("name", "frames"),
    [("realshort_320x240_36f", 36), ("talkinghead_aoc_512_8s", 200), ("london_320x240_60fps_5s", 300)],
)
def test_every_frame_is_read(name, frames, real):
    reader, found, samples = count(real(f"video/{name}.mp4"))
    assert found == reader.frame_count == frames
    assert samples / reader.audio.sample_rate_hz == pytest.approx(reader.duration_s, abs=0.025)


@pytest.mark.parametrize(
    ("name", "frames", "samples", "warnings"),
    [
        ("alpha_vp9_720p_2s.webm", 120, 0, ("the alpha channel is not kept",)),
        ("interlaced_h264_640x360.mp4", 126, 0, ("interlaced fields are stored as whole frames",)),
        ("rot90_tiny.mov", 3, 0, ()),
        ("street_subtitle_srt.mkv", 30, 44544, ("subtitles are not kept",)),
        ("hdr10_av1_portrait.mp4", 127, 200704, ()),
    ],
)
def test_edge_files_are_read(name, frames, samples, warnings, real):
    size = (72, 128) if name.startswith("hdr10") else None
    reader, *found = count(real(f"edge/{name}"), size=size)
    assert found == [frames, samples]
    assert reader.warnings == warnings


def test_rotated_file(real):
    assert count(real("edge/rot90_tiny.mov"))[0].video.rotation == 90


def test_hdr_file_is_described(real):
    video = count(real("edge/hdr10_av1_portrait.mp4"), frames=2)[0].video
    assert (video.bit_depth, video.matrix, video.primaries, video.transfer, video.color_range) == (10, 9, 9, 16, 1)


def test_variable_frame_rate_file(real):
    path = real("edge/screen_vfr_3026x1386.mp4")
    with MediaReader(path, ReadConfig(size=(302, 138))) as reader:
        pts = np.concatenate([chunk.video.pts for chunk in reader.chunks()])
    gaps = np.diff(pts) * float(reader.video.time_base)
    assert len(pts) == 63
    assert (gaps.min(), gaps.max()) == (pytest.approx(0.005, abs=1e-3), pytest.approx(1.570, abs=1e-3))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bad_corrupted_midstream.mp4", "decoding failed after 28 frames"),
        ("bad_truncated_no_moov.mp4", r"the index \(moov\) is missing"),
        ("bad_invalid.wav", "not media that FFmpeg can read"),
    ],
)
def test_bad_files_are_refused(name, message, real):
    with pytest.raises(InputError, match=message):
        count(real(f"edge/{name}"))


def test_damage_can_be_ignored(real):
    reader, frames, _ = count(real("edge/bad_corrupted_midstream.mp4"), ignore_errors=True)
    assert frames >= 28
    assert any("decoding failed" in warning for warning in reader.warnings)


def pictures(path, frames):
    with MediaReader(path, ReadConfig(frames=frames, size=(176, 144), audio=False)) as reader:
        return np.concatenate([chunk.video.values for chunk in reader.chunks()])


@pytest.mark.parametrize(
    ("names", "sizes"),
    [
        (["akiyo_cif_300f.mp4"], [60]),
        (["foreman_qcif_30f_raw.avi"], [30]),
        (["calendar_180x144_41f_ffv1.mkv"], [41]),
        (["realshort_320x240_36f.mp4", "foreman_qcif_30f_raw.avi", "akiyo_cif_300f.mp4"], [36, 30, 60]),
    ],
)
def test_chunks_follow_real_shots(names, sizes, real):
    lengths = ShotLengths(128, 8)
    for name in names:
        for frame in pictures(real(f"video/{name}"), 60):
            lengths.add(frame, 0.04)
    lengths.end()
    assert list(iter(lengths.take, None)) == sizes


@pytest.mark.parametrize(
    ("name", "samples"),
    [("gt_bach.wav", 308207), ("lyra_speech_48k.wav", 165531), ("vibeace_44k_stereo_10s.flac", 441000)],
)
def test_sound_files(name, samples, real):
    assert count(real(f"audio/{name}"))[1:] == (0, samples)


@pytest.mark.parametrize(("name", "components"), [("camera_gray_512.png", 1), ("chelsea_451x300.png", 3)])
def test_images(name, components, real):
    reader, frames, _ = count(real(f"image/{name}"))
    assert (frames, reader.video.components) == (1, components)
