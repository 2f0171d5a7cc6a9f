"""Open, check, index and entropy-decode any `.inrv` file, without torch."""

from inrv_format.errors import (
    BackendError,
    FitError,
    InputError,
    InrvError,
    InvalidDataError,
    LimitError,
    OptionError,
    OutputError,
    TruncatedError,
    UnsupportedError,
)
from inrv_format.limits import DEFAULT_LIMITS, Limits
from inrv_format.reader import Reader
from inrv_format.writer import Writer

__all__ = [
    "DEFAULT_LIMITS",
    "BackendError",
    "FitError",
    "InputError",
    "InrvError",
    "InvalidDataError",
    "LimitError",
    "Limits",
    "OptionError",
    "OutputError",
    "Reader",
    "TruncatedError",
    "UnsupportedError",
    "Writer",
]
