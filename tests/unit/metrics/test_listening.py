"""Scores that model a listener, against the packages called on their own; and what is said where one is missing."""

import math
import sys
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from inrv_format.errors import InputError, UnsupportedError

from invr.metrics import listening
from invr.metrics.optional import existing, imported

SPEECH = Path(__file__).parents[4] / "shared" / "media" / "audio" / "lyra_speech_48k.wav"


def package(name):
    """An optional package, or the test is skipped; what it warns of when imported is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason=f"{name} is not installed: pip install 'invr[metrics]'")


def noise(seconds, rate_hz, channels=1, seed=0):
    """Noise whose loudness goes up and down five times a second, as that of syllables."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    loudness = 0.05 + 0.25 * np.sin(np.pi * 5 * t) ** 2
    values = np.random.default_rng(seed).uniform(-1, 1, (len(t), channels))
    return (loudness[:, None] * values).astype(np.float32)


def distorted(sound):
    hiss = np.random.default_rng(2).normal(size=sound.shape)
    return sound + 0.05 * hiss.astype(np.float32)


def silence(sound):
    return np.zeros_like(sound)


@pytest.mark.parametrize(("mode", "rate_hz"), [("audio", 48000), ("speech", 16000)])
def test_visqol_is_the_library_s_number(mode, rate_hz):
    api = package("visqol").VisqolApi()
    api.create(mode=mode, use_lattice_model=False)
    sound = noise(1.2, rate_hz)
    other = noise(1.2, rate_hz, seed=1)
    expected = api.measure_from_arrays(sound[:, 0], other[:, 0], rate_hz).moslqo
    assert listening.visqol_mos(sound, other, rate_hz, speech=mode == "speech") == pytest.approx(expected)
    assert expected < 4.5


def test_visqol_of_a_copy():
    package("visqol")
    sound = noise(1.2, 16000)
    assert listening.visqol_mos(sound, sound, 16000) == pytest.approx(4.732, abs=1e-3)
    assert listening.visqol_mos(sound, sound, 16000, speech=True) == pytest.approx(5.0)


@pytest.mark.parametrize("speech", [False, True])
def test_visqol_of_too_short_a_sound(speech):
    package("visqol")
    sound = noise(0.25, 16000)
    with pytest.raises(InputError, match="about a second"):
        listening.visqol_mos(sound, sound, 16000, speech=speech)


def test_pesq_of_a_copy_is_the_largest_wideband_score():
    package("pesq")
    sound = noise(2, 16000)
    largest = 0.999 + 4 / (1 + math.exp(-1.3669 * 4.5 + 3.8224))  # ITU-T P.862.2 at a raw score of 4.5
    assert listening.pesq_mos(sound, sound, 16000) == pytest.approx(largest, abs=1e-3)


def test_pesq_is_the_library_s_number_of_the_mean_of_the_channels():
    pesq = package("pesq")
    reference = noise(2, 16000, channels=2)
    decoded = distorted(reference)
    expected = pesq.pesq(16000, reference.mean(1), decoded.mean(1), "wb")
    assert listening.pesq_mos(reference, decoded, 16000) == pytest.approx(expected, abs=1e-3)
    assert expected < 4.6


def test_pesq_of_another_rate_is_resampled():
    pesq = package("pesq")
    from scipy.signal import resample_poly

    reference, decoded = noise(2, 48000), noise(2, 48000, seed=1)
    expected = pesq.pesq(16000, *(resample_poly(sound[:, 0], 1, 3) for sound in (reference, decoded)), "wb")
    assert listening.pesq_mos(reference, decoded, 48000) == pytest.approx(expected, abs=1e-3)


def test_long_sound_is_the_mean_of_equal_parts():
    pesq = package("pesq")
    reference, decoded = noise(12, 16000), distorted(noise(12, 16000))
    decoded[:96000] = reference[:96000]
    parts = [pesq.pesq(16000, reference[cut, 0], decoded[cut, 0], "wb") for cut in (slice(96000), slice(96000, None))]
    assert parts[0] > parts[1] + 0.01
    assert listening.pesq_mos(reference, decoded, 16000) == pytest.approx(np.mean(parts), abs=1e-3)


