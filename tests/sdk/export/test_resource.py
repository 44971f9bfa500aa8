"""What is said about the process."""

from __future__ import annotations

import os
import platform
import socket
import sys
import uuid
from pathlib import Path

from axonize.config import Config
from axonize.export.cloud import find_cloud
from axonize.export.platform import find_platform
from axonize.export.resource import describe_process, find_container


def test_found_out() -> None:
    found = describe_process(Config(), "1.2")
    assert uuid.UUID(str(found.pop("service.instance.id"))).version == 4
    found.pop("container.id", None)  # where the tests run in one
    for name in [*find_cloud(), *find_platform()]:
        found.pop(name)
    assert found == {
        "service.name": f"unknown_service:{Path(sys.executable).name}",
        "host.name": socket.gethostname(),
        "process.pid": os.getpid(),
        "process.command": sys.argv[0],
        "process.runtime.name": "cpython",
        "process.runtime.version": platform.python_version(),
        "telemetry.sdk.name": "axonize",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": "1.2",
    }


def test_settings_win() -> None:
    given = {"service.name": "general", "host.name": "node7", "region": "eu"}
    found = describe_process(Config(resource_attributes=given, environment="prod"), "1")
    assert found["service.name"] == "general"
    assert found["host.name"] == "node7"
    assert found["region"] == "eu"
    assert found["deployment.environment.name"] == "prod"
    named = describe_process(Config(resource_attributes=given, service_name="chat"), "1")
    assert named["service.name"] == "chat"
    assert "deployment.environment.name" not in named


def test_each_has_its_own_instance_id() -> None:
    ids = {describe_process(Config(), "1")["service.instance.id"] for _ in range(2)}
    assert len(ids) == 2


def test_a_container_is_seen_by_its_mounts(tmp_path: Path) -> None:
    mounts, container = tmp_path / "mountinfo", "0f" * 32
    mounts.write_text(
        f"1 2 8:1 /var/lib/docker/containers/{container}/hostname /etc/hostname rw - ext4 /dev/a rw"
    )
    assert find_container(mounts) == container
    mounts.write_text("1 2 8:1 / / rw - ext4 /dev/a rw")
    assert find_container(mounts) == ""
    assert find_container(tmp_path / "none") == ""
