r"""Filters of traces as text, such as `service:api status:error duration>2s app.tier!=free chat`.

    filter   = *( term " " )               every term must hold
    term     = key operator value          no space within a term
             / key ":*"                    some span has the attribute
             / word                        part of a span's name or service, or start of a trace id
    key      = "service" / "model" / "gpu" / "status" / "setup" / "duration" / attribute key
    operator = ":" / "=" / "!=" / ">" / ">=" / "<" / "<="    ":" means "="
    value    = word / quoted
    quoted   = DQUOTE *( any but DQUOTE and "\" / "\" any ) DQUOTE

Words stand without quotes while they hold no space, no quote and none of = ! < > : ; values may
hold all but space and quotes. A key in quotes is always that of an attribute. service, model, gpu,
status (`ok`, `error`) and setup (`true`, `false`) take ":" or "="; duration takes < <= > >= and a
number with ns, us, ms, s, m or h, and < is as <=. Words outside of terms are looked for together,
as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import get_args

import msgspec

from axonize_server.model import AttributeFilter, InvalidQuery, Status, TraceSearch
from axonize_server.query.attributes import attribute_filter

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_TERM = re.compile(
    rf"(?P<key>{_QUOTED}|[^\s\"=!<>:]+)"
    rf"(?:(?P<operator>!=|>=|<=|[:=<>])(?P<value>{_QUOTED}|[^\s\"]*))?(?=\s|$)"
)
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_NS = {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9}
MOST_ATTRIBUTES = 8


class FilterFault(InvalidQuery):
    """A text that is no filter: where (from 0), and what to write instead."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(f"filter, character {position + 1}: {message}")
        self.position = position
        self.message = message


class Term(msgspec.Struct, frozen=True):
    """A part of a filter from character `start` to `end`; a word has no key and no operator."""

    key: str
    operator: str
    value: str
    start: int
    end: int
    quoted_key: bool = False
    quoted_value: bool = False


def terms(text: str) -> list[Term]:
    """Return the parts of a filter; raises FilterFault."""
    return list(_terms(text))


def _terms(text: str) -> Iterator[Term]:
    place = 0
    while (place := place + len(text[place:]) - len(text[place:].lstrip())) < len(text):
        match = _TERM.match(text, place)
        if match is None:
            raise _unreadable(text, place)
        yield _term(match)
        place = match.end()


def _term(match: re.Match[str]) -> Term:
    key, operator, value = match["key"], match["operator"], match["value"]
    if operator is None:
        return Term("", "", _plain(key), match.start(), match.end(), quoted_value=key[0] == '"')
    if not value:
        fix = f'a value after {key}{operator}, such as {key}{operator}"some text"'
        raise FilterFault(match.end(), f"expected {fix}")
    return Term(
        _plain(key),
        "=" if operator == ":" else operator,
        _plain(value),
        match.start(),
        match.end(),
        quoted_key=key[0] == '"',
        quoted_value=value[0] == '"',
    )


def _plain(written: str) -> str:
    return re.sub(r"\\(.)", r"\1", written[1:-1]) if written.startswith('"') else written


def _unreadable(text: str, place: int) -> FilterFault:
    """Return what is wrong with a term: its quotes, or an operator without a key."""
    rest = text[place:].split(None, 1)[0]
    quotes = [match.start() for match in re.finditer(r'(?<!\\)"', text[place:])]
    if len(quotes) % 2:
        return FilterFault(place + quotes[-1], 'this quote has no end; write " after the text')
    if rest[0] in "=!<>:":
        return FilterFault(place, f"expected a key before {rest[0]}, such as service{rest}")
    if "!" in rest and "!=" not in rest:
        return FilterFault(place + rest.index("!"), f'write != for "is not", or "{rest}" in quotes')
    return FilterFault(
        place, "expected key:value; put texts with spaces or quotes inside it in quotes"
    )


def refine(search: TraceSearch, text: str) -> TraceSearch:
    """Return a search that the filter narrows; raises FilterFault, also for what is there twice."""
    changes: dict[str, object] = {}
    words: list[str] = []
    attributes = list(search.attributes)
    for term in terms(text):
        if not term.key:
            words.append(term.value)
        elif term.key in _FIELDS and not term.quoted_key:
            name, value = _FIELDS[term.key](term)
            if name in changes or getattr(search, name) is not None:
                raise FilterFault(term.start, f"{term.key} is filtered already; keep one of them")
            changes[name] = value
        else:
            attributes.append(_attribute(term))
    if words and search.text:
        raise FilterFault(0, "a text is looked for already; keep one of them")
    if words:
        changes["text"] = " ".join(words)
    if len(attributes) > MOST_ATTRIBUTES:
        raise FilterFault(0, f"expected at most {MOST_ATTRIBUTES} attributes")
    return msgspec.structs.replace(search, **changes, attributes=tuple(attributes))


def _attribute(term: Term) -> AttributeFilter:
    if term.value == "*" and term.operator == "=" and not term.quoted_value:
        return AttributeFilter(term.key, "exists")
    try:
        read = attribute_filter(f"key{term.operator}{term.value}")
    except InvalidQuery:
        fix = f"a number after {term.operator}, not {term.value!r}; for texts there are = and !="
        raise FilterFault(term.end - len(term.value), f"expected {fix}") from None
    return msgspec.structs.replace(read, key=term.key, value=term.value)


def _same(name: str) -> Callable[[Term], tuple[str, object]]:
    def read(term: Term) -> tuple[str, object]:
        if term.operator != "=":
            fix = f"{term.key}:{term.value}"
            raise FilterFault(term.start, f"{term.key} is compared with : only, as in {fix}")
        return name, term.value

    return read


def _status(term: Term) -> tuple[str, object]:
    if term.operator != "=" or term.value not in get_args(Status):
        raise FilterFault(term.start, "expected status:error or status:ok")
    return "status", term.value


def _setup(term: Term) -> tuple[str, object]:
    if term.operator != "=" or term.value not in ("true", "false"):
        raise FilterFault(term.start, "expected setup:true or setup:false")
    return "setup", term.value == "true"


def _duration(term: Term) -> tuple[str, object]:
    if term.operator in ("=", "!="):
        raise FilterFault(term.start, "duration takes < <= > or >=, as in duration>2s")
    match = _DURATION.fullmatch(term.value)
    if match is None:
        raise FilterFault(
            term.end - len(term.value),
            f"expected a number with a unit such as 250ms, 2s or 1.5m, not {term.value!r}",
        )
    nanoseconds = round(float(match[1]) * _NS[match[2]])
    return ("min" if term.operator[0] == ">" else "max") + "_duration_ns", nanoseconds


_FIELDS: Mapping[str, Callable[[Term], tuple[str, object]]] = {
    "service": _same("service"),
    "model": _same("model"),
    "gpu": _same("gpu"),
    "status": _status,
    "setup": _setup,
    "duration": _duration,
}


def written(attribute: AttributeFilter) -> str:
    """Return the term that says a condition on an attribute."""
    key = _quoted(attribute.key, r"[^\s\"=!<>:]+", also=attribute.key in _FIELDS)
    if attribute.operator == "exists":
        return f"{key}:*"
    operator = ":" if attribute.operator == "=" else attribute.operator
    # After < or > a value that begins with = would be read as <= or >=.
    value = _quoted(attribute.value, r"[^\s\"=][^\s\"]*", also=attribute.value == "*")
    return f"{key}{operator}{value}"


def _quoted(text: str, plain: str, *, also: bool) -> str:
    if re.fullmatch(plain, text) and not also:
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
