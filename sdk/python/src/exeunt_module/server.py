"""What a module reads through, and a policy module also writes through, while one of the server's calls is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Protocol, Tuple

from . import values
from .errors import HResult, ModuleError
from .names import SUBJECT_ALT_NAME, AlternativeName, read_names, write_names
from .values import Value


class Asks(Protocol):
    """Whoever carries a call-back to the server and brings the answer back."""

    def call(self, method: str, params: Dict[str, Any]) -> Dict[str, Any]:
        """Raises ModuleError where the server fails it."""


class Row(Mapping[str, Value]):
    """Properties by name, compared without case. What has no value is not there."""

    def __init__(self, members: Optional[Mapping[str, Any]] = None) -> None:
        self._values: Dict[str, Tuple[str, Any]] = {
            name.lower(): (name, json) for name, json in (members or {}).items()
        }

    def __getitem__(self, name: str) -> Value:
        try:
            spelt, json = self._values[name.lower()]
        except KeyError:
            raise KeyError(name) from None
        return values.from_json(json, spelt)

    def __iter__(self) -> Iterator[str]:
        return (spelt for spelt, _ in self._values.values())

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __repr__(self) -> str:
        return f"Row({', '.join(self)})"

    def text(self, name: str, default: str = "") -> str:
        """A property as text."""
        value = self.get(name, default)
        return value if isinstance(value, str) else str(value)

    def number(self, name: str, default: int = 0) -> int:
        """A `long`."""
        value = self.get(name, default)
        if not isinstance(value, int):
            raise ModuleError(HResult.E_INVALIDARG, f"{name} is not a long")
        return value

    def moment(self, name: str) -> Optional[datetime]:
        """A `date`; None where there is none."""
        value = self.get(name)
        if value is not None and not isinstance(value, datetime):
            raise ModuleError(HResult.E_INVALIDARG, f"{name} is not a date")
        return value

    def binary(self, name: str) -> Optional[bytes]:
        """A `binary`; None where there is none."""
        value = self.get(name)
        if value is not None and not isinstance(value, bytes):
            raise ModuleError(HResult.E_INVALIDARG, f"{name} is not binary")
        return value


@dataclass(frozen=True)
class Extension:
    """One extension of a request or certificate."""

    oid: str
    flags: int
    critical: bool
    #: Only then is it in the certificate.
    enabled: bool
    #: In words: `request`, `policy`, `administrator`, `server`, …
    origin: str
    #: The DER inside `extnValue`.
    value: bytes
    #: Decoded, where a type was asked for.
    typed: Optional[Value] = None

    @classmethod
    def from_json(cls, json: Mapping[str, Any], kind: Optional[str] = None) -> Extension:
        """An extension as messages carry it, or as the answer to a call-back with a type."""
        given = json.get("value")
        raw = b""
        typed: Optional[Value] = None
        if kind is None or kind == "binary":
            value = values.from_json(given, "value")
            if not isinstance(value, bytes):
                raise ModuleError(HResult.ERROR_INVALID_DATA, "the value of an extension is not binary")
            raw = value
        else:
            typed = values.from_json(given, "value", kind)
        return cls(
            oid=str(json["oid"]),
            flags=int(json.get("flags", 0)),
            critical=bool(json.get("critical", False)),
            enabled=bool(json.get("enabled", True)),
            origin=str(json.get("origin", "")),
            value=raw,
            typed=typed,
        )


def _attribute_key(name: str) -> str:
    """Attribute names are compared without case, spaces and hyphens."""
    return name.lower().replace(" ", "").replace("-", "")


class Server:
    """The request or CRL of one call, as the event left it, and the certification authority.

    `request`, `certificate`, `ca`, `attributes` and `extensions` came with the call and cost nothing. The methods look there
    first and ask the server for the rest. They raise ModuleError: `HResult.PROPERTY_EMPTY` for a known name without a value,
    `HResult.E_INVALIDARG` for an unknown one, `HResult.ERROR_INVALID_HANDLE` once the call has been answered.
    """

    def __init__(self, asks: Asks, params: Mapping[str, Any]) -> None:
        self._asks: Optional[Asks] = asks
        self._context = int(params.get("context", 0))
        # Whether what came with the call is still what the server would answer.
        self._fresh = True
        self.request = Row(params.get("request"))
        self.certificate = Row(params.get("certificate"))
        # In `initialize` the member `ca` is the authority's name.
        self.ca = Row(params["properties"] if "properties" in params else params.get("ca"))
        self.attributes: Mapping[str, str] = dict(params.get("attributes") or {})
        self.extensions: List[Extension] = [Extension.from_json(one) for one in params.get("extensions") or []]

    def request_property(self, name: str, kind: Optional[str] = None) -> Value:
        """`GetRequestProperty`. `kind` is `long`, `date`, `binary` or `string`; the property's own without it."""
        if kind is None and name in self.request:
            return self.request[name]
        answer = self._ask("server.request_property", name=name, **_optional(type=kind))
        return values.from_json(answer.get("value"), name, kind)

    def certificate_property(self, name: str, kind: Optional[str] = None) -> Value:
        """`GetCertificateProperty`: of the certificate, the requester, or the certification authority (`RawCRL.0`)."""
        if kind is None and self._fresh:
            for row in (self.certificate, self.ca):
                if name in row:
                    return row[name]
        answer = self._ask("server.certificate_property", name=name, **_optional(type=kind))
        return values.from_json(answer.get("value"), name, kind)

    def request_attribute(self, name: str) -> str:
        """`GetRequestAttribute`: names are compared without case, spaces and hyphens."""
        wanted = _attribute_key(name)
        for spelt, value in self.attributes.items():
            if _attribute_key(spelt) == wanted:
                return value
        return str(self._ask("server.request_attribute", name=name).get("value", ""))

    def certificate_extension(self, oid: str, kind: Optional[str] = None) -> Extension:
        """`GetCertificateExtension`, disabled ones too. With `kind`, its value is decoded into `typed`."""
        if kind is None and self._fresh:
            for extension in self.extensions:
                if extension.oid == oid:
                    return extension
        return Extension.from_json(self._ask("server.certificate_extension", oid=oid, **_optional(type=kind)), kind)

    def alternative_names(self) -> List[AlternativeName]:
        """The subject alternative names of the certificate (RFC 5280 4.2.1.6), in their order; none where it has none.

        An extension that is disabled is not in the certificate, and its names do not count. Raises `ERROR_INVALID_DATA` where
        they cannot be read.
        """
        extension = self._alternative_names()
        return read_names(extension.value) if extension is not None and extension.enabled else []

    def _alternative_names(self) -> Optional[Extension]:
        if self._fresh:
            return next((one for one in self.extensions if one.oid == SUBJECT_ALT_NAME), None)
        try:
            return self.certificate_extension(SUBJECT_ALT_NAME)
        except ModuleError as error:
            if error.is_empty:
                return None
            raise

    def extension_oids(self) -> List[str]:
        """`EnumerateExtensions`, asked anew: a policy module sees what it has set."""
        return [str(oid) for oid in self._ask("server.extensions").get("oids", [])]

    def attribute_names(self) -> List[str]:
        """`EnumerateAttributes`, asked anew."""
        return [str(name) for name in self._ask("server.attributes").get("names", [])]

    def _ask(self, method: str, **params: Any) -> Dict[str, Any]:
        if self._asks is None:
            raise ModuleError(HResult.ERROR_INVALID_HANDLE, "the server's call has been answered; its view is closed")
        return self._asks.call(method, {"context": self._context, **params})

    def close(self) -> None:
        """The call is answered: nothing reaches its context any more. `run` does this."""
        self._asks = None


