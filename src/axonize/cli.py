"""The `axonize` command; each subcommand imports what it needs only when it runs."""

from __future__ import annotations

import argparse
import importlib.util
import platform
import sys
from collections.abc import Callable, Sequence

from axonize.version import VERSION

REFUSED = 2
DESCRIPTION = "Observability for AI inference: why a request was slow, and what it cost."
EPILOG = """\
Trace a program:     axonize-instrument --service-name chat python app.py
See it in a browser: axonize serve, then open http://localhost:8080
Something is wrong:  axonize doctor
"""
# What the extra "demo" brings beside the server; asked for before minutes of work begin.
DEMO_MODULES = ("torch", "transformers", "fastapi", "httpx", "uvicorn", "litestar", "chdb")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.command is None:
        parser.print_help()
        return 0
    try:
        return int(given.run(given))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="axonize",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=describe_version())
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    def add(
        name: str, run: Callable[[argparse.Namespace], int], summary: str
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        command.set_defaults(run=run)
        return command

    _add_server_options(add("serve", _serve, "Run the server: OTLP in, web UI and REST API out."))
    _add_demo_options(add("demo", _demo, "Serve a tiny real model, trace it and show the traces."))
    _add_storage_options(add("migrate", _migrate, "Bring the databases to this release."))
    _add_import_options(add("import", _import, "Send an exported trace to a server."))
    _add_doctor_options(add("doctor", _doctor, "Check this installation and say what to do."))
    add("version", _version, "Print the version.")
    return parser


def _add_storage_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data-dir", metavar="FOLDER", help="where the databases live (default: ~/.axonize)"
    )
    parser.add_argument("--config", metavar="FILE", help="YAML settings (default: config.yaml)")


def _add_server_options(parser: argparse.ArgumentParser) -> None:
    _add_storage_options(parser)
    parser.add_argument(
        "--host", metavar="ADDRESS", help="address to listen on (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--http-port", metavar="PORT", help="UI, API and OTLP over HTTP (default: 8080)"
    )
    parser.add_argument("--grpc-port", metavar="PORT", help="OTLP over gRPC (default: 4317)")
    roles = parser.add_mutually_exclusive_group()
    for role, says in (("ingest", "take OTLP, no UI and API"), ("query", "UI and API, no OTLP")):
        roles.add_argument(
            f"--{role}-only", action="store_const", const=role, dest="role", help=says
        )


def _add_demo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="end when the traces were read back")
    parser.add_argument("--requests", metavar="N", type=int, default=20, help="(default: 20)")
    parser.add_argument(
        "--concurrency", metavar="N", type=int, default=4, help="requests at a time (default: 4)"
    )
    parser.add_argument("--data-dir", metavar="FOLDER", help="keep what the demo makes here")
    parser.add_argument(
        "--port", metavar="PORT", type=int, default=0, help="port of the UI (default: a free one)"
    )


def _add_doctor_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--server",
        metavar="URL",
        default="",
        help="check a server instead, such as http://localhost:8080: both ports, key, databases, "
        "clock; AXONIZE_ENDPOINT is its gRPC port where that is not 4317",
    )
    parser.add_argument(
        "--import",
        action="store_true",
        dest="import_libraries",
        help="import each supported library and look whether its patch points are there",
    )


def _add_import_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        help="OTLP/JSON, one request a line, as /api/v1/traces/{id}/export.jsonl answers",
    )
    parser.add_argument(
        "--server",
        metavar="URL",
        default="http://localhost:8080",
        help="(default: http://localhost:8080); the key is AXONIZE_API_KEY",
    )


def _serve(arguments: argparse.Namespace) -> int:
    try:
        from axonize_server.main import run
    except ModuleNotFoundError as error:
        return _say_what_is_missing("serve", error.name or "", "server")
    return run(arguments)


def _migrate(arguments: argparse.Namespace) -> int:
    try:
        from axonize_server.main import migrate
    except ModuleNotFoundError as error:
        return _say_what_is_missing("migrate", error.name or "", "server")
    return migrate(arguments)


def _demo(arguments: argparse.Namespace) -> int:
    for module in DEMO_MODULES:
        if importlib.util.find_spec(module) is None:
            return _say_what_is_missing("demo", module, "demo")
    from axonize.demo.run import main as demo

    return demo(arguments)


def _doctor(arguments: argparse.Namespace) -> int:
    from axonize.doctor import examine

    return examine(
        as_json=arguments.json,
        import_libraries=arguments.import_libraries,
        server=arguments.server,
    )


def _import(arguments: argparse.Namespace) -> int:
    from axonize.import_file import import_file

    return import_file(arguments.file, arguments.server)


def _version(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - as all commands
    print(describe_version())
    return 0


def describe_version() -> str:
    """Name the release, the core in use and the Python."""
    from axonize.speed import USING_C

    core = "C" if USING_C else "Python"
    return f"axonize {VERSION} ({core} core, Python {platform.python_version()})"


def _say_what_is_missing(command: str, module: str, extra: str) -> int:
    """Print the pip command; a module of our own that is missing is an error of the release."""
    name = module.partition(".")[0]
    if name.startswith("axonize"):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)
    print(f"axonize {command} needs '{name}': pip install 'axonize[{extra}]'", file=sys.stderr)
    return REFUSED
