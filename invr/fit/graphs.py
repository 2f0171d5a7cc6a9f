"""`Repeated`: the work of a step, recorded on the device once and repeated from then on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch

# Until then a step may still ask for memory that later ones have.
WARM_UP_STEPS = 3

Work = Callable[[], None]


class Recorder(Protocol):
    """Makes work that is done without the host from work that the host asks for."""

    def warm_up(self, work: Work) -> None:
        """Do the work as it has to be done before it is recorded."""

    def record(self, work: Work) -> Work:
        """What does the work again, which is not done now."""


class GraphRecorder:
    """CUDA graphs: hundreds of small kernels are launched as one."""

    def __init__(self) -> None:
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]

    def warm_up(self, work: Work) -> None:
        """Do the work on a stream of its own."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            work()
        torch.cuda.current_stream().wait_stream(self._stream)

    def record(self, work: Work) -> Work:
        """Capture the work; its memory belongs to the graph."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            work()
        return graph.replay


class Repeated:
    """Does `work`, a step of `optimizers`, as often as it is called: WARM_UP_STEPS times itself, then as recorded.

    The rates of the optimizers become tensors on the device, which schedulers fill and recorded steps read.
    """

    def __init__(self, work: Work, optimizers: Sequence[torch.optim.Optimizer], recorder: Recorder) -> None:
        self._work, self._recorder = work, recorder
        self._optimizers = optimizers
        self._calls = 0
        self._recorded: Work | None = None
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                device = group["params"][0].device
                group["lr"] = torch.as_tensor(group["lr"], dtype=torch.float32, device=device)

    def __call__(self) -> None:
        """Do the work once more."""
        self._calls += 1
        if self._calls <= WARM_UP_STEPS:
            self._recorder.warm_up(self._work)
            return
        if self._recorded is None:
            self._recorded = self._record()
        self._recorded()

    def anew(self) -> None:
        """From now on the work is another one: what was recorded of it is forgotten."""
        self._calls, self._recorded = 0, None

    def _record(self) -> Work:
        # Gradients that are there would be added to, in memory that is not the recording's.
        for optimizer in self._optimizers:
            optimizer.zero_grad(set_to_none=True)
        adams = [it for it in self._optimizers if isinstance(it, torch.optim.Adam)]
        groups = [group for adam in adams for group in adam.param_groups]
        for group in groups:
            group["capturable"] = True
        recorded = self._recorder.record(self._work)
        for group in groups:
            group["capturable"] = False
        return recorded
