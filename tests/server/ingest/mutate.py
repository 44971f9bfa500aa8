"""Bodies with something changed in their structure: what no sender means, and an attacker may."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any, NamedTuple

from axonize_server.ingest.bounds import Message, describe
from axonize_server.ingest.wire import StrictRequest
from google.protobuf.internal.decoder import _DecodeVarint
from google.protobuf.internal.encoder import _VarintBytes

REQUEST = describe(StrictRequest.DESCRIPTOR)
ODD = [
    b"", b"\xff", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"engine.step", b"gpu.63.label",
    b"gpu.01.model", b"gen_ai.usage.input_tokens", b" 5", b"1e400", b"\x00" * 16, b"\x01" * 16,
    b"\x0a" * 40,
]  # fmt: skip


class Field(NamedTuple):
    """A field as it is written: its tag, and its message or the bytes after the tag."""

    tag: int
    content: list[Field] | bytes

    def write(self) -> bytes:
        if isinstance(self.content, bytes):
            return _VarintBytes(self.tag) + self.content
        inner = b"".join(field.write() for field in self.content)
        return _VarintBytes(self.tag) + _VarintBytes(len(inner)) + inner


def read(body: bytes, message: Message) -> list[Field]:
    """Read a body that is not damaged."""
    fields, at = [], 0
    while at < len(body):
        tag, begin = _DecodeVarint(body, at)
        content, at = _content(body, begin, tag, message)
        fields.append(Field(tag, content))
    return fields


def _content(
    body: bytes, begin: int, tag: int, message: Message
) -> tuple[list[Field] | bytes, int]:
    match tag & 7:
        case 0:
            end = _DecodeVarint(body, begin)[1]
        case 1:
            end = begin + 8
        case 5:
            end = begin + 4
        case _:
            size, inner = _DecodeVarint(body, begin)
            end = inner + size
            if nested := message.fields.get(tag >> 3):
                return read(body[inner:end], nested), end
    return body[begin:end], end


def _twice(source: random.Random, fields: list[Field], place: int) -> None:
    fields.insert(source.randrange(len(fields) + 1), fields[place])


def _gone(source: random.Random, fields: list[Field], place: int) -> None:
    del fields[place]


def _elsewhere(source: random.Random, fields: list[Field], place: int) -> None:
    fields.insert(source.randrange(len(fields)), fields.pop(place))


def _other_tag(source: random.Random, fields: list[Field], place: int) -> None:
    tag = source.choice([fields[place].tag ^ 1 << source.randrange(7), source.randrange(1 << 32)])
    fields[place] = fields[place]._replace(tag=tag)


def _other_length(source: random.Random, fields: list[Field], place: int) -> None:
    written = Field(0, fields[place].content).write()[1:]
    length = source.choice([0, source.randrange(300), source.randrange(1 << 64)])
    fields[place] = Field(fields[place].tag, _VarintBytes(length) + written[1:])


def _other_bytes(source: random.Random, fields: list[Field], place: int) -> None:
    content = source.choice([*ODD, source.randbytes(source.randrange(20))])
    tag = fields[place].tag & ~7 | 2
    fields[place] = Field(tag, _VarintBytes(len(content)) + content)


def _shorter(source: random.Random, fields: list[Field], place: int) -> None:
    written = Field(0, fields[place].content).write()[1:]
    fields[place] = Field(fields[place].tag, written[: source.randrange(len(written) + 1)])


_CHANGES: list[Callable[[random.Random, list[Field], int], None]] = [
    _twice, _gone, _elsewhere, _other_tag, _other_length, _other_bytes, _shorter,
]  # fmt: skip


def _messages(fields: list[Field]) -> list[list[Field]]:
    """Return the messages at every depth that have a field."""
    inner = (
        one
        for field in fields
        if isinstance(field.content, list)
        for one in _messages(field.content)
    )
    return [fields, *inner] if fields else []


def mutated(source: random.Random, body: bytes) -> bytes:
    """Return a body with one to four of its fields changed."""
    fields = read(body, REQUEST)
    for _ in range(source.randrange(1, 5)):
        if messages := _messages(fields):
            message = source.choice(messages)
            source.choice(_CHANGES)(source, message, source.randrange(len(message)))
    return b"".join(field.write() for field in fields)


def mutated_json(source: random.Random, body: bytes) -> bytes:
    """Return an OTLP/JSON body with one to four of its members changed."""
    document = json.loads(body)
    for _ in range(source.randrange(1, 5)):
        containers = _containers(document) or [[None]]
        changed = source.choice(containers)
        place = source.choice(list(changed) if isinstance(changed, dict) else range(len(changed)))
        other = json.loads(json.dumps(source.choice(containers)))
        changed[place] = source.choice([None, [], {}, "", "\udcff", -1, 2**70, 1.5, True, other])
    return json.dumps(document).encode()


def _containers(value: Any) -> list[Any]:
    if not isinstance(value, (list, dict)) or not value:
        return []
    inner = value.values() if isinstance(value, dict) else value
    return [value, *(found for one in inner for found in _containers(one))]
