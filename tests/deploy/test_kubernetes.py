"""The manifests: valid by Kubernetes' own schemas, and what they name is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from axonize_server.settings import ServerSettings, load_settings

from axonize.cli import _parser
from axonize.config import Config, load
from axonize.version import VERSION

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
FILES = sorted(path for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")
DOCUMENTS = [
    pytest.param(document, id=f"{path.name}-{document['kind']}")
    for path in FILES
    for document in yaml.safe_load_all(path.read_text())
]
# `sleep` before a stop came with 1.30.
RELEASES = ("1.30", kubernetes_validate.latest_version())


def pod(document: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = document["spec"]["template"]["spec"]
    return spec


def deployments() -> dict[str, dict[str, Any]]:
    documents = [parameters.values[0] for parameters in DOCUMENTS]
    return {each["metadata"]["name"]: each for each in documents if each["kind"] == "Deployment"}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_manifest_is_valid(document: dict[str, Any], release: str) -> None:
    kubernetes_validate.validate(document, release, strict=True)


def test_a_mistake_is_seen_by_the_schemas() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "spec": {"prots": []}}
    with pytest.raises(kubernetes_validate.ValidationError, match="prots"):
        kubernetes_validate.validate(service, RELEASES[0], strict=True)


def test_the_kustomization_lists_all_but_the_example() -> None:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert sorted([*listed, "vllm.yaml"]) == [path.name for path in FILES]


def test_every_image_of_the_server_is_named_with_registry_and_release_in_one_place() -> None:
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    images = {
        each["name"]: f"{each['newName']}:{each['newTag']}" for each in kustomization["images"]
    }
    used = {
        container["image"]
        for name, each in deployments().items()
        if name != "vllm"
        for container in pod(each)["containers"]
    }
    assert used == set(images) == {"axonize"}
    assert images["axonize"] == f"registry.example.org/axonize:{VERSION}"
    assert images["axonize"] in (FOLDER.parents[1] / "docs" / "deployment.md").read_text()


@pytest.mark.parametrize("role", ["ingest", "query"])
def test_selectors_autoscalers_and_budgets_find_their_pods(role: str) -> None:
    documents = list(yaml.safe_load_all((FOLDER / f"{role}.yaml").read_text()))
    by_kind = {each["kind"]: each for each in documents}
    deployment = by_kind["Deployment"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert by_kind["Service"]["spec"]["selector"] == labels
    assert by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    target = by_kind["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert target["name"] == deployment["metadata"]["name"]
    ports = {each["name"] for each in pod(deployment)["containers"][0]["ports"]}
    assert {each["targetPort"] for each in by_kind["Service"]["spec"]["ports"]} <= ports


@pytest.mark.parametrize("role", ["ingest", "query"])
def test_the_server_takes_the_arguments_and_the_settings(role, tmp_path, monkeypatch) -> None:
    (container,) = pod(deployments()[f"axonize-{role}"])["containers"]
    config = yaml.safe_load_all((FOLDER / "config.yaml").read_text())
    text = next(each for each in config if each["kind"] == "ConfigMap")["data"]["config.yaml"]
    (tmp_path / "config.yaml").write_text(text)
    given = vars(_parser().parse_args(container["args"]))
    assert given["config"] == "/etc/axonize/config.yaml"
    names = {each["name"] for each in container["env"]}
    assert names <= {f"AXONIZE_{name.upper()}" for name in ServerSettings.__dataclass_fields__}
    addresses = {
        "AXONIZE_CLICKHOUSE_DSN": "http://c:8123/a",
        "AXONIZE_POSTGRES_DSN": "postgresql://p/a",
        "AXONIZE_ADMIN_KEY": "k",
    }
    assert names == set(addresses)
    arguments = {"role": given["role"], "config": str(tmp_path / "config.yaml")}
    settings = load_settings(arguments, addresses)
    assert (settings.role, settings.host, settings.is_open) == (role, "0.0.0.0", False)
    mounts = {each["mountPath"] for each in container["volumeMounts"]}
    assert {settings.data_dir, "/etc/axonize", "/tmp"} == mounts
    # The name of a cluster is the one line that people uncomment.
    clustered = text.replace("# clickhouse_cluster", "clickhouse_cluster")
    (tmp_path / "config.yaml").write_text(clustered)
    assert load_settings(arguments, addresses).clickhouse_cluster == "main"


@pytest.mark.parametrize("role", ["ingest", "query"])
def test_a_stop_has_the_time_that_the_server_takes(role: str) -> None:
    from axonize_server.main import CLOSING_S

    spec = pod(deployments()[f"axonize-{role}"])
    sleep = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    longest = sleep + ServerSettings().stop_timeout_s + CLOSING_S
    assert spec["terminationGracePeriodSeconds"] > longest


def test_the_gpu_workload_is_a_program_with_settings_of_the_sdk() -> None:
    (container,) = pod(deployments()["vllm"])["containers"]
    values = {each["name"]: each.get("value", "x") for each in container["env"]}
    config = load(Config, {}, environ=values)
    assert (config.service_name, config.environment) == ("chat", "prod")
    assert set(config.resource_attributes) == {
        "k8s.node.name", "k8s.pod.name", "k8s.namespace.name",
    }  # fmt: skip
    assert container["resources"] == {"limits": {"nvidia.com/gpu": 1}}
