"""What firmware, cloud-init and the environment say of the instance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from axonize.export.cloud import find_cloud

AZURE = "7783-7084-3265-9085-8269-3286-77"


def write_dmi(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")
    return folder


def test_outside_of_a_cloud_nothing_is_said(tmp_path: Path) -> None:
    dmi = write_dmi(tmp_path, sys_vendor="Dell Inc.", product_name="XE9680")
    variables = {"AWS_REGION": "eu-central-1"}  # that of somebody's command line
    assert find_cloud(variables, dmi, tmp_path / "none") == {}
    assert find_cloud({}, tmp_path / "none", tmp_path / "none") == {}


def test_an_instance_of_ec2_says_its_id_and_type(tmp_path: Path) -> None:
    dmi = write_dmi(
        tmp_path,
        sys_vendor="Amazon EC2",
        product_name="p5.48xlarge",
        board_asset_tag="i-0123456789abcdef0",
    )
    assert find_cloud({"AWS_REGION": "eu-central-1"}, dmi, tmp_path / "none") == {
        "cloud.provider": "aws",
        "cloud.region": "eu-central-1",
        "host.id": "i-0123456789abcdef0",
        "host.type": "p5.48xlarge",
    }
    old = write_dmi(tmp_path, product_name="HVM domU", board_asset_tag="Not Specified")
    assert find_cloud({}, old, tmp_path / "none") == {"cloud.provider": "aws"}


@pytest.mark.parametrize(
    ("file", "text", "variables", "found"),
    [
        (
            "product_name",
            "Google Compute Engine",
            {"CLOUDSDK_COMPUTE_ZONE": "europe-west4-a", "CLOUDSDK_COMPUTE_REGION": ""},
            {"cloud.provider": "gcp", "cloud.availability_zone": "europe-west4-a"},
        ),
        ("chassis_asset_tag", AZURE, {}, {"cloud.provider": "azure"}),
        ("chassis_asset_tag", "OracleCloud.com", {}, {"cloud.provider": "oracle_cloud"}),
        ("sys_vendor", "Alibaba Cloud", {}, {"cloud.provider": "alibaba_cloud"}),
        ("sys_vendor", "Tencent Cloud", {}, {"cloud.provider": "tencent_cloud"}),
    ],
)
def test_firmware_names_its_cloud(
    tmp_path: Path, file: str, text: str, variables: dict[str, str], found: dict[str, str]
) -> None:
    assert find_cloud(variables, write_dmi(tmp_path, **{file: text}), tmp_path / "none") == found


def test_what_cloud_init_was_told_counts_most(tmp_path: Path) -> None:
    file = tmp_path / "instance-data.json"
    told = {
        "cloud_name": "gce",
        "region": "europe-west4",
        "availability_zone": "europe-west4-b",
        "instance_id": "4711",
        "platform": None,
    }
    file.write_text(json.dumps({"v1": told, "ds": {"meta_data": "redacted"}}))
    assert find_cloud({"GOOGLE_CLOUD_REGION": "us-east1"}, tmp_path, file) == {
        "cloud.provider": "gcp",
        "cloud.region": "europe-west4",
        "cloud.availability_zone": "europe-west4-b",
        "host.id": "4711",
    }


@pytest.mark.parametrize(
    "told",
    [
        "no json",
        "[]",
        "{}",
        {"v1": {}},
        {"v1": {"cloud_name": ["aws"]}},
        {"v1": {"cloud_name": "nocloud", "instance_id": "iid-local01"}},
    ],
)
def test_what_says_nothing_of_a_cloud_is_no_cloud(tmp_path: Path, told: Any) -> None:
    file = tmp_path / "instance-data.json"
    file.write_text(told if isinstance(told, str) else json.dumps(told))
    assert find_cloud({}, tmp_path, file) == {}
