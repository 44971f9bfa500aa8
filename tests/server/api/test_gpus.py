"""The questions about GPUs, over HTTP, on what OTLP brought."""

from __future__ import annotations

import time

import pytest
from axonize_server.api.times import format_time
from axonize_server.gpus import CardFacts, Identity, MigFacts, Sighting

from tests.server.gpus import GPU, counter, decoded, gauge, metrics
from tests.server.rows import NOW_NS, row, table

START, END = format_time(NOW_NS), format_time(NOW_NS + 60_000_000_000)
RANGE = {"from": START, "to": END}
METRICS = f"/api/v1/gpus/{GPU}/metrics"
NOTHING = dict.fromkeys(
    (
        "memory_total_bytes", "throttle_reasons", "ecc_corrected", "ecc_uncorrected", "xid_errors",
        "xid_last", "utilization", "memory_used_bytes", "temperature_c", "power_w", "sm_clock_mhz",
        "memory_clock_mhz", "pcie_rx_bytes_per_s", "pcie_tx_bytes_per_s", "nvlink_rx_bytes_per_s",
        "nvlink_tx_bytes_per_s", "sm_active", "tensor_active", "dram_active",
    )
)  # fmt: skip
NO_SAMPLE = dict.fromkeys(
    (
        "utilization", "memory_used_bytes", "memory_total_bytes", "temperature_c", "power_w",
        "energy_j", "sm_clock_mhz", "memory_clock_mhz", "throttle_reasons", "sm_active",
        "tensor_active", "dram_active",
    )
)  # fmt: skip


@pytest.fixture
def measured(gpu_writer, tenant):
    """Store two samples of one GPU."""
    sent = [
        gauge("hw.power", 100.0, hw__name="H100", axonize__gpu__power__source="nvml"),
        gauge("hw.power", 300.0, seconds=2, hw__name="H100", axonize__gpu__power__source="nvml"),
        counter("hw.energy", 1000.0),
        counter("hw.energy", 1400.0, seconds=2),
        counter("hw.gpu.memory.usage", 2**40 + 1),
    ]
    gpu_writer.insert(decoded(tenant, metrics(*sent)).tables[0])


@pytest.mark.usefixtures("measured")
def test_a_gpu_over_time(client):
    answer = client.get(METRICS, params={**RANGE, "points": 6})
    assert answer.status_code == 200
    used = float(2**40 + 1)
    assert answer.json() == {
        "resource_uuid": GPU,
        "width_ms": 10_000.0,
        "points": [
            {
                **NOTHING,
                "time": START,
                "samples": 2,
                "energy_j": 400.0,
                "power_w": {"avg": 200.0, "min": 100.0, "max": 300.0},
                "memory_used_bytes": {"avg": used, "min": used, "max": used},
            }
        ],
    }


@pytest.mark.usefixtures("measured")
def test_gpus_are_those_of_metrics_and_those_of_spans(client, writer, tenant):
    names = ("label", "resource_uuid", "physical_uuid", "model", "vendor", "node_id")
    ours = ("cuda:0", GPU, GPU, "H100 of a span", "NVIDIA", "node-1")
    other = ("cuda:1", "GPU-other", "GPU-other", "A100", "NVIDIA", "node-9")
    columns = {
        f"gpu.{name}": [mine, theirs] for name, mine, theirs in zip(names, ours, other, strict=True)
    }
    writer.insert(table(tenant, [row(1, 1, start_ms=1000, ms=5000, **columns), row(1, 2)]))

    answer = client.get("/api/v1/gpus", params=RANGE)

    assert answer.status_code == 200
    assert answer.json() == {
        "items": [
            {
                "resource_uuid": GPU, "physical_uuid": GPU, "host": "node-1", "model": "H100",
                "vendor": "NVIDIA", "first_seen": START,
                "last_seen": format_time(NOW_NS + 6_000_000_000),
                "sample": {
                    **NO_SAMPLE, "emitters": ["opentelemetry"], "power_source": "nvml",
                    "power_w": 300.0, "energy_j": 1400.0, "memory_used_bytes": 2**40 + 1,
                },
                "identity": None, "mig": None,
            },
            {
                "resource_uuid": "GPU-other", "physical_uuid": "GPU-other", "host": "node-9",
                "model": "A100", "vendor": "NVIDIA",
                "first_seen": format_time(NOW_NS + 1_000_000_000),
                "last_seen": format_time(NOW_NS + 6_000_000_000), "sample": None,
                "identity": None, "mig": None,
            },
        ]
    }  # fmt: skip


