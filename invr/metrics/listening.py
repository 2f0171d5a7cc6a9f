"""Scores of sound that model a listener, by optional packages, and the table of all scores of sound.

ViSQOL, PESQ and CDPAM were made for some seconds of sound. Sound longer than LONGEST_PART_S is cut into the fewest
equal parts that are no longer, and the score is the mean over the parts; shorter sound is measured whole. Every score
is of the mean of the channels, resampled (scipy's resample_poly) where the package wants another rate. InputError
says why a sound cannot be measured, UnsupportedError what is not installed.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Collection
from functools import lru_cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from inrv_format.errors import InputError, UnsupportedError
from torch import Tensor
from torch.nn import functional

from invr.metrics.fidelity import snr_db
from invr.metrics.optional import existing, imported
from invr.metrics.sound import Samples, Sound, log_spectral_distance_db, sound_psnr_db

EXTRA = "metrics"
LONGEST_PART_S = 10
VISQOL_AUDIO_HZ, VISQOL_SPEECH_HZ = 48000, 16000
PESQ_HZ = 16000
CDPAM_HZ = 22050
CDPAM_SCALE = 32768
CDPAM_FILE = "CDPAM_trained/scratchJNDdefault_best_model.pth"


def visqol_mos(reference: Sound, decoded: Sound, sample_rate_hz: int, *, speech: bool = False) -> float:
    """ViSQOL's MOS-LQO, 1 to 5 (Chinen et al. 2020), by visqol-python: at 48 kHz, or with `speech` at 16 kHz.

    An exact copy scores 4.73, of speech 5.0. Speech is mapped by the polynomial, not by the lattice network of newer
    versions, so that the score does not depend on what else is installed; the package warns of 1 to 2 points more.
    """
    metric = "ViSQOL"
    api = _visqol(speech)
    rate_hz = VISQOL_SPEECH_HZ if speech else VISQOL_AUDIO_HZ

    def score(reference: Samples, decoded: Samples) -> float | None:
        if not _audible(reference, decoded, metric):
            return None
        try:
            return float(api.measure_from_arrays(reference, decoded, rate_hz).moslqo)
        except (ValueError, IndexError) as error:  # too few patches, or none with a voice
            raise InputError(f"{metric} needs about a second of sound, for speech with a voice in it") from error

    return _mean_over_parts(_mono_pair(reference, decoded, sample_rate_hz, rate_hz, metric), rate_hz, score, metric)


def pesq_mos(reference: Sound, decoded: Sound, sample_rate_hz: int) -> float:
    """Wideband PESQ as MOS-LQO, 1.04 to 4.64 (ITU-T P.862.2), at 16 kHz, by pesq.

    Parts whose reference holds no utterance are left out. The cut into parts is needed for more than comparison: the
    package holds 50 utterances and writes past its memory where a sound has more; 10 s have room for half as many.
    """
    metric = "PESQ"
    package = imported("pesq", EXTRA, metric)
    pair = _mono_pair(reference, decoded, sample_rate_hz, PESQ_HZ, metric)
    return _mean_over_parts(pair, PESQ_HZ, partial(_pesq_part, package), metric)


def stoi(reference: Sound, decoded: Sound, sample_rate_hz: int) -> float:
    """Short-time objective intelligibility, 0 to 1 (Taal et al. 2011, not extended), by pystoi, never in parts."""
    package = imported("pystoi", EXTRA, "STOI")
    pair = _mono_pair(reference, decoded, sample_rate_hz, sample_rate_hz, "STOI")
    if not pair[0].any():
        raise InputError("STOI finds nothing to measure in the reference")
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return float(package.stoi(*pair, sample_rate_hz, extended=False))
        except RuntimeWarning as warning:
            raise InputError("STOI needs 0.4 s of sound that is not silent") from warning


def cdpam_distance(reference: Sound, decoded: Sound, sample_rate_hz: int) -> float:
    """CDPAM (Manocha et al. 2021), by cdpam: 0 for a copy, below 0.4 for good sound (Mahdi 2025, section 4.3.4).

    At 22.05 kHz and in steps of 16 bits, as the package's own `load_audio`; it resamples by another filter.
    """
    metric = "CDPAM"
    models = imported("cdpam.models", EXTRA, metric)
    network = _cdpam_network(models, existing(Path(str(models.__file__)).parent / CDPAM_FILE, metric))

    def features(sound: Samples) -> Tensor:
        steps = torch.from_numpy(np.round(sound * CDPAM_SCALE).astype(np.float32))
        _, acoustics, _ = network.base_encoder(steps[None, None])
        return functional.normalize(acoustics, dim=1)

    @torch.no_grad()
    def score(reference: Samples, decoded: Samples) -> float:
        return float(network.model_dist(features(reference), features(decoded)))

    return _mean_over_parts(_mono_pair(reference, decoded, sample_rate_hz, CDPAM_HZ, metric), CDPAM_HZ, score, metric)


def compression_quality(compressed_bytes: int, original_bytes: int, cdpam: float) -> float:
    """Q_comp = compressed / original * CDPAM^2, lower is better (Mahdi 2025, eq. 4.2).

    The original size is that of the samples as 16-bit PCM without a header: 2 bytes a sample and channel.
    """
    return compressed_bytes / original_bytes * cdpam**2


def sound_scores(
    reference: Sound, decoded: Sound, sample_rate_hz: int, wanted: Collection[str]
) -> tuple[dict[str, float], dict[str, str]]:
    """Scores of a sound [N, C] in [-1, 1] by name, and for each wanted score that cannot be measured the reason.

    `wanted` are names of SOUND_METRICS. InputError where the sounds are not two of one shape with finite samples.
    """
    unknown = sorted(set(wanted) - set(SOUND_METRICS))
    if unknown:
        raise InputError(f"sound metric {unknown[0]}: allowed are {', '.join(SOUND_METRICS)}")
    if reference.shape != decoded.shape or not reference.size:
        raise InputError(f"sounds of shape {reference.shape} and {decoded.shape}: allowed is one shape, not empty")
    if not (np.isfinite(reference).all() and np.isfinite(decoded).all()):
        raise InputError("sound with samples that are not finite numbers")
    scores: dict[str, float] = {}
    missing: dict[str, str] = {}
    for name in [name for name in SOUND_METRICS if name in wanted]:
        try:
            scores[name] = SOUND_METRICS[name](reference, decoded, sample_rate_hz)
        except (InputError, UnsupportedError) as error:
            missing[name] = str(error)
    return scores, missing


def _mono_pair(reference: Sound, decoded: Sound, from_hz: int, to_hz: int, metric: str) -> tuple[Samples, Samples]:
    """Means over the channels of two sounds [N, C], at another rate."""
    one, other = (sound.mean(axis=1, dtype=np.float64) for sound in (reference, decoded))
    if from_hz == to_hz:
        return one, other
    signal = imported("scipy.signal", EXTRA, metric)
    common = math.gcd(from_hz, to_hz)
    up, down = to_hz // common, from_hz // common
    return signal.resample_poly(one, up, down), signal.resample_poly(other, up, down)


def _mean_over_parts(
    pair: tuple[Samples, Samples], rate_hz: int, score: Callable[[Samples, Samples], float | None], metric: str
) -> float:
    """Mean of `score` over equal parts of LONGEST_PART_S at most, without those where it is None."""
    parts = -(-len(pair[0]) // (LONGEST_PART_S * rate_hz))
    cuts = [np.array_split(sound, parts) for sound in pair]
    scores = [score(one, other) for one, other in zip(*cuts, strict=True)]
    found = [value for value in scores if value is not None]
    if not found:
        raise InputError(f"{metric} finds nothing to measure in the reference")
    return math.fsum(found) / len(found)


def _audible(reference: Samples, decoded: Samples, metric: str) -> bool:
    """Whether there is a reference to compare with; InputError where the decoded sound alone is silent."""
    if reference.any() and not decoded.any():
        raise InputError(f"{metric} cannot measure a decoded sound that is silent where the reference is not")
    return bool(reference.any())


def _pesq_part(package: ModuleType, reference: Samples, decoded: Samples) -> float | None:
    """PESQ of one part, None where the reference holds no utterance."""
    if not _audible(reference, decoded, "PESQ"):
        return None
    try:
        return float(package.pesq(PESQ_HZ, reference, decoded, "wb"))
    except package.NoUtterancesError as error:
        # Left out only if it is the reference that has none: a decoded sound that cannot be aligned is no silence.
        if reference is not decoded and _pesq_part(package, reference, reference) is not None:
            raise InputError("PESQ cannot align the decoded sound with the reference") from error
        return None
    except package.BufferTooShortError as error:
        raise InputError("PESQ needs a quarter of a second of sound") from error
    except (package.PesqError, ValueError) as error:
        raise InputError(f"PESQ cannot measure this sound: {error}") from error


@lru_cache(maxsize=2)
def _visqol(speech: bool) -> Any:
    api = imported("visqol", EXTRA, "ViSQOL").VisqolApi()
    api.create(mode="speech" if speech else "audio", use_lattice_model=False)
    return api


@lru_cache(maxsize=1)
def _cdpam_network(models: ModuleType, weights: Path) -> Any:
    """The network as `cdpam.CDPAM` builds it, but on the CPU."""
    network = models.FINnet(
        dev=torch.device("cpu"),
        encoder_layers=16,
        encoder_filters=64,
        ndim=[16, 6],
        classif_dp=0.05,
        classif_BN=0,
        classif_act="no",
        input_size=512,
    )
    # A pickle that weights_only refuses (protocol 4). It is loaded all the same because it lies in the package whose
    # code has just been imported: who could change the one could change the other.
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=False)["state"])
    return network.eval()


# A new score is one function of two sounds [N, C] and their rate in Hz, and one line here.
SOUND_METRICS: dict[str, Callable[[Sound, Sound, int], float]] = {
    "psnr_db": lambda reference, decoded, _: sound_psnr_db(reference, decoded),
    "snr_db": lambda reference, decoded, _: snr_db(reference, decoded),
    "lsd_db": log_spectral_distance_db,
    "visqol_mos": visqol_mos,
    "visqol_speech_mos": partial(visqol_mos, speech=True),
    "pesq_mos": pesq_mos,
    "stoi": stoi,
    "cdpam": cdpam_distance,
}
# Those that say nothing about sound other than speech.
SPEECH_METRICS = frozenset({"visqol_speech_mos", "pesq_mos", "stoi"})
