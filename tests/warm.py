"""Whole commands without the two seconds in which torch is loaded: each is a fork of one process that has it.

`warm_run` is `subprocess.run` of `python -m invr`, down to the exit code, standard streams, environment and folder.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Sequence
from functools import cache

MODULES = ("invr.decoder", "invr.encoder", "invr.estimate", "invr.refine", "invr.thumbs", "invr.compare")


def warm_run(
    arguments: Sequence[object], stdin: bytes = b"", timeout: float = 300
) -> subprocess.CompletedProcess[bytes]:
    """Run the command line; subprocess.TimeoutExpired where it takes longer."""
    words = ["invr", *map(str, arguments)]
    if not hasattr(os, "fork"):
        command = [sys.executable, "-m", *words]
        return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=timeout)
    ends = [os.pipe() for _ in range(3)]
    theirs = [ends[0][0], ends[1][1], ends[2][1]]
    request = {"words": words, "environment": dict(os.environ), "folder": os.getcwd()}
    home = _home()
    socket.send_fds(home, [json.dumps(request).encode()], theirs)
    for handle in theirs:
        os.close(handle)
    outputs = [bytearray(), bytearray()]
    threads = [
        threading.Thread(target=_feed, args=(ends[0][1], stdin)),
        threading.Thread(target=_drain, args=(ends[1][0], outputs[0])),
        threading.Thread(target=_drain, args=(ends[2][0], outputs[1])),
    ]
    for thread in threads:
        thread.start()
    pid = int(home.recv(32))
    home.settimeout(timeout)
    try:
        code = int(home.recv(32))
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        home.settimeout(None)
        home.recv(32)
        raise subprocess.TimeoutExpired(words, timeout) from None
    finally:
        for thread in threads:
            thread.join()
        home.settimeout(None)
    return subprocess.CompletedProcess(words, code, bytes(outputs[0]), bytes(outputs[1]))


def _feed(handle: int, data: bytes) -> None:
    with os.fdopen(handle, "wb") as pipe:
        try:
            pipe.write(data)
            pipe.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), handle)


def _drain(handle: int, into: bytearray) -> None:
    with os.fdopen(handle, "rb") as pipe:
        into += pipe.read()


@cache
def _home() -> socket.socket:
    """The way to the process that has torch loaded; it ends with this one."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, __file__, str(there.fileno())]
    process = subprocess.Popen(command, pass_fds=[there.fileno()])
    there.close()
    atexit.register(process.kill)
    return here


def _serve(requests: socket.socket) -> None:
    """Fork for every request; tell its process id, and then its exit code."""
    import importlib

    for name in MODULES:
        importlib.import_module(name)
    while True:
        data, handles, _, _ = socket.recv_fds(requests, 1 << 20, 3)
        if not data:
            return
        request = json.loads(data)
        pid = os.fork()
        if not pid:
            requests.close()
            _become(request, handles)
        for handle in handles:
            os.close(handle)
        requests.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        requests.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(request: dict[str, object], handles: list[int]) -> None:
    """Be `python -m invr` with these streams, words, environment and folder."""
    import runpy

    code = 1
    try:
        for number, handle in enumerate(handles):
            os.dup2(handle, number)
            os.close(handle)
        # as Python opens them when it starts
        sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
        os.chdir(str(request["folder"]))
        os.environ.clear()
        os.environ.update(request["environment"])  # type: ignore[call-overload]
        sys.argv = list(request["words"])  # type: ignore[call-overload]
        runpy.run_module("invr", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                code = code or 120
        os._exit(code)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
