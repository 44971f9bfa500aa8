"""What the environment and mounted files say of a pod or a task."""

from __future__ import annotations

from pathlib import Path

from axonize.export.platform import find_platform

POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "chat-7d9f"}


def test_without_a_platform_nothing_is_said(tmp_path: Path) -> None:
    variables = {"HOSTNAME": "laptop", "POD_NAME": "none"}
    assert find_platform(variables, tmp_path, tmp_path) == {}


def test_a_pod_that_hands_on_nothing_has_its_host_name_and_its_namespace(tmp_path: Path) -> None:
    (tmp_path / "namespace").write_text("models\n")
    assert find_platform(POD, tmp_path / "none", tmp_path) == {
        "k8s.pod.name": "chat-7d9f",
        "k8s.namespace.name": "models",
    }


def test_variables_win_over_files_and_labels_are_attributes(tmp_path: Path) -> None:
    podinfo = tmp_path / "podinfo"
    podinfo.mkdir()
    (podinfo / "name").write_text("chat-1")
    (podinfo / "uid").write_text("0d1e")
    (podinfo / "labels").write_text('app="chat"\napp.kubernetes.io/version="a\\"b"\nbroken\n')
    variables = {**POD, "POD_NAME": "chat-2", "NODE_NAME": "gpu-node-07", "POD_UID": ""}
    assert find_platform(variables, podinfo, tmp_path) == {
        "k8s.pod.name": "chat-2",
        "k8s.pod.uid": "0d1e",
        "k8s.node.name": "gpu-node-07",
        "k8s.pod.label.app": "chat",
        "k8s.pod.label.app.kubernetes.io/version": 'a"b',
    }


def test_a_task_of_ecs_has_its_id_and_its_region(tmp_path: Path) -> None:
    uri = "http://169.254.170.2/v4/9781c248fe36497eb6a1c4d3c5f0a1b2-3935671843"
    variables = {"ECS_CONTAINER_METADATA_URI_V4": uri, "AWS_REGION": "eu-central-1"}
    found = {"cloud.provider": "aws", "cloud.platform": "aws_ecs", "cloud.region": "eu-central-1"}
    task = "9781c248fe36497eb6a1c4d3c5f0a1b2"
    assert find_platform(variables, tmp_path, tmp_path) == {**found, "aws.ecs.task.id": task}
    variables["ECS_CONTAINER_METADATA_URI_V4"] = "http://169.254.170.2/v4/" + "ab" * 32
    assert find_platform(variables, tmp_path, tmp_path) == found
