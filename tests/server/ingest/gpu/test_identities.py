"""What a point of axonize.gpu.info says, as it comes over the wire."""

from __future__ import annotations

from axonize_server.gpus import CardFacts, Identity, MigFacts
from axonize_server.ingest.gpu.decode import Decoder
from axonize_server.ingest.gpu.identities import MOST_PEERS
from axonize_server.model import Accepted

from axonize.gpu.backend import DiscoveredGPU, MIGInstance
from axonize.gpu.identity import describe_identities
from axonize.otlp_metrics import encode_metrics
from tests.server.gpus import GPU, gauge, metrics

CARD = DiscoveredGPU(
    GPU, GPU, 0, "H100", "NVIDIA", "node-1", 80 * 2**30, "Hopper", "9.0", "00000000:1B:00.0", 0,
    "580.95.05", "13.0", ("GPU-2", "GPU-3"),
)  # fmt: skip
PLACE = {
    "k8s.node.name": "gpu-node-07",
    "cloud.provider": "aws",
    "cloud.region": "eu-central-1",
    "host.id": "i-0123456789abcdef0",
    "host.type": "p5.48xlarge",
}
INFO = "axonize.gpu.info"


def read(body: bytes) -> tuple[list[Identity], Accepted]:
    found: list[Identity] = []
    decoder = Decoder(found.append)
    decoder.add("t", body)
    (rows,) = decoder.finish()
    assert [table.num_rows for table in rows.tables] == [0, 0]
    return found, rows.answers[0]


def test_what_the_sdk_sends_of_a_card_and_its_instance() -> None:
    mig = MIGInstance("3g.40gb", 2, 0, 60 / 132)
    instance = DiscoveredGPU("MIG-1", GPU, 0, "H100", "NVIDIA", "node-1", 2**35, mig=mig)
    metric = describe_identities([CARD, instance], 7)
    found, answer = read(encode_metrics(PLACE, ("axonize", "1"), [metric]))
    assert answer == Accepted(2, 0, "", {})
    assert found == [
        Identity(
            "t",
            GPU,
            CardFacts(
                architecture="Hopper",
                compute_capability="9.0",
                pci_bus_id="00000000:1B:00.0",
                numa_node=0,
                driver_version="580.95.05",
                cuda_version="13.0",
                nvlink_peers=["GPU-2", "GPU-3"],
                k8s_node_name="gpu-node-07",
                cloud_provider="aws",
                cloud_region="eu-central-1",
                host_id="i-0123456789abcdef0",
                host_type="p5.48xlarge",
            ),
        ),
        Identity(
            "t",
            "MIG-1",
            MigFacts(
                mig_profile="3g.40gb",
                gpu_instance_id=2,
                compute_instance_id=0,
                sm_share=60 / 132,
            ),
        ),
    ]


def test_what_cannot_be_is_left_out() -> None:
    odd = {
        "axonize__gpu__numa_node": -1,
        "axonize__gpu__architecture": "x" * 201,
        "axonize__gpu__nvlink__peers": ["", 7, *["GPU-9"] * 100],
    }
    sent = metrics(gauge(INFO, 1, **odd)).SerializeToString()
    assert read(sent)[0] == [Identity("t", GPU, CardFacts(nvlink_peers=["GPU-9"] * 62))]
    assert MOST_PEERS == 64
    parts = {"axonize__gpu__mig__sm_share": 1.5, "axonize__gpu__mig__gpu_instance_id": 2.0}
    sent = metrics(gauge(INFO, 1, hw__parent=GPU, **parts)).SerializeToString()
    assert read(sent)[0] == [Identity("t", GPU, MigFacts())]


def test_what_names_no_gpu_is_refused() -> None:
    found, answer = read(metrics(gauge(INFO, 1, hw__type="cpu")).SerializeToString())
    assert (found, answer.rejected, answer.reasons) == ([], 1, {"no_gpu": 1})
