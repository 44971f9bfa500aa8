"""Many damaged bodies through both decoders: `python -m tests.server.ingest.fuzz`.

AXONIZE_FUZZ_RUNS says how many of each form; a fault ends the run and shows the body.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable

from axonize_server.ingest import native
from axonize_server.ingest.decoder import ArrowDecoder, NativeDecoder
from axonize_server.ingest.json import to_protobuf
from axonize_server.ingest.rows import Decoder
from axonize_server.model import Accepted, MalformedRequest

from tests.server.ingest.mutate import mutated, mutated_json
from tests.server.ingest.otlp import EVERY_TYPE, request, span
from tests.server.ingest.test_json import otlp_json

BATCH = 200  # bodies that are decoded together
_ATTRIBUTES = EVERY_TYPE | {"gpu.0.model": "H100", "gen_ai.usage.input_tokens": 5}
_MESSAGE = request(span(1, _ATTRIBUTES), span(2, _ATTRIBUTES, parent_span_id=b"12345678"))
PROTOBUF = _MESSAGE.SerializeToString()
JSON = otlp_json(_MESSAGE)


def damage(source: random.Random, original: bytes) -> bytes:
    """Return the bytes with some of them changed, gone or more."""
    damaged = bytearray(original)
    for _ in range(source.choice([1, 1, 1, 2, 5])):
        place = source.randrange(len(damaged) + 1)
        match source.randrange(4):
            case 0:
                damaged[place : place + 1] = source.randbytes(1)
            case 1:
                del damaged[place : place + source.randrange(1, 9)]
            case 2:
                damaged[place:place] = source.randbytes(source.randrange(1, 9))
            case _:
                damaged[place:place] = damaged[place : place + source.randrange(1, 40)]
    return bytes(damaged)


def bad_protobuf(source: random.Random) -> bytes:
    one = mutated(source, PROTOBUF) if source.random() < 0.7 else PROTOBUF
    return damage(source, one) if one is PROTOBUF or source.random() < 0.2 else one


def bad_json(source: random.Random) -> bytes:
    return as_protobuf(
        mutated_json(source, JSON) if source.random() < 0.7 else damage(source, JSON)
    )


def as_protobuf(one: bytes) -> bytes:
    """Return what the JSON says; what is refused there is refused as protobuf too."""
    try:
        return to_protobuf(one)
    except MalformedRequest:
        return b"\xff"


def refusal(decoder: Decoder, tenant: str, one: bytes) -> str:
    """Add a request to the decoder; return why it was refused, "" when it was not."""
    try:
        decoder.add(tenant, one)
    except MalformedRequest as error:
        return str(error)
    return ""


def answers(kind: Callable[[], Decoder], bodies: list[bytes]) -> list[Accepted | str]:
    """Return the answer to each body, or why it was refused."""
    decoder = kind()
    found: list[Accepted | str] = [refusal(decoder, "fuzz", one) for one in bodies]
    places = [place for place, refused in enumerate(found) if not refused]
    for part in decoder.finish():
        for place, answer in zip(part.places, part.answers, strict=True):
            found[places[place]] = answer
    return found


def check(bodies: list[bytes]) -> Counter[str]:
    """Raise AssertionError where the decoders do not agree."""
    by_arrow = answers(ArrowDecoder, bodies)
    if native.USING_C:
        for one, expected, actual in zip(
            bodies, by_arrow, answers(NativeDecoder, bodies), strict=True
        ):
            assert actual == expected, (one.hex(), actual, expected)
    return Counter("refused" if isinstance(one, str) else "accepted" for one in by_arrow)


def run(runs: int, seed: int) -> None:
    """Decode so many bodies of each form."""
    source = random.Random(seed)
    for make in (bad_protobuf, bad_json):
        begin = time.monotonic()
        outcomes: Counter[str] = Counter()
        for first in range(0, runs, BATCH):
            outcomes += check([make(source) for _ in range(min(BATCH, runs - first))])
        print(
            f"{make.__name__}, seed {seed}: {outcomes['accepted']} accepted and "
            f"{outcomes['refused']} refused in {time.monotonic() - begin:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    run(int(os.environ.get("AXONIZE_FUZZ_RUNS", "20000")), seed=random.randrange(1 << 32))
