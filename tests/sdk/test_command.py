"""How a service is called that only its command names."""

from __future__ import annotations

import pytest

from axonize.command import name_of_command


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("vllm serve my-model", "vllm"),
        ("/opt/bin/vllm serve my-model", "vllm"),
        ("uvicorn app:app --port 80", "uvicorn"),
        ("python app.py --model m", "app"),
        ("/usr/bin/python3.11 -u -X dev /srv/my.app.py -m x", "my.app"),
        ("python -W error -I services/chat", "chat"),
        ("python -m my.service --port 80", "my.service"),
        ("python -mmy_service", "my_service"),
        ("python -c print() app.py", ""),
        ("python - app.py", ""),
        ("python -m", ""),
        ("python", ""),
    ],
)
def test_the_program_or_what_python_runs(command: str, name: str) -> None:
    assert name_of_command(command.split()) == name
