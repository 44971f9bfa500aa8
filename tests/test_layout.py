"""Every module has its test file, and every integration its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from axonize.integrations import REGISTRY

ROOT = Path(__file__).parents[1]
PAIRS = (("src/axonize", "tests/sdk"), ("server/axonize_server", "tests/server"))
# Names and records: there is nothing to run.
DATA = {
    "version.py",
    "accounts.py",
    "costs.py",
    "gpus.py",
    "model.py",
    "requests.py",
    "steps.py",
    "gpu/backend.py",
    "engine/identity.py",
    "engine/names.py",
    "api/schemas.py",
    "api/gpu_schemas.py",
    "api/step_schemas.py",
    "api/analytics_schemas.py",
    "api/request_schemas.py",
    "api/cost_schemas.py",
    "api/resource_schemas.py",
    "ingest/faults.py",
    "ingest/gpu/names.py",
    "ingest/promoted.py",
    "query/explain/records.py",
    "ingest/receiver.py",
    "store/postgres/sql.py",
}
# Tested through their room, by the file named.
ELSEWHERE = {
    "opentelemetry.py": "tests/integrations/opentelemetry",
    "api/filter_schemas.py": "tests/server/api/test_traces.py",
    "finding.py": "tests/sdk/test_doctor.py",
    "store/clickhouse/genai/reader.py": "tests/server/test_genai.py",
    "store/clickhouse/genai/sql.py": "tests/server/test_genai.py",
    "assembly.py": "tests/server/test_main.py",
    "api/parameters.py": "tests/server/api/test_traces.py",
    "api/trace_filters.py": "tests/server/api/test_traces.py",
    "auth/sessions.py": "tests/server/api/test_session.py",
    "auth/revocation.py": "tests/server/auth/test_lookup.py",
    "ingest/fields.py": "tests/server/ingest/test_decode.py",
    "ingest/gpu/faults.py": "tests/server/ingest/gpu/test_decode.py",
    "ingest/json_messages.py": "tests/server/ingest/test_json.py",
    "ingest/rows.py": "tests/server/ingest/test_batcher.py",
    "ingest/signals.py": "tests/server/ingest/test_http.py",
    "ingest/wire.py": "tests/server/ingest/test_decode.py",
    "store/clickhouse/rows.py": "tests/server/store/clickhouse/test_reader.py",
    "api/admin_schemas.py": "tests/server/api/test_admin.py",
    "store/clickhouse/tenants/eraser.py": "tests/server/api/test_admin.py",
    "store/clickhouse/tenants/reader.py": "tests/server/test_usage.py",
    "store/clickhouse/tenants/sql.py": "tests/server/test_usage.py",
    "store/postgres/sessions.py": "tests/server/api/test_session.py",
    "store/postgres/tenants.py": "tests/server/api/test_admin.py",
    "store/postgres/usage.py": "tests/server/test_usage.py",
    "store/clickhouse/export/reader.py": "tests/server/export/test_parquet.py",
    "store/clickhouse/gpus/reader.py": "tests/server/query/test_gpus.py",
    "processes.py": "tests/server/query/test_processes.py",
    "store/clickhouse/processes/reader.py": "tests/server/query/test_processes.py",
    "api/process_schemas.py": "tests/server/api/test_processes.py",
    "minutes.py": "tests/server/query/test_analytics.py",
    "store/clickhouse/minutes/reader.py": "tests/server/query/test_analytics.py",
    "store/clickhouse/requests/reader.py": "tests/server/query/test_heatmap.py",
    "store/clickhouse/costs/reader.py": "tests/server/query/test_cost.py",
    "store/postgres/prices.py": "tests/server/api/test_gpus.py",
    "store/clickhouse/removal/days.py": "tests/server/test_retention.py",
    "store/clickhouse/removal/traces.py": "tests/server/test_erasure.py",
    "store/postgres/deletions.py": "tests/server/test_erasure.py",
    "store/postgres/servers.py": "tests/server/test_suspension.py",
    "store/clickhouse/steps/reader.py": "tests/server/query/test_steps.py",
}
# Tested on real libraries and end to end.
OTHER_FOLDERS = ("demo", "integrations")


def modules() -> list[tuple[str, str, Path]]:
    return [
        (source, tests, path.relative_to(ROOT / source))
        for source, tests in PAIRS
        for path in sorted((ROOT / source).rglob("*.py"))
        if not path.name.startswith("__")
        and path.relative_to(ROOT / source).parts[0] not in OTHER_FOLDERS
    ]


@pytest.mark.parametrize(("source", "tests", "module"), modules(), ids=str)
def test_a_module_has_its_test_file(source: str, tests: str, module: Path) -> None:
    if module.as_posix() in DATA:
        return
    there = ELSEWHERE.get(
        module.as_posix(), f"{tests}/{module.parent}/test_{module.name.lstrip('_')}"
    )
    assert (ROOT / there).exists(), f"{source}/{module} wants {there}"


def test_what_is_excused_exists() -> None:
    names = {module.as_posix() for _, _, module in modules()}
    assert set(DATA) | set(ELSEWHERE) <= names


@pytest.mark.parametrize("row", REGISTRY, ids=lambda row: row[0])
def test_an_integration_has_its_page(row: tuple[str, str, str]) -> None:
    assert (ROOT / "docs/integrations" / f"{row[0]}.md").exists()