@pytest.mark.usefixtures("measured")
def test_another_tenant_sees_nothing(client):
    client.headers["authorization"] = "Bearer another-tenant"
    assert client.get("/api/v1/gpus", params=RANGE).json() == {"items": []}
    assert client.get(METRICS, params=RANGE).status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{METRICS}?points=0", 400),
        (f"{METRICS}?points=2001", 400),
        (f"{METRICS}?from=yesterday", 400),
        (f"{METRICS}?from={END}&to={START}", 400),
        (f"/api/v1/gpus/{'x' * 257}/metrics", 400),
        ("/api/v1/gpus?to=now", 400),
        (METRICS, 404),
    ],
)
def test_what_has_no_answer_is_a_problem(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_key_nothing_is_told(client):
    del client.headers["authorization"]
    for path in ("/api/v1/gpus", METRICS):
        assert client.get(path).status_code == 401


def test_the_registry_has_three_layers_and_contexts_now_and_before(client, gpu_registry, tenant):
    now = time.time_ns() // 1000 * 1000
    before = now - 3600 * 10**9
    card = Sighting(tenant, GPU, GPU, "H100", "", 80 << 30, "node-1", "", "", "", before, now)
    chat = card._replace(service_name="chat", label="cuda:0", last_ns=before)
    gpu_registry.record([card, chat], now)

    answer = client.get(f"/api/v1/gpus/{GPU}")

    assert answer.status_code == 200
    seen = {"first_seen": format_time(before), "last_seen": format_time(now)}
    nobody = {"host": "node-1", "service_name": None, "environment": None, "label": None}
    assert answer.json() == {
        "resource_uuid": GPU,
        "memory_bytes": 80 << 30,
        "mig": None,
        **seen,
        "physical": {
            "physical_uuid": GPU, "model": "H100", "vendor": None, **seen, "resource_uuids": [GPU],
            "resources": [
                {"resource_uuid": GPU, "memory_bytes": 80 << 30, **seen, "mig": None},
            ],
            "identity": None,
            "cost_per_hour_usd": None, "price_source": None, "prices": [],
        },
        "contexts_now": [{**nobody, **seen}],
        "contexts_before": [
            {**nobody, "service_name": "chat", "label": "cuda:0", **seen,
             "last_seen": format_time(before)},
        ],
    }  # fmt: skip
    client.headers["authorization"] = "Bearer another-tenant"
    assert client.get(f"/api/v1/gpus/{GPU}").status_code == 404
    del client.headers["authorization"]
    assert client.get(f"/api/v1/gpus/{GPU}").status_code == 401


PRICE = f"/api/v1/gpus/{GPU}/price"


@pytest.fixture
def known(gpu_registry, tenant):
    """Have the registry know an A100, which the settings give a price."""
    card = Sighting(tenant, GPU, GPU, "NVIDIA A100", "", 0, "node-1", "", "", "", 1000, 2000)
    gpu_registry.record([card], 3000)


def priced(answer) -> tuple:
    assert answer.status_code == 200, answer.json()
    names = ("cost_per_hour_usd", "price_source", "prices")
    return tuple(answer.json()["physical"][name] for name in names)


@pytest.mark.usefixtures("known")
def test_the_price_of_a_card_goes_before_that_of_its_model_from_its_time_on(client):
    assert priced(client.get(f"/api/v1/gpus/{GPU}")) == (3600.0, "model", [])
    later = {"cost_per_hour_usd": 9.5, "valid_from": "2190-01-01T00:00:00Z"}
    future = {"cost_per_hour_usd": 9.5, "valid_from": "2190-01-01T00:00:00.000000000Z"}
    assert priced(client.put(PRICE, json=later)) == (3600.0, "model", [future])
    price, source, (now, _) = priced(client.put(PRICE, json={"cost_per_hour_usd": 2.5}))
    assert (price, source, now["cost_per_hour_usd"]) == (2.5, "gpu", 2.5)
    past = {"cost_per_hour_usd": 1.5, "valid_from": "2020-01-01T00:00:00Z"}
    found = priced(client.put(PRICE, json=past))
    assert [each["cost_per_hour_usd"] for each in found[2]] == [1.5, 2.5, 9.5]
    assert priced(client.put(PRICE, json={**past, "cost_per_hour_usd": 1.25}))[2][0] == {
        "cost_per_hour_usd": 1.25,
        "valid_from": "2020-01-01T00:00:00.000000000Z",
    }
    assert priced(client.put(PRICE, json={"cost_per_hour_usd": None}))[:2] == (3600.0, "model")


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"cost_per_hour_usd": -1.0},
        {"cost_per_hour_usd": "two"},
        {"cost_per_hour_usd": 1.0, "valid_from": "tomorrow"},
        {"cost_per_hour_usd": 1.0, "currency": "EUR"},
    ],
)
def test_what_is_no_price_is_refused(client, body):
    answer = client.put(PRICE, json=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_card_that_was_first_seen_just_now_can_be_priced(client, gpu_writer, tenant):
    gpu_writer.insert(decoded(tenant, metrics(gauge("hw.power", 1.0, hw__name="H100"))).tables[0])
    assert priced(client.put(PRICE, json={"cost_per_hour_usd": 2.5}))[:2] == (2.5, "gpu")


def test_what_a_card_and_its_instance_are(client, gpu_registry, tenant):
    now = time.time_ns()
    card = Sighting(tenant, GPU, GPU, "H100", "NVIDIA", 80 << 30, "node-1", "", "", "", now, now)
    mig = card._replace(resource_uuid="MIG-1", memory_bytes=10 << 30)
    gpu_registry.record([card, mig], now)
    facts = CardFacts(
        architecture="Hopper", nvlink_peers=["GPU-2"], cloud_provider="aws", host_type="p5.48xlarge"
    )
    part = MigFacts(mig_profile="1g.10gb", gpu_instance_id=3, compute_instance_id=0, sm_share=0.125)
    gpu_registry.identify([Identity(tenant, GPU, facts), Identity(tenant, "MIG-1", part)])
    cloud = {"region": None, "availability_zone": None, "host_id": None}
    unknown = ("compute_capability", "pci_bus_id", "numa_node", "driver_version", "cuda_version")
    identity = {
        **dict.fromkeys((*unknown, "k8s_node_name")),
        "architecture": "Hopper",
        "nvlink_peers": ["GPU-2"],
        "cloud": {"provider": "aws", **cloud, "host_type": "p5.48xlarge"},
    }
    said = {
        "profile": "1g.10gb", "gpu_instance_id": 3, "compute_instance_id": 0, "sm_share": 0.125
    }  # fmt: skip
    found = client.get("/api/v1/gpus/MIG-1").json()
    assert (found["mig"], found["memory_bytes"]) == (said, 10 << 30)
    assert found["physical"]["identity"] == identity
    assert [each["mig"] for each in found["physical"]["resources"]] == [None, said]
    start, end = format_time(now - 10**12), format_time(now + 10**9)
    listed = client.get("/api/v1/gpus", params={"from": start, "to": end}).json()["items"]
    assert [(each["resource_uuid"], each["identity"], each["mig"]) for each in listed] == [
        (GPU, identity, None),
        ("MIG-1", identity, said),
    ]


def test_a_card_that_nobody_has_seen_has_no_price(client):
    answer = client.put(PRICE, json={"cost_per_hour_usd": 1.0})
    assert (answer.status_code, answer.json()["detail"]) == (404, f"no card of a GPU {GPU}")


@pytest.mark.usefixtures("known")
def test_setting_a_price_takes_a_key_with_admin(client, tenant):
    client.headers["authorization"] = f"Bearer {tenant}-reader"
    assert client.get(f"/api/v1/gpus/{GPU}").status_code == 200
    assert client.put(PRICE, json={"cost_per_hour_usd": 1.0}).status_code == 403
    assert priced(client.get(f"/api/v1/gpus/{GPU}")) == (3600.0, "model", [])
