"""`axonize doctor`: looks at everything that must be right for a trace to arrive."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import platform
import re
import site
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from axonize import patching, status
from axonize.config import Config, load, variables
from axonize.export import make_exporter
from axonize.export.exporter import Rejected, Retryable
from axonize.finding import Finding, advise, render
from axonize.gpu import open_backend
from axonize.gpu.backend import DiscoveredGPU, GPUGone
from axonize.integrations import REGISTRY, load_integration
from axonize.patching import Integration
from axonize.server_check import check_server
from axonize.speed import USING_C
from axonize.terminal import Level, Style
from axonize.version import VERSION

TIMEOUT_S = 5.0
STARTED = """
import sys
sys.exit(all(type(finder).__module__ != "axonize.finder" for finder in sys.meta_path))
"""


def examine(*, as_json: bool = False, import_libraries: bool = False, server: str = "") -> int:
    """Print what was found here, or at the server of a URL; 1 when something is wrong."""
    findings = list(check_server(server) if server else find(import_libraries=import_libraries))
    wrong = sum(finding.level == "bad" for finding in findings)
    if as_json:
        print(json.dumps({"ok": not wrong, "findings": [asdict(each) for each in findings]}))
    else:
        print(render(findings, Style.of(sys.stdout)))
    return 1 if wrong else 0


def find(*, import_libraries: bool) -> Iterator[Finding]:
    """Run every check, in the order in which a trace needs them."""
    yield from check_installation()
    yield from check_start_up()
    config = Config()
    try:
        config = load(Config, {})
        yield from check_settings(config)
        yield check_endpoint(config)
    except ValueError as error:
        yield Finding("Settings", "bad", str(error), "Correct the variable, or unset it.")
    yield from check_gpus()
    yield from check_libraries(import_libraries=import_libraries)
    processes = status.read_all(config.status_dir)
    yield from check_processes(processes)
    yield from check_profilers(processes)


def check_installation() -> Iterator[Finding]:
    """Look at versions and the core in use."""
    python = platform.python_version()
    facts = {"axonize": VERSION, "python": python, "core": "C" if USING_C else "Python"}
    text = f"axonize {facts['axonize']}, Python {python}, {platform.system()} {platform.machine()}"
    yield Finding("Installation", "good", text, facts=facts)
    if USING_C:
        yield Finding("Installation", "good", "the C core is in use")
    else:
        advice = "Unset AXONIZE_PURE, or reinstall axonize where a C compiler is."
        yield Finding("Installation", "note", "the Python core is in use, it is slower", advice)


def check_start_up() -> Iterator[Finding]:
    """Look whether a Python process starts Axonize by itself when it is asked to."""
    found = [path for folder in _site_folders() if (path := folder / "axonize.pth").is_file()]
    command = [sys.executable, "-m", "axonize.instrument", sys.executable, "-c", STARTED]
    if not found:
        text = "axonize.pth is not installed, so no program starts Axonize by itself"
        advice = "Reinstall with `pip install --force-reinstall axonize`."
        yield Finding("Start-up", "bad", text, advice)
    elif subprocess.run(command, check=False, capture_output=True).returncode:  # noqa: S603
        text = f"{found[0]} is there, but a new Python process did not start Axonize"
        yield Finding("Start-up", "bad", text, "Reinstall axonize in this environment.")
    else:
        text = "programs under axonize-instrument, or with AXONIZE_AUTO=1, are traced"
        yield Finding("Start-up", "good", text, facts={"file": str(found[0])})


def _site_folders() -> list[Path]:
    names = [sysconfig.get_path("purelib"), *site.getsitepackages(), site.getusersitepackages()]
    return [Path(name) for name in dict.fromkeys(names)]


def check_settings(config: Config) -> Iterator[Finding]:
    """Show what is set in the environment of this shell, and by which variable."""
    for row in fields(Config):
        value, source = getattr(config, row.name), _source(row)
        shown = "***" if row.metadata["setting"].secret and value else _plain(value)
        facts = {"setting": row.name, "value": shown, "source": source}
        level: Level = "note" if row.name == "disabled" and value else "good"
        advice = f"Unset {source} to record and send again." if level == "note" else ""
        yield Finding("Settings", level, f"{row.name} = {shown}  ({source})", advice, facts)
    if config == Config():
        yield Finding("Settings", "good", "every setting has its default")


def _source(row: Any) -> str:
    given = os.environ  # noqa: TID251 - names the variable that a setting came from
    return next((name for name in variables(row) if given.get(name, "").strip()), "default")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return ",".join(f"{name}={text}" for name, text in value.items())
    return ",".join(value) if isinstance(value, tuple) else value


def check_endpoint(config: Config) -> Finding:
    """Send an empty request the way the worker does."""
    began = time.perf_counter()
    try:
        exporter = make_exporter(config)
        try:
            exporter.send(b"", TIMEOUT_S)
        finally:
            exporter.close()
    except (Rejected, Retryable, ValueError, OSError) as error:
        text = f"{config.endpoint} did not take an empty request: {error}"
        return Finding("Endpoint", "bad", text, advise(str(error)))
    elapsed_ms = (time.perf_counter() - began) * 1000
    text = f"{config.endpoint} took an empty request in {elapsed_ms:.0f} ms"
    return Finding("Endpoint", "good", text, facts={"ms": round(elapsed_ms, 1)})


def check_gpus() -> Iterator[Finding]:
    """Look which GPUs can be read here, or why none."""
    try:
        backend = open_backend()
        try:
            gpus = backend.discover()
        finally:
            backend.close()
    except GPUGone as reason:
        yield Finding("GPUs", "note", f"no GPU is read: {reason}")
        return
    yield from map(_show_gpu, gpus)
    if not gpus:
        yield Finding("GPUs", "note", "the driver is there, but no GPU")


def _show_gpu(gpu: DiscoveredGPU) -> Finding:
    name = gpu.model if gpu.mig is None else f"{gpu.model}, instance {gpu.mig.profile}"
    text = f"{name}, {gpu.memory_total / 2**30:.0f} GiB ({gpu.uuid})"
    return Finding("GPUs", "good", text, facts=asdict(gpu))


def check_libraries(*, import_libraries: bool) -> Iterator[Finding]:
    """Look which supported libraries are installed, and in which version."""
    for path in dict.fromkeys(path for _, _, path in REGISTRY):
        integration = load_integration(path)
        yield _check_version(integration)
        if import_libraries and (_installed(integration) or not integration.requires):
            yield from _check_hooks(integration)


def _check_version(integration: Integration) -> Finding:
    name, requires = integration.name, integration.requires
    facts: dict[str, object] = {"integration": name, "requires": requires}
    if not requires:
        return Finding("Libraries", "good", f"{name}: part of Python", facts=facts)
    package, found = _package(integration), _installed(integration)
    facts["version"] = found
    if not found:
        return Finding("Libraries", "note", f"{name}: {package} is not installed", facts=facts)
    if _numbers(found) < _numbers(requires):
        advice = f"Upgrade: pip install '{requires}'"
        return Finding("Libraries", "bad", f"{name}: {package} {found} is too old", advice, facts)
    return Finding("Libraries", "good", f"{name}: {package} {found}", facts=facts)


def _check_hooks(integration: Integration) -> Iterator[Finding]:
    """Import what is hooked, here and now, and say what became of each hook."""
    modules = filter(_is_installed, dict.fromkeys(patch.module for patch in integration.patches))
    try:
        for module in modules:
            importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - a library may fail in any way
        text = f"{integration.name}: {module} cannot be imported: {error!r}"
        yield Finding("Libraries", "bad", text, "See whether the library works without Axonize.")
        return
    patching.install(integration)
    rows = [row for row in patching.report() if row.integration == integration.name]
    patched = sum(row.state == "patched" for row in rows)
    text = f"{integration.name}: {patched} of {len(rows)} hooks in place"
    yield Finding("Libraries", "good", text)
    yield from _check_patches("Libraries", rows)


def _is_installed(module: str) -> bool:
    """Say whether a module's library is here; some integrations are for several."""
    return importlib.util.find_spec(module.partition(".")[0]) is not None


