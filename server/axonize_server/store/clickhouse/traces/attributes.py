"""Conditions on the attributes of a span and of its resource."""

from __future__ import annotations

from axonize_server.model import AttributeFilter


def condition(wanted: AttributeFilter, number: int) -> tuple[str, dict[str, object]]:
    """Return a condition on a row of `spans` and the values it binds, named with a number."""
    key, value, numeric = f"key_{number}", f"value_{number}", f"number_{number}"
    values: dict[str, object] = {key: wanted.key}
    compared = _compared(wanted, f"{{{value}:String}}", f"{{{numeric}:Float64}}")
    if f"{{{value}:" in compared:
        values[value] = wanted.value
    if f"{{{numeric}:" in compared:
        values[numeric] = wanted.number
    if_missing = wanted.operator in ("exists", "!=") or (wanted.operator, wanted.value) == ("=", "")
    maps = (_of_map(name, f"{{{key}:String}}", compared, if_missing) for name in _MAPS)
    return f"({' OR '.join(maps)})", values


_MAPS = ("attributes", "resource_attributes")
_FOUND = "VALUE"


def _of_map(name: str, key: str, compared: str, if_missing: bool) -> str:
    """Return a condition on one map; if_missing: it may hold for "", which a missing key gives.

    Its keys are read once, as mapContains and an element by key do together not.
    """
    has_key = f"has({name}.keys, {key})"
    if not compared:
        return has_key
    found = compared.replace(_FOUND, f"{name}.values[indexOf({name}.keys, {key})]")
    return f"({has_key} AND {found})" if if_missing else found


def _compared(wanted: AttributeFilter, value: str, number: str) -> str:
    if wanted.operator == "exists":
        return ""
    if wanted.operator not in ("=", "!="):
        return f"toFloat64OrNull({_FOUND}) {wanted.operator} {number}"
    same = f"{_FOUND} = {value}"
    if wanted.number is not None:
        same = f"({same} OR ifNull(toFloat64OrNull({_FOUND}) = {number}, 0))"
    return same if wanted.operator == "=" else f"NOT {same}"
