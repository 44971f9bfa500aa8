"""Damaged bodies are refused cleanly or stored, and never harm the requests beside them."""

from __future__ import annotations

import itertools
import random
import re

import pytest
from axonize_server.ingest import native
from axonize_server.model import Accepted
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.server.ingest import fuzz
from tests.server.ingest.fuzz import JSON, PROTOBUF, as_protobuf, damage, refusal
from tests.server.ingest.mutate import REQUEST, mutated, mutated_json, read
from tests.server.ingest.otlp import REQUESTS, body, span
from tests.server.ingest.test_decoder import check_equal
from tests.server.ingest.test_json import otlp_json

BODIES = 3000
LIMITED = settings(
    deadline=None,
    max_examples=60,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
needs_c = pytest.mark.skipif(not native.USING_C, reason="the C extension is not used")


@pytest.mark.parametrize("form", ["protobuf", "json"])
def test_damaged_bodies(form, new_decoder, writer, clickhouse, tenant):
    source = random.Random(f"{form} 1")
    original = PROTOBUF if form == "protobuf" else JSON
    damaged = [damage(source, original) for _ in range(BODIES)]
    bodies = damaged if form == "protobuf" else [as_protobuf(one) for one in damaged]
    decoder = new_decoder()
    decoder.add("neighbour", body(span(7)))

    readable = sum(not refusal(decoder, tenant, one) for one in bodies)
    decoder.add("neighbour", body(span(7)))
    parts = decoder.finish()
    for part in parts:
        writer.insert(*part.tables)

    pairs = (zip(part.places, part.answers, strict=True) for part in parts)
    answers = dict(itertools.chain(*pairs))
    assert 0 < readable < BODIES
    assert answers[0] == answers[readable + 1] == Accepted(1)
    with clickhouse.client() as client:
        count = client.query(
            "SELECT count() FROM spans WHERE tenant_id = {tenant:String}",
            parameters={"tenant": tenant},
        ).result_rows[0][0]
    assert count == sum(one.spans for one in answers.values()) - 2


@needs_c
@LIMITED
@given(st.lists(REQUESTS, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_any_bodies_whose_structure_is_changed(writer, clickhouse, messages, source):
    bodies = [mutated(source, one.SerializeToString()) for one in messages]

    check_equal([one for one in bodies if b"engine.step" not in one], writer, clickhouse)


@needs_c
@LIMITED
@given(REQUESTS, st.randoms(use_true_random=False))
def test_any_json_whose_structure_is_changed(writer, clickhouse, message, source):
    check_equal([as_protobuf(mutated_json(source, otlp_json(message)))], writer, clickhouse)


@given(REQUESTS)
@LIMITED
def test_what_is_not_changed_is_written_as_it_was_read(message):
    one = message.SerializeToString()

    assert b"".join(field.write() for field in read(one, REQUEST)) == one


def test_the_session_runs(capsys):
    fuzz.run(200, seed=1)

    protobuf, json = capsys.readouterr().out.splitlines()
    assert re.match(r"bad_protobuf, seed 1: \d+ accepted and \d+ refused", protobuf)
    assert json.startswith("bad_json, seed 1: ")
