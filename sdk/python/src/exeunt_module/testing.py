"""A server for a module's own tests, and messages for an endpoint's: no certification authority, no process, no conversation.

    from exeunt_module.testing import FakeServer, event, setup

    module = Archive()
    module.initialize(setup(folder="/tmp/archive"), FakeServer())
    module.notify(event("cert-issued", id=41), FakeServer(certificate={"SerialNumber": "1a2b"}))

It reads what a test gives it, and keeps what a policy module sets. Whether names and types are those of the contract it does not
know: `exeunt module test` does.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Dict, Iterable, List, Mapping, Optional

from . import der, values
from .errors import HResult, ModuleError
from .module import Event, Setup
from .names import SUBJECT_ALT_NAME, AlternativeName, write_names
from .server import Extension, PolicyServer
from .values import Value
from .webhook import TYPE_PREFIX, CloudEvent

_BITS = {
    "cert-issued": 0x001,
    "cert-pending": 0x002,
    "cert-denied": 0x004,
    "cert-revoked": 0x008,
    "cert-retrieve-pending": 0x010,
    "crl-issued": 0x020,
    "shutdown": 0x040,
    "cert-imported": 0x200,
}
_DISABLE = 2
_FROM_POLICY = 2 << 16
_INTEGER, _IA5_STRING, _UTC_TIME, _GENERALIZED_TIME = 0x02, 0x16, 0x17, 0x18


def setup(*, role: str = "exit", module: str = "module", ca: str = "Example CA", **settings: str) -> Setup:
    """What `initialize` is handed, with these settings."""
    return Setup(module=module, ca=ca, settings=settings, role=role, timeout_ms=30000, window=1)


def event(name: str = "cert-issued", *, id: int = 1, attempt: int = 1, request_id: Optional[int] = 1) -> Event:
    """An event. `crl-issued` and `shutdown` are about no request, whatever is given."""
    about_request = name not in ("crl-issued", "shutdown")
    return Event(
        id=id,
        name=name,
        bit=_BITS.get(name, 0x40000000),
        attempt=attempt,
        occurred=datetime(2025, 6, 1, 12, tzinfo=timezone.utc),
        hash="ab" * 32,
        request_id=request_id if about_request else None,
    )


def cloud_event(
    name: str = "cert-issued",
    *,
    id: int = 1,
    attempt: int = 1,
    request_id: Optional[int] = 1,
    source: str = "urn:exeunt:ca:Example%20CA",
    request: Optional[Mapping[str, Value]] = None,
    certificate: Optional[Mapping[str, Value]] = None,
    ca: Optional[Mapping[str, Value]] = None,
    attributes: Optional[Mapping[str, str]] = None,
    extensions: Iterable[Extension] = (),
    alternative_names: Iterable[str] = (),
) -> CloudEvent:
    """What an endpoint's `on_event` is handed; with the name `verify-request`, what its `on_request` is asked.

    What it holds is given as to a `FakeServer`.
    """
    what = event(name, id=id, attempt=attempt, request_id=request_id)
    carried = _with_names(extensions, alternative_names)
    data: Dict[str, Any] = {
        "request": _json(request),
        "certificate": _json(certificate),
        "ca": _json(ca),
        "attributes": dict(attributes or {}),
        "extensions": [{**vars(extension), "value": values.to_json(extension.value)} for extension in carried],
    }
    if name == "verify-request":
        data["new"] = True
    else:
        data["event"] = {**vars(what), "occurred": values.format_moment(what.occurred)}
    return CloudEvent(
        id=str(id),
        source=source,
        type=TYPE_PREFIX + name,
        time=what.occurred,
        subject=None if what.request_id is None else str(what.request_id),
        data=data,
    )


class FakeServer(PolicyServer):
    """Answers with what it was given, and keeps what is set.

    Values are Python's: an `int`, a `str`, an aware `datetime`, `bytes`. Alternative names are given as the server shows them:
    `dns:www.example.org`; they become an enabled extension.
    """

    def __init__(
        self,
        *,
        request: Optional[Mapping[str, Value]] = None,
        certificate: Optional[Mapping[str, Value]] = None,
        ca: Optional[Mapping[str, Value]] = None,
        attributes: Optional[Mapping[str, str]] = None,
        extensions: Iterable[Extension] = (),
        alternative_names: Iterable[str] = (),
    ) -> None:
        #: What was set, by name; None was deleted.
        self.properties_set: Dict[str, Optional[Value]] = {}
        #: What was set, by object identifier; None was deleted.
        self.extensions_set: Dict[str, Optional[Extension]] = {}
        super().__init__(
            _Answers(self),
            {
                "context": 1,
                "request": _json(request),
                "certificate": _json(certificate),
                "ca": _json(ca),
                "attributes": attributes or {},
            },
        )
        self.extensions = _with_names(extensions, alternative_names)


class _Answers:
    """What the server would answer to call-backs."""

    def __init__(self, server: FakeServer) -> None:
        self._server = server

    def call(self, method: str, params: Dict[str, Any]) -> Dict[str, Any]:
        server = self._server
        if method == "server.request_property":
            return {"value": values.to_json(_found(params["name"], server.request))}
        if method == "server.certificate_property":
            return {"value": values.to_json(self._certificate_property(params["name"]))}
        if method == "server.certificate_extension":
            extension = self._extension(params["oid"])
            value = values.to_json(_decode(extension.value, params.get("type") or "binary"))
            return {**vars(extension), "value": value}
        if method == "server.extensions":
            return {"oids": [extension.oid for extension in self._extensions()]}
        if method == "server.attributes":
            return {"names": list(server.attributes)}
        if method == "server.set_certificate_property":
            name, json = params["name"], params["value"]
            server.properties_set[name] = None if json is None else values.from_json(json, name)
            return {}
        if method == "server.set_certificate_extension":
            self._set_extension(params)
            return {}
        raise ModuleError(HResult.PROPERTY_EMPTY, f"{params.get('name', method)} has no value")

    def _certificate_property(self, name: str) -> Value:
        for spelt, value in self._server.properties_set.items():
            if spelt.lower() == name.lower():
                if value is None:
                    raise ModuleError(HResult.PROPERTY_EMPTY, f"{name} has no value")
                return value
        return _found(name, self._server.certificate, self._server.ca, self._server.request)

    def _extensions(self) -> List[Extension]:
        changed = self._server.extensions_set
        kept = [extension for extension in self._server.extensions if extension.oid not in changed]
        return kept + [extension for extension in changed.values() if extension is not None]

    def _extension(self, oid: str) -> Extension:
        for extension in self._extensions():
            if extension.oid == oid:
                return extension
        raise ModuleError(HResult.PROPERTY_EMPTY, f"there is no extension {oid}")

    def _set_extension(self, params: Mapping[str, Any]) -> None:
        if params.get("delete"):
            self._server.extensions_set[params["oid"]] = None
            return
        kind = params.get("type") or "binary"
        value = _encode(values.from_json(params["value"], "value", kind), kind)
        flags = params.get("flags", 0) | bool(params.get("critical")) | bool(params.get("disabled")) * _DISABLE
        self._server.extensions_set[params["oid"]] = _extension(params["oid"], value, flags | _FROM_POLICY)


def _found(name: str, *rows: Mapping[str, Value]) -> Value:
    for row in rows:
        if name in row:
            return row[name]
    raise ModuleError(HResult.PROPERTY_EMPTY, f"{name} has no value")


def _json(row: Optional[Mapping[str, Value]]) -> Dict[str, Any]:
    return {name: values.to_json(value) for name, value in (row or {}).items()}


def _with_names(extensions: Iterable[Extension], alternative_names: Iterable[str]) -> List[Extension]:
    names = [AlternativeName.parse(text) for text in alternative_names]
    return [*extensions, *([_extension(SUBJECT_ALT_NAME, write_names(names), _FROM_POLICY)] if names else [])]


def _extension(oid: str, value: bytes, flags: int) -> Extension:
    return Extension(oid, flags, bool(flags & 1), not flags & _DISABLE, "policy", value)


def _encode(value: Value, kind: str) -> bytes:
    """A value as the DER of its type: INTEGER, IA5String, or a time (RFC 5280 4.1.2.5)."""
    if kind == "binary" and isinstance(value, bytes):
        return value
    if kind == "long" and isinstance(value, int):
        return der.element(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))
    if kind == "string" and isinstance(value, str) and value.isascii():
        return der.element(_IA5_STRING, value.encode("ascii"))
    if kind == "date" and isinstance(value, datetime):
        short = 1950 <= value.year < 2050
        text = value.strftime("%y%m%d%H%M%SZ" if short else "%Y%m%d%H%M%SZ")
        return der.element(_UTC_TIME if short else _GENERALIZED_TIME, text.encode("ascii"))
    raise ModuleError(HResult.E_INVALIDARG, f"{value!r} cannot be an extension's value of the type {kind}")


def _decode(value: bytes, kind: str) -> Value:
    if kind == "binary":
        return value
    found = der.elements(value)
    tag, content = found[0] if len(found) == 1 else (0, b"")
    try:
        if kind == "long" and tag == _INTEGER:
            return int.from_bytes(content, "big", signed=True)
        if kind == "string" and tag == _IA5_STRING:
            return content.decode("ascii")
        if kind == "date" and tag in (_UTC_TIME, _GENERALIZED_TIME):
            form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
            return datetime.strptime(content.decode("ascii"), form).replace(tzinfo=timezone.utc)
    except ValueError:
        pass
    raise ModuleError(HResult.ERROR_INVALID_DATA, f"the extension is not of the type {kind}")
