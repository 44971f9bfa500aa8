"""The doctor finds what is wrong, says what to do, and tells the shell by its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from axonize import doctor
from axonize.config import Config, load
from axonize.doctor import Finding, check_processes, examine, render
from axonize.gpu.backend import GPUGone
from axonize.patching import Integration
from axonize.terminal import Style
from tests.sdk.export.collectors import Collector, fails, grpc_collector


@pytest.fixture
def collector() -> Iterator[Collector]:
    with grpc_collector() as collector:
        yield collector


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AXONIZE_", "OTEL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AXONIZE_STATUS_DIR", str(tmp_path / "status"))


def sections(findings: list[Finding]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for finding in findings:
        found.setdefault(finding.section, []).append((finding.level, finding.text))
    return found


def test_an_installation_in_order(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AXONIZE_ENDPOINT", collector.address)
    assert examine() == 0
    printed = capsys.readouterr().out
    assert f"endpoint = {collector.address}  (AXONIZE_ENDPOINT)" in printed
    assert f"{collector.address} took an empty request in " in printed
    assert "no instrumented process is running" in printed
    assert printed.endswith("\n\nEverything is in order.\n")
    assert [len(request.resource_spans) for request in collector.requests] == [0]


def test_no_collector_is_wrong_and_told_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AXONIZE_ENDPOINT", "127.0.0.1:9")
    assert examine(as_json=True) == 1
    answer = json.loads(capsys.readouterr().out)
    wrong = [finding for finding in answer["findings"] if finding["level"] == "bad"]
    assert answer["ok"] is False
    assert [(each["section"], each["advice"]) for each in wrong] == [
        (
            "Endpoint",
            "Start a server with `axonize serve`, or set AXONIZE_ENDPOINT to one that runs.",
        )
    ]
    assert wrong[0]["text"].startswith("127.0.0.1:9 did not take an empty request: ")


def test_a_refused_key_has_its_own_advice(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.answers.append(fails(grpc.StatusCode.UNAUTHENTICATED))
    finding = doctor.check_endpoint(Config(endpoint=collector.address))
    assert (finding.level, finding.advice) == ("bad", "Set AXONIZE_API_KEY to a key of the server.")


def test_a_wrong_setting_is_named_and_the_rest_is_still_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AXONIZE_BATCH_SIZE", "0")
    found = sections(list(doctor.find(import_libraries=False)))
    assert found["Settings"] == [("bad", "AXONIZE_BATCH_SIZE='0': expected at least 1")]
    assert {"Installation", "Start-up", "Libraries", "Processes"} <= set(found)


def test_secrets_are_never_shown(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AXONIZE_ENDPOINT", collector.address)
    monkeypatch.setenv("AXONIZE_API_KEY", "hunter2")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-token=hunter2")
    examine()
    examine(as_json=True)
    printed = capsys.readouterr().out
    assert "api_key = ***  (AXONIZE_API_KEY)" in printed
    assert "headers = ***  (OTEL_EXPORTER_OTLP_HEADERS)" in printed
    assert "hunter2" not in printed
    assert collector.headers[0]["authorization"] == "Bearer hunter2"


def test_switched_off_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    notes = [each for each in doctor.check_settings(load(Config, {})) if each.level == "note"]
    assert [(note.text, note.advice) for note in notes] == [
        (
            "disabled = True  (OTEL_SDK_DISABLED)",
            "Unset OTEL_SDK_DISABLED to record and send again.",
        )
    ]


def test_a_missing_start_up_file_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_site_folders", lambda: [tmp_path])
    (finding,) = doctor.check_start_up()
    assert (finding.level, finding.advice) == (
        "bad",
        "Reinstall with `pip install --force-reinstall axonize`.",
    )


@pytest.mark.parametrize(
    ("requires", "level", "text"),
    [
        ("pytest>=7", "good", f"x: pytest {pytest.__version__}"),
        ("pytest>=99.1", "bad", f"x: pytest {pytest.__version__} is too old"),
        ("no-such-library>=1", "note", "x: no-such-library is not installed"),
        ("", "good", "x: part of Python"),
    ],
)
def test_versions_of_libraries(requires: str, level: str, text: str) -> None:
    finding = doctor._check_version(Integration("x", requires, ()))
    assert (finding.level, finding.text) == (level, text)


def test_hooks_are_tried_when_asked() -> None:
    program = (
        "import json; from axonize import doctor\n"
        "doctor.REGISTRY = [row for row in doctor.REGISTRY if row[0] in ('asgi', 'threads')]\n"
        "print(json.dumps([each.text for each in doctor.check_libraries(import_libraries=True)]))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    texts = json.loads(printed)
    assert "asgi: 1 of 1 hooks in place" in texts
    assert "threads: 2 of 2 hooks in place" in texts


def test_an_integration_for_several_libraries_is_one() -> None:
    texts = [each.text for each in doctor.check_libraries(import_libraries=False)]
    assert len([text for text in texts if text.startswith("triton_server: tritonclient")]) == 1


# ---------------------------------------------------------------- processes

APPLICATION = """
import axonize, sys
import starlette.applications
with axonize.span("work"):
    pass
