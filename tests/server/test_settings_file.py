from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from axonize_server.settings_file import Entry, read

KNOWN = ("http_port", "host", "api_key", "allowed_hosts")
FORM = "write one `name: value` a line, and quote a value that has a colon or a # in it"
MEANT = "no setting has this name; did you mean http_port?"


def test_values_come_with_their_lines(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("\ufeff# ports\nhttp_port: 1\n\nallowed_hosts: [a, b]\nhost:\n")
    assert read(path, KNOWN) == {
        "http_port": Entry(1, 2),
        "allowed_hosts": Entry(["a", "b"], 4),
        "host": Entry(None, 5),
    }


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "''"])
def test_an_empty_file_says_nothing(tmp_path, text):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert read(path, KNOWN) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", f"1: no valid YAML: expected the node content, but found '<stream end>'; {FORM}"),
        ("host: a\n\thttp_port: 1", ("2: no valid YAML: found character '\\t' that cannot start "
         f"any token; {FORM}")),
        ("host: a: b", f"1: no valid YAML: mapping values are not allowed here; {FORM}"),
        ("host: !thing a", ("1: no valid YAML: could not determine a constructor for the tag "
         f"'!thing'; {FORM}")),
        ("host: &a [*a]", f"1: no valid YAML: found unconstructable recursive node; {FORM}"),
        ("host: a\n---\nhost: b", f"2: no valid YAML: but found another document; {FORM}"),
        ("- host", f"1: no settings by name; {FORM}"),
        ("host", f"1: no settings by name; {FORM}"),
        ("? [a]\n: b", f"1: a name is no text; {FORM}"),
        ("host: a\n\nhtp_port: 1", f"3: htp_port: {MEANT}"),
        ("HTTP-PORT: 1", f"1: HTTP-PORT: {MEANT}"),
        ("zebra: 1", ("1: zebra: no setting has this name; "
         "known are allowed_hosts, api_key, host, http_port")),
        ("host: a\nhost: b", "2: host: set on line 1 already; remove one of the two lines"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_with_its_place(tmp_path, text, message):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(ValueError) as refused:
        read(path, KNOWN)
    assert str(refused.value) == f"{path}:{message}"


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"host: \xff")
    with pytest.raises(ValueError, match=r"a\.yaml: no text in UTF-8, from byte 6 on"):
        read(path, KNOWN)
    path.write_bytes(b"host: a\0")
    with pytest.raises(ValueError, match=r"a\.yaml: no valid YAML: unacceptable character"):
        read(path, KNOWN)
    with pytest.raises(ValueError, match="cannot be read: Is a directory; let this user read it"):
        read(tmp_path, KNOWN)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.yaml", KNOWN)


MISTAKES = {
    "unknown key": ("htp_port: 1", r"{}:1: htp_port: no setting .*; did you mean http_port\?"),
    "wrong type": ("http_port: many", r"{}:1: http_port='many': expected a whole number; write .*"),
    "out of range": ("\nhttp_port: 70000", "{}:2: http_port=70000: expected at most .*; write .*"),
    "no choice": ("auth_mode: open", "{}:1: auth_mode='open': expected one of .*; remove .*"),
    "bad unit": ("query_timeout_s: 30s", "{}:1: query_timeout_s='30s': .* without a unit, such .*"),
    "bad syntax": ("host: a\nhttp_port: [1", "{}:2: no valid YAML: .*; write one `name: value` .*"),
    "set twice": ("host: a\nhost: b", "{}:2: host: set on line 1 already; remove one .*"),
    "no settings": ("- host", "{}:1: no settings by name; write one `name: value` .*"),
    "bad address": ("clickhouse_dsn: htp://a", "{}:1: clickhouse_dsn=a secret: expected an .*"),
    "conflict": ("host: a.example\n", "{}:1: host=a.example lets .*: set AXONIZE_API_KEY .*"),
    "half of TLS": ("tls_cert: broken.yaml", "{}:1: tls_cert is set without tls_key: set both, .*"),
    "no text": (b"host: \xff", "{}: no text in UTF-8, from byte 6 on; save it as UTF-8"),
    "missing": (None, "{} does not exist; name another file with --config"),
    "unreadable": ("folder", "{}: cannot be read: Is a directory; let this user read it, .*"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_serve_says_what_is_wrong_in_one_line_and_ends_with_2(tmp_path, mistake):
    text, message = MISTAKES[mistake]
    path = tmp_path / "broken.yaml"
    if text == "folder":
        path.mkdir()
    elif text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    command = [sys.executable, "-m", "axonize", "serve", "--config", "broken.yaml"]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("AXONIZE_")}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(f"axonize: {message.format('broken.yaml')}\n", done.stderr)
