"""What is said once about this process, for all of its spans."""

from __future__ import annotations

import os
import re
import socket
import sys
import uuid
from pathlib import Path

from axonize import semconv
from axonize.command import VARIABLE
from axonize.config import Config
from axonize.export.cloud import find_cloud
from axonize.export.platform import find_platform


def describe_process(config: Config, version: str) -> dict[str, object]:
    """Build the resource attributes; those of the settings win over those that are found out."""
    found = {
        semconv.SERVICE_NAME: _name_service(),
        semconv.SERVICE_INSTANCE_ID: str(uuid.uuid4()),
        semconv.HOST_NAME: socket.gethostname(),
        semconv.PROCESS_PID: os.getpid(),
        semconv.PROCESS_COMMAND: sys.argv[0] if sys.argv else "",  # arguments may hold secrets
        semconv.PROCESS_RUNTIME_NAME: sys.implementation.name,
        semconv.PROCESS_RUNTIME_VERSION: ".".join(map(str, sys.version_info[:3])),
    }
    found.update({**find_cloud(), **find_platform()})
    if container := find_container():
        found[semconv.CONTAINER_ID] = container
    named = {
        semconv.SERVICE_NAME: config.service_name,
        semconv.DEPLOYMENT_ENVIRONMENT_NAME: config.environment,
    }
    sdk = {
        semconv.TELEMETRY_SDK_NAME: "axonize",
        semconv.TELEMETRY_SDK_LANGUAGE: "python",
        semconv.TELEMETRY_SDK_VERSION: version,
    }
    given = {name: value for name, value in named.items() if value}
    return {**found, **config.resource_attributes, **given, **sdk}


def _name_service() -> str:
    """Return the name of a service that the settings do not name."""
    command = os.environ.get(VARIABLE)  # noqa: TID251 - what axonize-instrument says is no setting
    return command or f"unknown_service:{Path(sys.executable or 'python').name}"


def find_container(mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """Return the id of the container that this process is in, "" when it cannot be seen.

    Docker and CRI-O mount the container's own files, such as /etc/hostname, from folders that bear
    its id; with control groups of version 2 it stands nowhere else.
    """
    try:
        found = re.search(r"/(?:overlay-)?containers/([0-9a-f]{64})/", mounts.read_text())
    except (OSError, ValueError):
        return ""
    return found[1] if found else ""