print(axonize.flush(120), flush=True)
sys.stdin.read()
"""


def test_a_running_process_tells_what_it_does(collector: Collector, tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "axonize.instrument", "--service-name", "chat",
        "--endpoint", collector.address, sys.executable, "-c", APPLICATION,
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"True\n"
        finding = next(iter(read_processes(process.pid)))
        process.communicate(b"")
    assert finding.level == "good"
    assert finding.text.startswith(f"{process.pid} chat (-c): ")
    assert f"spans sent to {collector.address}, " in finding.text
    assert any(row[0] == "asgi" and row[2] == "patched" for row in finding.facts["patches"])


def read_processes(pid: int) -> list[Finding]:
    from axonize import status

    processes = status.read_all()
    assert [process["pid"] for process in processes] == [pid]
    return list(check_processes(processes))


def process(**changes: Any) -> dict[str, Any]:
    usual = {
        "pid": 7, "command": "app.py", "service": "chat", "endpoint": "collector:4317",
        "core": "C", "exported": 12, "retrying": 0, "dropped": {"buffer full": 0, "rejected": 0},
        "last_error": "", "patches": [["asgi", "starlette:Starlette", "patched", ""]],
    }  # fmt: skip
    return {**usual, **changes}


def test_a_healthy_process_is_one_line() -> None:
    (finding,) = check_processes([process()])
    assert finding.text == "7 chat (app.py): 12 spans sent to collector:4317, 1 hooks, C core"


def test_lost_spans_are_wrong_and_say_why() -> None:
    findings = list(check_processes([process(dropped={"buffer full": 3, "rejected": 2})]))
    assert [(each.level, each.text) for each in findings[1:]] == [
        ("bad", "7 chat: 5 spans lost: buffer full 3, rejected 2")
    ]
    assert "AXONIZE_BUFFER_SIZE" in findings[1].advice
    findings = list(check_processes([process(dropped={"rejected": 2})]))
    assert "collector" in findings[1].advice


def test_a_failing_request_is_wrong_while_spans_wait_for_it() -> None:
    error = "UNAVAILABLE connection refused"
    for retrying, level in ((3, "bad"), (0, "note")):
        finding = list(check_processes([process(retrying=retrying, last_error=error)]))[1]
        assert (finding.level, finding.text) == (
            level,
            f"7 chat: the last request failed: {error}",
        )


def test_launches_in_no_span_are_noted() -> None:
    findings = list(check_processes([process(triton_launches_outside=12)]))[1:]
    assert [(each.level, each.text) for each in findings] == [
        ("note", "7 chat: 12 launches of Triton kernels were in no span, and are not traced")
    ]


def test_hooks_that_failed_are_wrong_and_missing_ones_are_noted() -> None:
    rows = [
        ["vllm", "vllm.core:Core.step", "missing", "vllm.core has no Core.step"],
        ["torch", "torch:compile", "failed", "TypeError('x')"],
        ["torch", "torch:later", "waiting", ""],
    ]
    findings = list(check_processes([process(patches=rows)]))[1:]
    assert [(each.level, each.text) for each in findings] == [
        ("note", "vllm: vllm.core has no Core.step"),
        ("bad", "torch: torch:compile could not be hooked: TypeError('x')"),
    ]


def test_the_text_for_people() -> None:
    findings = [
        Finding("Settings", "good", "endpoint = x", facts={"source": "default"}),
        Finding("Settings", "good", "service_name = chat  (OTEL_SERVICE_NAME)"),
        Finding("Endpoint", "bad", "no answer", "Start a server."),
        Finding("Endpoint", "note", "slow"),
    ]
    assert render(findings, Style()).splitlines() == [
        "Settings",
        "  ok service_name = chat  (OTEL_SERVICE_NAME)",
        "",
        "Endpoint",
        "  !! no answer",
        "      -> Start a server.",
        "  -- slow",
        "",
        "1 thing is wrong.",
    ]


def test_says_why_no_gpu_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise GPUGone("NVML: no permission")

    monkeypatch.setattr(doctor, "open_backend", refuse)
    assert list(doctor.check_gpus()) == [
        Finding("GPUs", "note", "no GPU is read: NVML: no permission")
    ]


PROFILER = {
    "running": True,
    "gpus": 2,
    "why_not": "",
    "exporting": True,
    "points_exported": 40,
    "points_dropped": {"full": 0, "rejected": 0},
    "last_error": "",
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, [("good", "7: reads 2 GPUs, sends their metrics, 40 points so far")]),
        (
            {"exporting": False},
            [("good", "7: reads 2 GPUs, sends no metrics; one process of a machine does")],
        ),
        ({"running": False}, []),
        ({"why_not": "NVML: no driver"}, [("note", "7: no GPU is read: NVML: no driver")]),
        (
            {"points_dropped": {"full": 0, "rejected": 3}, "last_error": "UNIMPLEMENTED"},
            [
                ("good", "7: reads 2 GPUs, sends their metrics, 40 points so far"),
                ("note", "7: metric points lost: rejected 3: UNIMPLEMENTED"),
            ],
        ),
    ],
)
def test_says_what_the_profiler_does(
    changed: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    process = {"pid": 7, "profiler": {**PROFILER, **changed}}
    findings = doctor.check_profilers([process, {"pid": 8, "profiler": None}])
    assert [(finding.level, finding.text) for finding in findings] == expected
