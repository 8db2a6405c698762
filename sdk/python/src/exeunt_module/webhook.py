"""What a module of the kind `webhook` is sent: signatures verified, events read, answers signed (docs/modules/webhook.md).

The signatures are those of the Standard Webhooks conventions: HMAC-SHA256 over `id.timestamp.body`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Union

from . import values
from .errors import ModuleError
from .module import Decision, Event
from .names import SUBJECT_ALT_NAME, AlternativeName, read_names
from .server import Extension, Row

#: Seconds by which the server's clock may differ from ours.
TOLERANCE_S = 300

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
TYPE_PREFIX = "org.exeunt."

_log = logging.getLogger(__name__)

_SECRET_PREFIX = "whsec_"
_SIGNATURES_MAX = 16


class InvalidMessage(Exception):
    """A message that did not come from the server, is too old, or cannot be read. Answer it with `status`."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class InvalidSignature(InvalidMessage):
    """Nobody who knows a secret has signed this message at this time."""

    def __init__(self, text: str) -> None:
        super().__init__(text, 401)


def verify(
    secrets: Union[str, Sequence[str]],
    headers: Mapping[str, str],
    body: bytes,
    *,
    tolerance_s: float = TOLERANCE_S,
    now: Optional[float] = None,
) -> str:
    """Verifies the signature of a message, and returns its `webhook-id`; raises InvalidSignature.

    `secrets` are all that are valid, one or more; `headers` the request's, `body` the bytes as they came: not parsed and
    written again. `now` is the time in seconds since 1970, for tests.
    """
    named = {name.lower(): value for name, value in headers.items()}
    try:
        message_id = named["webhook-id"]
        timestamp = named["webhook-timestamp"]
        given = named["webhook-signature"]
    except KeyError as error:
        raise InvalidSignature(f"the header {error} is missing") from None
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 15):
        raise InvalidSignature("webhook-timestamp is not a number of seconds")
    clock = time.time() if now is None else now
    if abs(clock - int(timestamp)) > tolerance_s:
        raise InvalidSignature(f"the message is more than {tolerance_s:g} s from this clock")
    keys = [_key(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    expected = [_signature(key, message_id, timestamp, body) for key in keys]
    # Every signature is compared with every key, in constant time, and none is left out because another fits.
    fits = False
    for one in given.split(" ")[:_SIGNATURES_MAX]:
        for signature in expected:
            fits |= hmac.compare_digest(one.encode("utf-8", "replace"), signature.encode("ascii"))
    if not fits:
        raise InvalidSignature("no signature fits")
    return message_id


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """A signature, as it stands in `webhook-signature`."""
    return _signature(_key(secret), message_id, str(timestamp), body)


def sign_answer(secret: str, message_id: str, body: bytes, *, now: Optional[float] = None) -> Dict[str, str]:
    """The headers that make an answer one of ours: for modules with `answer_signature=true`."""
    timestamp = int(time.time() if now is None else now)
    return {
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, f"answer.{message_id}", timestamp, body),
    }


@dataclass(frozen=True)
class CloudEvent:
    """One event as it was sent."""

    #: The same in every repeat, and unique together with `source`.
    id: str
    #: The certification authority.
    source: str
    #: `org.exeunt.cert-issued`, …, `org.exeunt.ping`, `org.exeunt.verify-request`
    type: str
    time: datetime
    #: The request's number.
    subject: Optional[str]
    data: Mapping[str, Any]

    @classmethod
    def from_json(cls, json: Any) -> CloudEvent:
        """Raises InvalidMessage for what is no CloudEvent of version 1.0."""
        try:
            if json["specversion"] != "1.0":
                raise InvalidMessage(f"CloudEvents {json['specversion']!r} is not spoken here", 400)
            data = json.get("data")
            return cls(
                id=str(json["id"]),
                source=str(json["source"]),
                type=str(json["type"]),
                time=values.parse_moment(str(json["time"])),
                subject=json.get("subject"),
                data=data if isinstance(data, dict) else {},
            )
        except InvalidMessage:
            raise
        except Exception as error:
            raise InvalidMessage(f"not a CloudEvent: {error!r}", 400) from error

    @property
    def name(self) -> str:
        """The type without its prefix: `cert-issued`."""
        return self.type[len(TYPE_PREFIX) :] if self.type.startswith(TYPE_PREFIX) else self.type

    @property
    def event(self) -> Event:
        """What happened, with its number and attempt. Raises LookupError for a ping and for a policy question."""
        if "event" not in self.data:
            raise LookupError(f"`{self.name}` is about no event: look at `name` first, and answer a ping with 2xx")
        return Event.from_json(self.data["event"])

    @property
    def request(self) -> Row:
        """Properties of the request."""
        return Row(self.data.get("request"))

    @property
    def certificate(self) -> Row:
        """Properties of the certificate and the requester."""
        return Row(self.data.get("certificate"))

    @property
    def ca(self) -> Row:
        """Properties of the certification authority."""
        return Row(self.data["properties"] if "properties" in self.data else self.data.get("ca"))

    @property
    def attributes(self) -> Mapping[str, str]:
        """Attributes of the request."""
        return dict(self.data.get("attributes") or {})

    @property
    def extensions(self) -> List[Extension]:
        """Extensions of the request or certificate."""
        return [Extension.from_json(one) for one in self.data.get("extensions") or []]

    def alternative_names(self) -> List[AlternativeName]:
        """The subject alternative names of the certificate; where a decision is wanted, those that are asked for.

        Raises ModuleError with `ERROR_INVALID_DATA` where they cannot be read.
        """
        asked = self.name == "verify-request"
        for extension in self.extensions:
            if extension.oid == SUBJECT_ALT_NAME and (asked or extension.enabled):
                return read_names(extension.value)
        return []


def read(content_type: str, body: bytes) -> List[CloudEvent]:
    """The events of a message that was verified, in their order: one, or those of a batch."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in (ONE, BATCH):
        raise InvalidMessage(f"`{kind}` is not CloudEvents in JSON", 415)
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidMessage(f"not JSON: {error}", 400) from error
    if isinstance(parsed, list) != (kind == BATCH):
        raise InvalidMessage(f"the body is not what `{kind}` says", 400)
    return [CloudEvent.from_json(one) for one in (parsed if kind == BATCH else [parsed])]


@dataclass
class Amendments:
    """What a policy endpoint sets with its answer."""

    properties: Dict[str, Optional[values.Value]]
    extensions: List[Dict[str, Any]]

    def __init__(self) -> None:
        self.properties = {}
        self.extensions = []

    def set_property(self, name: str, value: Optional[values.Value]) -> None:
        """`SetCertificateProperty`; None deletes."""
        self.properties[name] = value

    def set_extension(
        self, oid: str, value: bytes, *, critical: bool = False, disabled: bool = False, flags: int = 0
    ) -> None:
        """`SetCertificateExtension`: DER. `flags` are the contract's, to which `critical` and `disabled` are added."""
        members: Dict[str, Any] = {"flags": flags} if flags else {}
        self.extensions.append(
            {"oid": oid, "value": values.to_json(value), "critical": critical, "disabled": disabled, **members}
        )

    def delete_extension(self, oid: str) -> None:
        """Removes an extension from the request."""
        self.extensions.append({"oid": oid, "delete": True})

    def answer(self, decision: Decision) -> Dict[str, Any]:
        """The answer's body."""
        result = decision.to_json()
        if self.properties:
            result["set_properties"] = {
                name: None if value is None else values.to_json(value) for name, value in self.properties.items()
            }
        if self.extensions:
            result["set_extensions"] = self.extensions
        return result


#: Handles one event; an exception means that it comes again.
OnEvent = Callable[[CloudEvent], None]
#: Decides on one request.
OnRequest = Callable[[CloudEvent, Amendments], Decision]


@dataclass(frozen=True)
class Answer:
    """What to answer over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Endpoint:
    """Everything between a web server and what is to be done: for any framework, `handle` is the whole of it.

    ::

        endpoint = Endpoint(secrets=[secret], on_event=record)
        answer = endpoint.handle(request.headers, request.body)
    """

    secrets: Sequence[str]
    on_event: Optional[OnEvent] = None
    on_request: Optional[OnRequest] = None
    #: What the answer to a ping asks for; None leaves it to the operator.
    events: Optional[Union[str, int, Sequence[str]]] = None
    description: str = ""
    sign_answers: bool = False
    tolerance_s: float = TOLERANCE_S

    def __post_init__(self) -> None:
        """Raises ValueError for what is no secret: now, and not at the first message."""
        if isinstance(self.secrets, str) or not self.secrets:
            raise ValueError("secrets is a list of one or more")
        for secret in self.secrets:
            _key(secret)

    def handle(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answers one POST. Raises nothing: what fails is an answer that makes the server try again, or not.

        The operator of the server sees the text; the log of this module's name has it too, with the traceback of what was
        not a ModuleError.
        """
        try:
            message_id = verify(self.secrets, headers, body, tolerance_s=self.tolerance_s)
            content_type = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
            result = self._handle(read(content_type, body))
        except InvalidMessage as error:
            _log.warning("answered %d: %s", error.status, error)
            return _answer(error.status, {"message": str(error)})
        except ModuleError as error:
            _log.warning("answered 500: %s", error.message)
            return _answer(500, {"message": error.message, "hresult": f"0x{error.hresult:08x}"})
        except Exception as error:
            _log.exception("answered 500")
            return _answer(500, {"message": f"{type(error).__name__}: {error}"})
        answer = _answer(200, result) if result is not None else Answer(204, {}, b"")
        if self.sign_answers:
            signed = sign_answer(self.secrets[0], message_id, answer.body)
            answer = Answer(answer.status, {**answer.headers, **signed}, answer.body)
        return answer

    def _handle(self, events: Sequence[CloudEvent]) -> Optional[Dict[str, Any]]:
        result: Optional[Dict[str, Any]] = None
        for event in events:
            if event.name == "ping":
                result = {"description": self.description} if self.description else {}
                if self.events is not None:
                    result["events"] = self.events
            elif event.name == "verify-request":
                if self.on_request is None:
                    raise InvalidMessage("this endpoint decides nothing", 404)
                amendments = Amendments()
                result = amendments.answer(self.on_request(event, amendments))
            elif self.on_event is not None:
                self.on_event(event)
        return result


def _answer(status: int, body: Mapping[str, Any]) -> Answer:
    return Answer(status, {"content-type": "application/json"}, json.dumps(body).encode("utf-8"))


def _key(secret: str) -> bytes:
    encoded = secret.strip()
    if not encoded.startswith(_SECRET_PREFIX):
        raise ValueError(f"a secret begins with `{_SECRET_PREFIX}`")
    try:
        key = base64.b64decode(encoded[len(_SECRET_PREFIX) :], validate=True)
    except binascii.Error:
        raise ValueError(f"a secret is `{_SECRET_PREFIX}` and base64") from None
    if not 24 <= len(key) <= 64:
        raise ValueError("a secret has 24 to 64 bytes")
    return key


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode("utf-8") + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