class PolicyServer(Server):
    """What a policy module reads and writes through. What is set is kept with the request whatever the decision.

    `request`, `certificate` and `extensions` stay as they came; the methods read what has been set.
    """

    def alternative_names(self) -> List[AlternativeName]:
        """The names that the request asks for, or that policy has set so far: those of a disabled extension too."""
        extension = self._alternative_names()
        return [] if extension is None else read_names(extension.value)

    def set_alternative_names(self, names: Iterable[AlternativeName], *, critical: bool = False) -> None:
        """Replaces the names, and enables the extension. Critical where the certificate is to have no subject."""
        self.set_certificate_extension(SUBJECT_ALT_NAME, write_names(names), critical=critical)

    def set_certificate_property(self, name: str, value: Optional[Value]) -> None:
        """`SetCertificateProperty`; None deletes. Raises `E_INVALIDARG` for what cannot be set."""
        json = None if value is None else values.to_json(value)
        self._fresh = False
        self._ask("server.set_certificate_property", name=name, value=json)

    def set_certificate_extension(
        self,
        oid: str,
        value: Value,
        *,
        kind: str = "binary",
        critical: bool = False,
        disabled: bool = False,
        flags: int = 0,
    ) -> None:
        """`SetCertificateExtension`. With another `kind` than `binary` the value is encoded by the server."""
        self._fresh = False
        self._ask(
            "server.set_certificate_extension",
            oid=oid,
            value=values.to_json(value),
            type=kind,
            critical=critical,
            disabled=disabled,
            flags=flags,
        )

    def delete_certificate_extension(self, oid: str) -> None:
        """Removes an extension from the request."""
        self._fresh = False
        self._ask("server.set_certificate_extension", oid=oid, delete=True)


def _optional(**params: Any) -> Dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}