def test_pesq_leaves_out_parts_whose_reference_is_silent():
    package("pesq")
    heard = noise(6, 16000)
    reference = np.concatenate([heard, silence(heard)])
    decoded = np.concatenate([distorted(heard), noise(6, 16000, seed=1)])
    assert listening.pesq_mos(reference, decoded, 16000) == listening.pesq_mos(heard, distorted(heard), 16000)


def test_pesq_finds_no_utterance_in_a_burst():
    package("pesq")
    burst = silence(noise(2, 16000))
    burst[8000:8400] = noise(0.025, 16000)
    with pytest.raises(InputError, match="PESQ finds nothing to measure in the reference"):
        listening.pesq_mos(burst, burst, 16000)


def test_pesq_that_only_the_decoded_sound_defeats_is_no_silence(monkeypatch):
    pesq = package("pesq")

    def measure(rate_hz, reference, decoded, mode):
        if reference is not decoded:
            raise pesq.NoUtterancesError
        return 4.64

    monkeypatch.setattr(pesq, "pesq", measure)
    with pytest.raises(InputError, match="PESQ cannot align"):
        listening.pesq_mos(noise(1, 16000), noise(1, 16000, seed=1), 16000)


def test_pesq_of_too_short_a_sound():
    package("pesq")
    sound = noise(0.2, 16000)
    with pytest.raises(InputError, match="PESQ needs a quarter of a second"):
        listening.pesq_mos(sound, sound, 16000)


@pytest.mark.parametrize("name", ["visqol_mos", "visqol_speech_mos", "pesq_mos"])
def test_silence_in_place_of_sound_has_no_score(name):
    package(name.split("_")[0])
    sound = noise(1.2, 16000)
    scores, missing = listening.sound_scores(sound, silence(sound), 16000, [name])
    assert not scores and "silent where the reference is not" in missing[name]


@pytest.mark.parametrize("name", ["visqol_mos", "visqol_speech_mos", "pesq_mos", "stoi"])
def test_a_silent_reference_has_no_score(name):
    package("pystoi" if name == "stoi" else name.split("_")[0])
    sound = noise(1.2, 16000)
    scores, missing = listening.sound_scores(silence(sound), sound, 16000, [name])
    assert not scores and "nothing to measure in the reference" in missing[name]


def test_stoi_of_a_copy_is_one_and_of_silence_zero():
    package("pystoi")
    sound = noise(1, 16000)
    assert listening.stoi(sound, sound, 16000) == pytest.approx(1.0)
    assert listening.stoi(sound, silence(sound), 16000) == 0.0


def test_stoi_is_the_library_s_number():
    pystoi = package("pystoi")
    reference, decoded = noise(1, 16000, channels=2), noise(1, 16000, channels=2, seed=1)
    expected = pystoi.stoi(reference.mean(1), decoded.mean(1), 16000, extended=False)
    assert listening.stoi(reference, decoded, 16000) == pytest.approx(expected, abs=1e-6)


def test_stoi_of_too_short_a_sound():
    package("pystoi")
    sound = noise(0.3, 16000)
    with pytest.raises(InputError, match=r"0\.4 s"):
        listening.stoi(sound, sound, 16000)


def test_cdpam_is_the_library_s_number(monkeypatch):
    cdpam, torch = package("cdpam"), pytest.importorskip("torch")
    load = torch.load
    # the package calls torch.load as torch was when it was written
    monkeypatch.setattr(torch, "load", partial(load, weights_only=False))
    reference, decoded = noise(0.2, 22050, channels=2), noise(0.2, 22050, channels=2, seed=1)
    steps = [np.round(sound.mean(1) * 32768).astype(np.float32)[None] for sound in (reference, decoded)]
    expected = cdpam.CDPAM(dev="cpu").forward(*steps).item()
    assert listening.cdpam_distance(reference, decoded, 22050) == pytest.approx(expected, rel=1e-3)
    assert expected > 0.01


