"""Packages and files that only some metrics need: imported when asked for, named when missing."""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from types import ModuleType

from inrv_format.errors import UnsupportedError


def imported(module: str, extra: str, metric: str) -> ModuleType:
    """`module`, imported now; UnsupportedError says what `metric` needs and which extra of invr brings it.

    Warnings that a package gives about itself while it is imported are kept from the user.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return import_module(module)
        except ImportError as error:
            raise UnsupportedError(f"{metric} needs {error.name or module}: pip install 'invr[{extra}]'") from error


def existing(path: Path, metric: str) -> Path:
    """`path`, which holds the weights of `metric`; UnsupportedError names it where it is missing.

    The home directory is written ~, so that results which quote the reason are the same for every user.
    """
    if not path.is_file():
        home = Path.home()
        shown = Path("~") / path.relative_to(home) if path.is_relative_to(home) else path
        raise UnsupportedError(f"{metric} needs the file {shown}")
    return path
