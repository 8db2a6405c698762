"""Property values: Python's types, and how they look in JSON (protocol.md, section 5)."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime, timedelta, timezone
from typing import Any, Optional, Union

from .errors import HResult, ModuleError

#: A `long` is an int, a `string` a str, a `date` an aware datetime in UTC, a `binary` bytes.
Value = Union[int, str, datetime, bytes]

#: The properties that are dates. In JSON a date is a text like any other.
DATES = frozenset(
    name.lower()
    for name in (
        "SubmittedWhen",
        "ResolvedWhen",
        "RevokedWhen",
        "RevokedEffectiveWhen",
        "NotBefore",
        "NotAfter",
        "ExpirationDate",
    )
)

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))")


def parse_moment(text: str) -> datetime:
    """An RFC 3339 text as a datetime in UTC; fractions below a microsecond are cut off."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ModuleError(HResult.ERROR_INVALID_DATA, f"`{text}` is not an RFC 3339 date")
    day, time, fraction, _, sign, hours, minutes = match.groups()
    try:
        moment = datetime.strptime(f"{day}T{time}", "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise ModuleError(HResult.ERROR_INVALID_DATA, f"`{text}` is not a date: {error}") from error
    if fraction:
        moment += timedelta(microseconds=int(fraction[:6].ljust(6, "0")))
    if sign:
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        moment += -offset if sign == "+" else offset
    return moment


def format_moment(moment: datetime) -> str:
    """A datetime as RFC 3339 in UTC. A naive one is refused: nobody knows what it means."""
    if moment.tzinfo is None:
        raise ModuleError(HResult.E_INVALIDARG, "a date without a time zone: give one, such as timezone.utc")
    moment = moment.astimezone(timezone.utc)
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z" if moment.year >= 1000 else f"{moment.isoformat()[:19]}{fraction}Z"


def from_json(json: Any, name: str = "", kind: Optional[str] = None) -> Value:
    """A value that the server sent. Whether a text is a date, the type or the property's name says."""
    if isinstance(json, bool) or json is None:
        raise ModuleError(HResult.ERROR_INVALID_DATA, f"{name}: {json!r} is not a value")
    if isinstance(json, int):
        return json
    if isinstance(json, str):
        stem = name.lower().rpartition(".")[2]
        return parse_moment(json) if kind == "date" or (kind is None and stem in DATES) else json
    if isinstance(json, dict) and isinstance(json.get("base64"), str):
        try:
            return base64.b64decode(json["base64"], validate=True)
        except binascii.Error as error:
            raise ModuleError(HResult.ERROR_INVALID_DATA, f"{name}: not base64: {error}") from error
    raise ModuleError(HResult.ERROR_INVALID_DATA, f"{name}: not a value")


def to_json(value: Value) -> Any:
    """A value as the server reads it."""
    if isinstance(value, bool):
        raise ModuleError(HResult.E_INVALIDARG, "a property is no boolean: give 0 or 1")
    if isinstance(value, datetime):
        return format_moment(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"base64": base64.b64encode(bytes(value)).decode("ascii")}
    return value
