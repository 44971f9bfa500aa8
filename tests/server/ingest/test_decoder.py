"""Whichever decoder reads a request, the same rows are stored and the same is answered."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from axonize_server.ingest import native
from axonize_server.ingest.decode import INVALID_TEXT
from axonize_server.ingest.decoder import ArrowDecoder, NativeDecoder, new_decoder
from axonize_server.ingest.wire import LenientRequest
from axonize_server.model import Accepted, NativeBlock
from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from tests.server.ingest.fuzz import damage, refusal
from tests.server.ingest.otlp import EVERY_TYPE, REQUESTS, body, pairs, request, span
from tests.server.ingest.test_bounds import field
from tests.server.steps import Rider, step

pytestmark = pytest.mark.skipif(not native.USING_C, reason="the C extension is not used")

ROWS = """
SELECT toString(tuple(* EXCEPT (tenant_id, ingested_at))) AS row
FROM {table:Identifier} WHERE tenant_id = {tenant:String} ORDER BY row
"""
_numbers = itertools.count()


def stored(decoder, bodies, writer, clickhouse):
    """Return all rows, as ClickHouse prints them, and the answer to each body."""
    tenant = f"decoder-{next(_numbers)}"
    answers, places = [], []
    for one in bodies:
        refused = refusal(decoder, tenant, one)
        if not refused:
            places.append(len(answers))
        answers.append(refused)
    for part in decoder.finish():
        writer.insert(*part.tables)
        for place, answer in zip(part.places, part.answers, strict=True):
            answers[places[place]] = answer
    with clickhouse.client() as client:
        rows = [
            client.query(
                ROWS,
                parameters={"tenant": tenant, "table": table},
                query_formats={"String": "bytes"},
            ).result_rows
            for table in ("spans", "engine_steps")
        ]
    return rows, answers


def check_equal(bodies, writer, clickhouse):
    by_arrow = stored(ArrowDecoder(), bodies, writer, clickhouse)
    natively = stored(NativeDecoder(), bodies, writer, clickhouse)
    assert natively == by_arrow
    assert sum(map(len, by_arrow[0])) == sum(
        answer.spans for answer in by_arrow[1] if isinstance(answer, Accepted)
    )
    return by_arrow[1]


def test_what_is_usual_is_read_natively():
    decoder = new_decoder()
    decoder.add("t", body(span(1, EVERY_TYPE), span(2, trace_id=b"short")))

    [part] = decoder.finish()

    block, _ = part.tables
    assert isinstance(block, NativeBlock)
    assert block.num_rows == 1
    assert [(one.spans, one.rejected) for one in part.answers] == [(1, 1)]


def test_the_unusual_is_read_with_arrow_beside_it():
    decoder = new_decoder()
    for one in (body(step(1, [Rider("a")])), body(span(1)), body(span(2)), body(step(2, []))):
        decoder.add("t", one)

    usual, unusual = decoder.finish()

    assert (usual.places, unusual.places) == ([1, 2], [0, 3])
    assert (usual.tables[0].num_rows, unusual.tables[1].num_rows) == (2, 2)
    assert usual.answers + unusual.answers == [Accepted(1)] * 4


NUMBERS = [0.0, -0.0, 1.0, 0.1, 1e9, 1e10, 9999999999.5, 1e15, 1e16, 1e22, 1e23, 123456.789]
NUMBERS += [1e-4, 1e-5, 1e-6, 1.5e-6, 9.5e-7, 1e-7, 5e-324, 2.2250738585072014e-308, 1.1e-300]
NUMBERS += [
    2.0**-24,
    math.pi,
    1 / 3,
    2 / 3 * 1e-5,
    2**53 + 1.0,
    1.7976931348623157e308,
    math.inf,
    math.nan,
]
TEXTS = ["", "1", "-1", "+1", "1.5", "007", ".5", "5.", ".", "1e3", "1E+3", "1e", "1e-3", "1e23"]
TEXTS += ["many", " 5", "5 ", "5_0", "\uff15", "nan", "nan(1)", "-inf", "1e400", "1e9999999999"]
TEXTS += ["9" * 15, "9" * 16, "0.1234567890123456789", "5\x00", "0x10"]


def test_every_number_has_one_text(writer, clickhouse):
    source = random.Random(2)
    numbers = NUMBERS + [source.uniform(-1, 1) * 10 ** source.randint(-30, 30) for _ in range(2000)]
    numbers += [round(source.uniform(0, 1000), source.randint(0, 12)) for _ in range(2000)]
    attributes = {str(i): number for i, number in enumerate(numbers)}

    check_equal([body(span(1, attributes | {"list": numbers}))], writer, clickhouse)


@pytest.mark.parametrize("value", [*TEXTS, *NUMBERS, 5, -5, 2**32, True, None, [1], {"a": 1}, b"5"])
def test_promoted_columns(value, writer, clickhouse):
    keys = ["gen_ai.usage.input_tokens", "axonize.ttft_ms", "cost.usd", "gen_ai.request.model"]
    first = span(1, dict.fromkeys([*keys, "gpu.1.model", "http.status_code"], value))
    first.attributes.extend(pairs({keys[0]: 7, "gen_ai.usage.prompt_tokens": 8, "gpu.1.model": ""}))

    check_equal([body(first, resource={"service.name": value, "a": value})], writer, clickhouse)


@pytest.mark.parametrize("neighbour", ["1", " 5", "many"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_number_in_text_means_the_same_beside_any_other(decode, text, neighbour):
    key = "gen_ai.usage.input_tokens"

    alone = decode(("t", body(span(1, {key: text}))))
    beside = decode(("t", body(span(1, {key: text}), span(2, {key: neighbour}))))

    assert beside.spans["input_tokens"][0] == alone.spans["input_tokens"][0]


def test_text_that_is_not_utf8(writer, clickhouse):
    source = random.Random(4)
    odd = [0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xE0, 0xE1, 0xED]
    odd += [0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF]
    original = body(
        span(1, {"k" * 12: "v" * 12, "list": ["l" * 12], "m": {"n" * 12: 1}}, name="s" * 12)
    )
    bodies = [original]
    for _ in range(1000):
        one = original
        for letter in source.sample(b"kvlns", source.randrange(1, 6)):
            one = one.replace(bytes([letter]) * 12, bytes(source.choices(odd, k=12)))
        bodies.append(one)
    block = native.new_block()

    answers = check_equal(bodies, writer, clickhouse)

    assert {one.message for one in answers} == {"", INVALID_TEXT}
    assert None not in [block.add("t", one) for one in bodies]


def not_utf8() -> bytes:
    message = LenientRequest.FromString(body(span(1, {"key": "value"})))
    message.resource_spans[0].schema_url = b"\xff"
    return message.SerializeToString()


def key_twice() -> bytes:
    repeated = span(1, {"m": {"a": 1, "b": 2}})
    repeated.attributes[0].value.kvlist_value.values.extend(pairs({"a": 3}))
    return body(repeated)


def said_twice() -> bytes:
    one = span(1, {"list": [1]}, status={"code": 2, "message": "first"})
    more = span(1, {"other": [2]}, status={"code": 1})
    return body(type(one).FromString(one.SerializeToString() + more.SerializeToString()))


def list_hidden() -> bytes:
    """A list that is damaged inside, and then another value of the same attribute."""
    return body(span(1, {"k": b"???"})).replace(b"\x05:\x03???", b"\x052\x01\xff:\x00")


def joined(*messages: Message) -> bytes:
    """A message of fields in an order that is not theirs, or that are there twice."""
    return field(1, b"".join(message.SerializeToString() for message in messages))


[OWNED] = request(span(1, {"k": 1}, name="owned"), resource={"service.name": "a"}).resource_spans
RESOURCE = ResourceSpans(resource=OWNED.resource)
SPANS = ResourceSpans(scope_spans=OWNED.scope_spans)
SCOPE = ScopeSpans(scope=InstrumentationScope(name="late"))


def of_scope(*messages: Message) -> bytes:
    return field(1, field(2, b"".join(message.SerializeToString() for message in messages)))


def of_span(*messages: Message) -> bytes:
    return field(1, field(2, field(2, b"".join(one.SerializeToString() for one in messages))))


UNUSUAL = {
    "a resource after its spans": joined(SPANS, RESOURCE),
    "two resources": joined(RESOURCE, SPANS, RESOURCE),
    "a scope after its spans": of_scope(OWNED.scope_spans[0], SCOPE),
    "only a late scope": of_scope(ScopeSpans(spans=[span(4)]), SCOPE),
    "ids after all else": of_span(Span(name="n", kind=1), span(1)),
    "an id that is not valid after one that is": of_span(span(1), Span(trace_id=b"short")),
    "a valid id after one that is not": of_span(Span(span_id=b"short"), span(1)),
    "a list that is hidden": list_hidden(),
    "not UTF-8": not_utf8(),
    "a step": body(step(1, [Rider("a")]), span(1)),
    "a key twice in a list": key_twice(),
    "said twice": said_twice(),
    "many keys": body(span(1, {"m": {str(i): i for i in range(100)}})),
    "deep": body(span(1, {"a": [[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]})),
    "gpu.01": body(span(1, {"gpu.01.model": "a", "gpu.00.label": "b"})),
    "an empty body": b"",
    "invalid ids": body(span(1, parent_span_id=b"1"), span(2), span(3, trace_id=bytes(16))),
    "damaged": body(span(1))[:-1],
    "a step with a bad id": body(step(1, []), span(5, span_id=b"")),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_the_unusual_has_one_meaning(name, writer, clickhouse):
    neighbour = body(span(9, {"k": "neighbour"}))

    answers = check_equal([neighbour, UNUSUAL[name], neighbour], writer, clickhouse)

    assert answers[0] == answers[2] == Accepted(1)


@settings(
    deadline=None,
    max_examples=40,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(REQUESTS, min_size=1, max_size=3))
def test_any_requests(writer, clickhouse, messages):
    check_equal([message.SerializeToString() for message in messages], writer, clickhouse)


def test_damaged_bodies(writer, clickhouse):
    source = random.Random(3)
    attributes = EVERY_TYPE | {"gpu.0.model": "H100", "gen_ai.usage.input_tokens": 5}
    original = body(span(1, attributes), span(2, attributes, parent_span_id=b"12345678"))

    answers = check_equal([damage(source, original) for _ in range(3000)], writer, clickhouse)

    assert 0 < sum(isinstance(answer, Accepted) for answer in answers) < 3000
