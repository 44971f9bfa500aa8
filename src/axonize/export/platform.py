"""Where a process runs: its pod or its task, as the environment and mounted files say."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

PODINFO = Path("/etc/podinfo")  # where the documentation of Kubernetes mounts the downward API
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
# The names under which manifests usually hand on what the downward API knows.
POD = {
    "k8s.pod.name": ("POD_NAME", "K8S_POD_NAME", "MY_POD_NAME"),
    "k8s.pod.uid": ("POD_UID", "K8S_POD_UID", "MY_POD_UID"),
    "k8s.namespace.name": ("POD_NAMESPACE", "K8S_NAMESPACE", "MY_POD_NAMESPACE"),
    "k8s.node.name": ("NODE_NAME", "K8S_NODE_NAME", "MY_NODE_NAME"),
    "k8s.container.name": ("CONTAINER_NAME", "K8S_CONTAINER_NAME"),
}
PODINFO_FILES = {"name": "k8s.pod.name", "uid": "k8s.pod.uid", "namespace": "k8s.namespace.name"}
MOST_LABELS = 32
MOST_CHARACTERS = 65_536
_LABEL = re.compile(r'^([^=\s"]+)="((?:[^"\\]|\\.)*)"$', re.MULTILINE)


def find_platform(
    variables: Mapping[str, str] = os.environ,  # noqa: TID251 - the platform's, none of ours
    podinfo: Path = PODINFO,
    service_account: Path = SERVICE_ACCOUNT,
) -> dict[str, object]:
    """Return what is said of the pod or the task; nothing where there is neither."""
    if "KUBERNETES_SERVICE_HOST" in variables:
        return _pod(variables, podinfo, service_account)
    if uri := variables.get("ECS_CONTAINER_METADATA_URI_V4"):
        return _task(uri, variables)
    return {}


def _pod(variables: Mapping[str, str], podinfo: Path, account: Path) -> dict[str, object]:
    named = {
        attribute: next((variables[name] for name in names if variables.get(name)), "")
        for attribute, names in POD.items()
    }
    files = {attribute: _read(podinfo / name) for name, attribute in PODINFO_FILES.items()}
    # A pod's host name is its own name, unless the manifest says otherwise.
    rest = {
        "k8s.pod.name": variables.get("HOSTNAME", ""),
        "k8s.namespace.name": _read(account / "namespace"),
    }
    found: dict[str, object] = {}
    for source in (rest, files, named):
        found.update((name, text) for name, text in source.items() if text)
    labels = _LABEL.findall(_read(podinfo / "labels"))
    return found | {f"k8s.pod.label.{name}": _plain(text) for name, text in labels[:MOST_LABELS]}


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _task(uri: str, variables: Mapping[str, str]) -> dict[str, object]:
    task, _, container = uri.rstrip("/").rpartition("/")[2].rpartition("-")
    found = {
        "cloud.provider": "aws",
        "cloud.platform": "aws_ecs",
        "cloud.region": variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION", ""),
        "aws.ecs.task.id": task if container.isdecimal() else "",
    }
    return {name: text for name, text in found.items() if text}


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MOST_CHARACTERS).strip()
    except (OSError, ValueError):
        return ""
