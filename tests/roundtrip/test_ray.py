"""The same chunks on a Ray cluster of two nodes on this machine, one of which is killed in the middle."""

from __future__ import annotations

from dataclasses import replace

import pytest
from toys import toy_clip

from invr import PRESETS, encode
from invr.config import WorkConfig
from invr.journal import Journal
from invr.presets import with_steps

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'invr[ray]'")

CONFIG = replace(with_steps(PRESETS["fast"].config, 60), chunk_frames=2)


@pytest.fixture
def cluster(monkeypatch):
    """A head without a processor, and two nodes with one each."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    yield cluster, nodes
    cluster.shutdown()


@pytest.mark.filterwarnings("ignore")  # Ray leaves sockets and processes to its own end
def test_a_node_is_lost_in_the_middle_and_no_byte_differs(cluster, tmp_path, monkeypatch):
    ring, nodes = cluster
    clip = toy_clip(tmp_path, frames=12, rate_hz=8000)
    encode(clip, tmp_path / "here.inrv", CONFIG)
    add, finished = Journal.add, []

    def add_and_lose_a_node(journal, index, *rest):
        add(journal, index, *rest)
        finished.append(index)
        if len(finished) == 2:
            ring.remove_node(nodes.pop(), allow_graceful=False)

    monkeypatch.setattr(Journal, "add", add_and_lose_a_node)
    encode(clip, tmp_path / "ray.inrv", CONFIG, work=WorkConfig("ray"))
    assert sorted(finished) == list(range(6)) and len(nodes) == 1
    assert (tmp_path / "ray.inrv").read_bytes() == (tmp_path / "here.inrv").read_bytes()