def test_cdpam_of_a_copy_is_zero():
    package("cdpam")
    sound = noise(0.1, 44100)
    assert listening.cdpam_distance(sound, sound, 44100) == 0.0


def test_cdpam_names_the_file_that_is_missing(monkeypatch):
    package("cdpam")
    monkeypatch.setattr(listening, "CDPAM_FILE", "CDPAM_trained/lost.pth")
    sound = noise(0.1, 22050)
    with pytest.raises(UnsupportedError, match=r"CDPAM needs the file .*lost\.pth"):
        listening.cdpam_distance(sound, sound, 22050)


@pytest.mark.parametrize(("size", "cdpam", "expected"), [(100, 0.5, 0.025), (200, 0.3, 0.018)])
def test_q_comp_of_the_examples_beside_its_equation(size, cdpam, expected):
    assert listening.compression_quality(size, 1000, cdpam) == pytest.approx(expected)


def test_scores_are_those_that_were_wanted():
    sound = noise(0.5, 8000)
    scores, missing = listening.sound_scores(sound, sound / 2, 8000, {"snr_db", "lsd_db"})
    assert list(scores) == ["snr_db", "lsd_db"] and missing == {}
    assert scores == pytest.approx({"snr_db": 6.0206, "lsd_db": 6.0206}, abs=1e-3)


def test_a_missing_package_is_a_reason_and_no_failure(monkeypatch):
    monkeypatch.setitem(sys.modules, "pesq", None)
    sound = noise(0.5, 16000)
    scores, missing = listening.sound_scores(sound, sound, 16000, ["psnr_db", "pesq_mos"])
    assert scores == {"psnr_db": 100.0}
    assert missing == {"pesq_mos": "PESQ needs pesq: pip install 'invr[metrics]'"}


@pytest.mark.parametrize("decoded", [np.zeros((3, 1), np.float32), np.full((4, 1), np.nan, np.float32)])
def test_sounds_that_no_score_is_defined_for(decoded):
    with pytest.raises(InputError):
        listening.sound_scores(np.zeros((4, 1), np.float32), decoded, 8000, ["snr_db"])


def test_an_unknown_metric_is_named():
    with pytest.raises(InputError, match="sound metric loudness: allowed are psnr_db"):
        listening.sound_scores(np.zeros((4, 1), np.float32), np.zeros((4, 1), np.float32), 8000, ["loudness"])


def test_every_metric_is_in_the_table_once_and_speech_s_are_among_them():
    assert set(listening.SOUND_METRICS) > listening.SPEECH_METRICS


def test_a_package_may_warn_while_it_is_imported(tmp_path, monkeypatch):
    (tmp_path / "talkative.py").write_text("import warnings\nwarnings.warn('old', DeprecationWarning)\nanswer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert imported("talkative", "metrics", "Talk").answer == 42


def test_the_package_that_a_package_needs_is_the_one_named(tmp_path, monkeypatch):
    (tmp_path / "needy.py").write_text("import not_installed_anywhere\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnsupportedError, match="Talk needs not_installed_anywhere: pip install"):
        imported("needy", "metrics", "Talk")


def test_a_file_of_weights_that_is_there(tmp_path):
    (tmp_path / "weights").touch()
    assert existing(tmp_path / "weights", "Talk") == tmp_path / "weights"


@pytest.mark.skipif(not SPEECH.exists(), reason="the speech of /work/shared is not here")
def test_noise_makes_speech_worse_by_every_score():
    for name in ("visqol", "pesq", "pystoi"):
        package(name)
    soundfile = pytest.importorskip("soundfile")
    speech, rate_hz = soundfile.read(SPEECH, dtype="float32", always_2d=True)
    hiss = np.random.default_rng(0).normal(size=speech.shape).astype(np.float32)
    wanted = listening.SPEECH_METRICS | {"psnr_db"}
    good, _ = listening.sound_scores(speech, speech + np.float32(0.001) * hiss, rate_hz, wanted)
    bad, _ = listening.sound_scores(speech, speech + np.float32(0.05) * hiss, rate_hz, wanted)
    assert set(good) == set(wanted) and all(good[name] > bad[name] for name in wanted)
