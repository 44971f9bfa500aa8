"""Which instance of which cloud this is, as files and the environment say; nothing is asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DMI = Path("/sys/class/dmi/id")
CLOUD_INIT = Path("/run/cloud-init/instance-data.json")
MOST_CHARACTERS = 2**20
# What the firmware of each calls itself: the file, what it begins with, OpenTelemetry's name.
FIRMWARE = (
    ("sys_vendor", "Amazon EC2", "aws"),
    ("product_name", "Google Compute Engine", "gcp"),
    ("chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77", "azure"),
    ("sys_vendor", "Alibaba Cloud", "alibaba_cloud"),
    ("sys_vendor", "Tencent Cloud", "tencent_cloud"),
    ("chassis_asset_tag", "OracleCloud.com", "oracle_cloud"),
)
NAMES = {"gce": "gcp", "aliyun": "alibaba_cloud", "oracle": "oracle_cloud"}  # of cloud-init
KNOWN = {"aws", "gcp", "azure", "alibaba_cloud", "oracle_cloud", "tencent_cloud", "ibm_cloud"}
# Variables by which people and platforms say where they are.
VARIABLES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "aws": {"cloud.region": ("AWS_REGION", "AWS_DEFAULT_REGION")},
    "gcp": {
        "cloud.region": ("GOOGLE_CLOUD_REGION", "CLOUDSDK_COMPUTE_REGION"),
        "cloud.availability_zone": ("GOOGLE_CLOUD_ZONE", "CLOUDSDK_COMPUTE_ZONE"),
    },
    "azure": {"cloud.region": ("REGION_NAME",)},
}
_EC2_ID = re.compile(r"i-[0-9a-f]{8,17}")
_EC2_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")


def find_cloud(
    variables: Mapping[str, str] = os.environ,  # noqa: TID251 - the platform's, none of ours
    dmi: Path = DMI,
    cloud_init: Path = CLOUD_INIT,
) -> dict[str, object]:
    """Return cloud.* and host.*, as far as they are said here; nothing outside of a cloud.

    What cloud-init was told by the cloud counts more than variables.
    """
    told = _told(cloud_init)
    provider = told.get("cloud.provider") or _provider(dmi)
    if not provider:
        return {}
    asked = VARIABLES.get(provider, {})
    said = {
        attribute: next((variables[name] for name in names if variables.get(name)), "")
        for attribute, names in asked.items()
    }
    found = {"cloud.provider": provider, **said, **(_ec2(dmi) if provider == "aws" else {}), **told}
    return {name: text for name, text in found.items() if text}


def _provider(dmi: Path) -> str:
    return next((cloud for name, text, cloud in FIRMWARE if _read(dmi / name).startswith(text)), "")


def _ec2(dmi: Path) -> dict[str, str]:
    """Return what the firmware of Nitro says; that of Xen says neither."""
    instance, kind = _read(dmi / "board_asset_tag"), _read(dmi / "product_name")
    return {
        "host.id": instance if _EC2_ID.fullmatch(instance) else "",
        "host.type": kind if _EC2_TYPE.fullmatch(kind) else "",
    }


def _told(cloud_init: Path) -> dict[str, str]:
    """Return what cloud-init keeps of its talk with the cloud's metadata service."""
    text = _read(cloud_init)
    if not text:
        return {}
    import json  # most machines have no such file, and at start-up it would cost a millisecond

    try:
        data: Any = json.loads(text)
        said = data["v1"]
        cloud = NAMES.get(said["cloud_name"], said["cloud_name"])
        names = {"cloud.region": "region", "cloud.availability_zone": "availability_zone"}
        names["host.id"] = "instance_id"
        found = {attribute: said.get(name) for attribute, name in names.items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
    if cloud not in KNOWN:
        return {}
    return {"cloud.provider": cloud} | {k: v for k, v in found.items() if isinstance(v, str) and v}


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MOST_CHARACTERS).strip()
    except (OSError, ValueError):
        return ""
