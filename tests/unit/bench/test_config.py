"""What a TOML file may ask for."""

import pytest
from inrv_format.errors import InputError

from invr.bench.config import read_config

CLIP = '[[clip]]\nname = "a"\npath = "a.mp4"\n'
CODEC = '[[codec]]\nname = "x264-medium"\nrates = [20, 30]\n'


def read(tmp_path, text):
    path = tmp_path / "bench.toml"
    path.write_text(text)
    return read_config(path)


def test_clips_codecs_and_settings_are_read(tmp_path):
    config = read(tmp_path, 'anchors = ["x264-medium"]\n' + CLIP + "crop = [0, 1, 2, 3]\n" + CODEC)
    assert config.clips[0].crop == (0, 1, 2, 3)
    assert config.codecs[0].rates == (20, 30)
    assert config.anchors == ("x264-medium",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clip = 3 =", "bench.toml: "),
        (CLIP, "at least one"),
        (CLIP + "widht = 3\n" + CODEC, "unknown key widht"),
        (CLIP + 'medium = "smell"\n' + CODEC, "medium smell: allowed are video, audio, av, image"),
        (CLIP + CODEC + 'clips = ["b"]\n', "codec x264-medium: there is no clip b"),
        ('[[clip]]\nname = "a"\n' + CODEC, "path"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        read(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none.toml: No such file"):
        read_config(tmp_path / "none.toml")
