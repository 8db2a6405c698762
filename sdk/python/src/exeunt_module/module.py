"""The two classes that modules derive from, and what they are handed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Dict, Iterable, Mapping, Optional, Sequence, Tuple, Union

from . import values
from .errors import HResult, ModuleError, Undelivered
from .server import PolicyServer, Server

#: The events a module wants: names (`cert-issued`), one name, `"all"`, or the contract's mask.
Events = Union[str, int, Iterable[str]]

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


@dataclass(frozen=True)
class Setup:
    """What a module is told when it starts."""

    #: The name the operator gave the module.
    module: str
    #: Common name of the certification authority.
    ca: str
    #: The operator's settings for the module.
    settings: Mapping[str, str]
    #: `exit` or `policy`.
    role: str
    #: Milliseconds that one call may take.
    timeout_ms: int
    #: Calls the server has open at once.
    window: int
    #: The server's version: for logs.
    server_version: str = ""

    def setting(self, name: str, default: Optional[str] = None) -> str:
        """A setting; one without a default must be given."""
        value = self.settings.get(name, default)
        if value is None:
            text = f"give the module's setting `{name}`: --set {name}=…, or without a manifest --set setting.{name}=…"
            raise ModuleError(HResult.E_INVALIDARG, text)
        return value

    def number(self, name: str, default: Optional[int] = None) -> int:
        """A setting that is a whole number."""
        text = self.setting(name, None if default is None else str(default))
        try:
            return int(text)
        except ValueError:
            raise ModuleError(HResult.E_INVALIDARG, f"the setting `{name}` is `{text}`, not a whole number") from None

    def flag(self, name: str, default: Optional[bool] = None) -> bool:
        """A setting that is `true` or `false`: the manifest's type `boolean`."""
        text = self.setting(name, None if default is None else str(default).lower())
        if text not in ("true", "false"):
            raise ModuleError(HResult.E_INVALIDARG, f"the setting `{name}` is `{text}`, not true or false")
        return text == "true"

    def duration(self, name: str, default: Optional[timedelta] = None) -> timedelta:
        """A setting such as `90s`: a whole number and `ms`, `s`, `m`, `h` or `d`, the manifest's type `duration`."""
        if default is not None and name not in self.settings:
            return default
        text = self.setting(name)
        match = re.fullmatch(r"([0-9]{1,12})(ms|s|m|h|d)", text)
        if match is None:
            raise ModuleError(HResult.E_INVALIDARG, f"the setting `{name}` is `{text}`, not a duration such as 90s or 2h")
        try:
            return int(match[1]) * _UNITS[match[2]]
        except OverflowError:
            raise ModuleError(HResult.E_INVALIDARG, f"the setting `{name}` is `{text}`, which is too long") from None


@dataclass(frozen=True)
class Event:
    """What happened."""

    #: Number of the event, from 1; 0 for `shutdown`. The same in every repeat.
    id: int
    #: `cert-issued`, `cert-pending`, `cert-denied`, `cert-revoked`, `cert-retrieve-pending`, `crl-issued`, `shutdown`,
    #: `cert-imported`; later servers may know more.
    name: str
    #: The contract's bit.
    bit: int
    #: Counts deliveries of this event to this module, from 1.
    attempt: int
    #: When the state was committed, in UTC.
    occurred: datetime
    #: Head of the chain of events at this one: 64 hexadecimal digits.
    hash: str
    #: None for `crl-issued` and `shutdown`.
    request_id: Optional[int] = None

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> Event:
        """The member `event` of a message."""
        request = json.get("request_id")
        return cls(
            id=int(json["id"]),
            name=str(json["name"]),
            bit=int(json["bit"]),
            attempt=int(json["attempt"]),
            occurred=values.parse_moment(json["occurred"]),
            hash=str(json.get("hash", "")),
            request_id=None if request is None else int(request),
        )


class ExitModule:
    """Is told what happened, after it is durable.

    Each event comes at least once. Whatever must survive a crash must be on disk when `notify` returns; an exception leaves
    the event undelivered, and it comes again.
    """

    #: The events the module wants.
    events: Events = "all"
    #: The most events it wants in one call; more than 1 only with a `notify_batch` that is faster than one by one.
    batch: int = 1
    #: A line for operators.
    description: str = ""

    def initialize(self, setup: Setup, server: Server) -> None:
        """Prepares the module, once for each process. An exception keeps it from being enabled."""

    def notify(self, event: Event, server: Server) -> None:
        """Handles one event. Events it does not know are none of its business: return."""
        raise NotImplementedError(f"{type(self).__name__} has no notify()")

    def notify_batch(self, events: Sequence[Tuple[Event, Server]]) -> None:
        """Handles several events in their order. Raises Undelivered(count, error) where only the first are done."""
        for count, (event, server) in enumerate(events):
            try:
                self.notify(event, server)
            except Exception as error:
                raise Undelivered(count, error) from error

    def about(self) -> Mapping[str, str]:
        """What the module says of itself, under names such as `Name` and `Product Version`."""
        return {}

    def shut_down(self) -> None:
        """The process ends: let go of what is open."""


@dataclass(frozen=True)
class Decision:
    """What a policy module answers."""

    decision: str
    message: str = ""
    hresult: Optional[int] = None

    @classmethod
    def issue(cls) -> Decision:
        """Issue the certificate now."""
        return cls("issue")

    @classmethod
    def pend(cls, message: str = "") -> Decision:
        """Take the request under submission, for a certificate manager to decide."""
        return cls("pend", message)

    @classmethod
    def deny(cls, message: str = "", hresult: Optional[int] = None) -> Decision:
        """Deny the request."""
        return cls("deny", message, hresult)

    def to_json(self) -> Dict[str, Any]:
        """The result of `verify_request`."""
        result: Dict[str, Any] = {"decision": self.decision}
        if self.message:
            result["message"] = self.message
        if self.hresult is not None:
            result["code"] = f"0x{self.hresult & 0xFFFFFFFF:08x}"
        return result


class PolicyModule:
    """Asks and decides. An exception fails the request, and never means *issue*."""

    #: A line for operators.
    description: str = ""

    def initialize(self, setup: Setup, server: Server) -> None:
        """Prepares the module, once for each process."""

    def verify_request(self, request: PolicyServer, new: bool) -> Decision:
        """Decides on one request, which it may amend. `new` is false when an administrator resubmits it."""
        raise NotImplementedError(f"{type(self).__name__} has no verify_request()")

    def about(self) -> Mapping[str, str]:
        """What the module says of itself, under names such as `Name` and `Product Version`."""
        return {}

    def shut_down(self) -> None:
        """The process ends: let go of what is open."""
