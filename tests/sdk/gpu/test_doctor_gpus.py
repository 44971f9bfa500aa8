"""What `axonize doctor` says of the GPUs that are here."""

from __future__ import annotations

from axonize.doctor import check_gpus
from tests.sdk.gpu.fake_nvml import State
from tests.sdk.gpu.test_nvml import CARD, INSTANCE, SPLIT


def test_shows_cards_and_instances(gpus: State) -> None:
    model = "NVIDIA H100 80GB HBM3"
    assert [(finding.level, finding.text) for finding in check_gpus()] == [
        ("good", f"{model}, 80 GiB ({CARD})"),
        ("good", f"{model}, 80 GiB ({SPLIT})"),
        ("good", f"{model}, instance 3g.40gb, 40 GiB ({INSTANCE}0)"),
        ("good", f"{model}, instance 2g.20gb, 20 GiB ({INSTANCE}1)"),
        ("good", f"{model}, instance 1g.10gb, 10 GiB ({INSTANCE}2)"),
    ]