def _package(integration: Integration) -> str:
    return re.split("[<>=!~]", integration.requires)[0]


def _installed(integration: Integration) -> str | None:
    try:
        return version(_package(integration))
    except (PackageNotFoundError, ValueError):
        return None


def _numbers(text: str) -> list[int]:
    """Return the leading numbers of a version, or of a lower bound such as `library>=4.46`."""
    match = re.search(r"\d+(\.\d+)*", text)
    return [int(number) for number in match[0].split(".")] if match else []


def _check_patches(section: str, rows: Sequence[Sequence[str]]) -> Iterator[Finding]:
    for integration, target, state, detail in rows:
        facts = {"integration": integration, "target": target, "state": state}
        if state == "missing":
            yield Finding(section, "note", f"{integration}: {detail}", facts=facts)
        elif state == "failed":
            text = f"{integration}: {target} could not be hooked: {detail}"
            yield Finding(section, "bad", text, "Please report this with the text above.", facts)


def check_processes(processes: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Look at what every running instrumented process of this user says of itself."""
    for process in processes:
        yield from _check_process(process)
    if not processes:
        advice = "Start one: axonize-instrument --service-name chat python app.py"
        yield Finding("Processes", "note", "no instrumented process is running", advice)


def _check_process(process: Mapping[str, Any]) -> Iterator[Finding]:
    section, name = "Processes", f"{process['pid']} {process.get('service') or 'stopped'}"
    rows = process.get("patches") or []
    hooks = sum(state == "patched" for _, _, state, _ in rows)
    sent = f"{process.get('exported') or 0} spans sent to {process.get('endpoint')}"
    text = f"{name} ({process['command']}): {sent}, {hooks} hooks, {process['core']} core"
    yield Finding(section, "good", text, facts=process)
    dropped = {why: count for why, count in (process.get("dropped") or {}).items() if count}
    if dropped:
        reasons = ", ".join(f"{why} {count}" for why, count in dropped.items())
        advice = "Raise AXONIZE_BUFFER_SIZE or lower AXONIZE_SAMPLING_RATE."
        if "buffer full" not in dropped:
            advice = "See why the collector did not take them; `axonize serve` logs it."
        text = f"{name}: {sum(dropped.values())} spans lost: {reasons}"
        yield Finding(section, "bad", text, advice)
    if outside := process.get("triton_launches_outside"):
        text = f"{name}: {outside} launches of Triton kernels were in no span, and are not traced"
        yield Finding(section, "note", text, "Launch them inside of `with axonize.span(...)`.")
    if process.get("last_error"):
        level: Level = "bad" if process.get("retrying") else "note"
        text = f"{name}: the last request failed: {process['last_error']}"
        yield Finding(section, level, text, advise(process["last_error"]))
    yield from _check_patches(section, rows)


def check_profilers(processes: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Look at what every process says of the GPUs that it reads and of their metrics."""
    for process in processes:
        if (process.get("profiler") or {}).get("running"):
            yield from _check_profiler(str(process["pid"]), process["profiler"])


def _check_profiler(name: str, profiler: Mapping[str, Any]) -> Iterator[Finding]:
    section, points = "Profiler", profiler["points_exported"]
    if profiler["why_not"]:
        yield Finding(section, "note", f"{name}: no GPU is read: {profiler['why_not']}")
        return
    if not profiler["exporting"]:
        sent = "sends no metrics; one process of a machine does"
    else:
        sent = f"sends their metrics, {points} points so far"
    text = f"{name}: reads {profiler['gpus']} GPUs, {sent}"
    yield Finding(section, "good", text, facts=profiler)
    dropped = {why: count for why, count in profiler["points_dropped"].items() if count}
    if dropped:
        reasons = ", ".join(f"{why} {count}" for why, count in dropped.items())
        text = f"{name}: metric points lost: {reasons}: {profiler['last_error']}"
        yield Finding(section, "note", text, "Send to a collector that takes OTLP metrics.")
