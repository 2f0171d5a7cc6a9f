"""The encoder's heart: networks are chosen and fitted here; decoding never imports it."""

from invr.fit.batch import Problem, fit_batch, fit_together
from invr.fit.closed import choose_lapped, solve, squared_error
from invr.fit.distill import DistilledObjective
from invr.fit.finetune import finetune
from invr.fit.loop import FitProgress, fit, refit
from invr.fit.objectives import PairedObjective, PictureObjective, PointObjective, SoundObjective
from invr.fit.sizing import UnitPlan, choose_tiles, plan_units

__all__ = [
    "DistilledObjective",
    "FitProgress",
    "PairedObjective",
    "PictureObjective",
    "PointObjective",
    "Problem",
    "SoundObjective",
    "UnitPlan",
    "choose_lapped",
    "choose_tiles",
    "finetune",
    "fit",
    "fit_batch",
    "fit_together",
    "plan_units",
    "refit",
    "solve",
    "squared_error",
]
