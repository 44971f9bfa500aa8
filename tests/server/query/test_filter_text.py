from __future__ import annotations

import pytest
from axonize_server.model import AttributeFilter, TraceSearch
from axonize_server.query.filter_text import FilterFault, refine, terms, written
from hypothesis import given
from hypothesis import strategies as st

RANGE = {"from_ns": 1, "to_ns": 2}
EVERYTHING = TraceSearch(**RANGE)


def read(text: str) -> TraceSearch:
    return refine(EVERYTHING, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("service:api", {"service": "api"}),
        ('  model="my model"  ', {"model": "my model"}),
        ("gpu:MIG-1 status:error", {"gpu": "MIG-1", "status": "error"}),
        ("setup:true", {"setup": True}),
        ("setup=false", {"setup": False}),
        ('"setup":true', {"attributes": (AttributeFilter("setup", "=", "true"),)}),
        ("duration>2s", {"min_duration_ns": 2_000_000_000}),
        ("duration>=1.5m duration<=.5h",
         {"min_duration_ns": 90_000_000_000, "max_duration_ns": 1_800_000_000_000}),
        ("duration<40µs", {"max_duration_ns": 40_000}),
        ("chat", {"text": "chat"}),
        ('post "/v1/chat" completions', {"text": "post /v1/chat completions"}),
        ('"a=b"', {"text": "a=b"}),
        ("app.tier:pro", {"attributes": (AttributeFilter("app.tier", "=", "pro"),)}),
        ("app.retries!=0", {"attributes": (AttributeFilter("app.retries", "!=", "0", 0.0),)}),
        ("tokens>=1e3", {"attributes": (AttributeFilter("tokens", ">=", "1e3", 1000.0),)}),
        ("app.tier:*", {"attributes": (AttributeFilter("app.tier", "exists"),)}),
        ('app.tier:"*"', {"attributes": (AttributeFilter("app.tier", "=", "*"),)}),
        ('"service":api', {"attributes": (AttributeFilter("service", "=", "api"),)}),
        (r'say:"a \"b\" \\"', {"attributes": (AttributeFilter("say", "=", r'a "b" \ '[:-1]),)}),
        ("url:http://x?a=1", {"attributes": (AttributeFilter("url", "=", "http://x?a=1"),)}),
    ],
)  # fmt: skip
def test_a_text_becomes_a_search(text, expected):
    assert read(text) == TraceSearch(**RANGE, **expected)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("status:bad", 0, "expected status:error or status:ok"),
        ("setup:maybe", 0, "expected setup:true or setup:false"),
        ("setup!=true", 0, "expected setup:true or setup:false"),
        ("a:1 duration:2s", 4, "duration takes < <= > or >=, as in duration>2s"),
        ("duration>fast", 9, "expected a number with a unit such as 250ms, 2s or 1.5m, not 'fast'"),
        ("duration>2", 9, "expected a number with a unit such as 250ms, 2s or 1.5m, not '2'"),
        ("service>a", 0, "service is compared with : only, as in service:a"),
        ("service:", 8, 'expected a value after service:, such as service:"some text"'),
        ('model:"llama', 6, 'this quote has no end; write " after the text'),
        (":api", 0, "expected a key before :, such as service:api"),
        ("hello world!", 11, 'write != for "is not", or "world!" in quotes'),
        ("a:b service:x service:y", 14, "service is filtered already; keep one of them"),
        ("tokens>many", 7, "expected a number after >, not 'many'; for texts there are = and !="),
        ('a"b', 1, 'this quote has no end; write " after the text'),
        ('a"b"', 0, "expected key:value; put texts with spaces or quotes inside it in quotes"),
        (" ".join(f"k{n}:1" for n in range(9)), 0, "expected at most 8 attributes"),
    ],
)
def test_a_fault_says_where_it_is_and_what_to_write(text, position, message):
    with pytest.raises(FilterFault) as caught:
        read(text)
    assert (caught.value.position, caught.value.message) == (position, message)
    assert str(caught.value) == f"filter, character {position + 1}: {message}"


def test_what_the_search_has_already_is_not_filtered_again():
    with pytest.raises(FilterFault, match="character 5: model is filtered already"):
        refine(TraceSearch(**RANGE, model="a"), "x:1 model:b")
    with pytest.raises(FilterFault, match="a text is looked for already"):
        refine(TraceSearch(**RANGE, text="a"), "b")
    both = refine(TraceSearch(**RANGE, attributes=(AttributeFilter("a", "exists"),)), "b:*")
    assert [each.key for each in both.attributes] == ["a", "b"]


def test_terms_say_where_they_stand():
    text = ' service:api "two words" '
    assert [text[term.start : term.end] for term in terms(text)] == ["service:api", '"two words"']


@given(st.text(min_size=1), st.text(min_size=1))
def test_whatever_is_quoted_comes_back(key, value):
    written = ":".join('"' + re_quoted(part) + '"' for part in (key, value))
    (term,) = terms(written)
    assert (term.key, term.operator, term.value) == (key, "=", value)


def re_quoted(part: str) -> str:
    return part.replace("\\", "\\\\").replace('"', '\\"')


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (AttributeFilter("app.tier", "=", "pro"), "app.tier:pro"),
        (AttributeFilter("app.tier", "exists"), "app.tier:*"),
        (AttributeFilter("app.tier", "=", "*"), 'app.tier:"*"'),
        (AttributeFilter("status", "=", "two words"), '"status":"two words"'),
        (AttributeFilter("n", ">=", "5", 5.0), "n>=5"),
    ],
)
def test_a_condition_is_written_as_plainly_as_it_can_be(wanted, text):
    assert written(wanted) == text
    assert read(text).attributes == (wanted,)


@given(st.text(min_size=1), st.sampled_from(["=", "!="]), st.text(min_size=1))
def test_whatever_condition_is_written_is_read_as_it_was(key, operator, value):
    (read_back,) = read(written(AttributeFilter(key, operator, value))).attributes
    assert (read_back.key, read_back.operator, read_back.value) == (key, operator, value)


@given(st.text(alphabet=' ab"\\:=<>!*.1s'))
def test_every_text_is_read_or_refused_with_a_place_in_it(text):
    assert 0 <= place_of_fault(text) <= len(text)


def place_of_fault(text: str) -> int:
    """Return where the fault is, or 0 where there is none."""
    try:
        read(text)
    except FilterFault as fault:
        return fault.position
    return 0
