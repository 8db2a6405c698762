"""Does what requests' attributes say and answers what it saw, by the Python package: `testkit::conformance` compares.

Its argument is `exit` or `policy`, for the server's process host; or `webhook`, and then the files of the certificate, its
key and the secret.
"""

import sys
from datetime import datetime
from typing import Callable, List, Union

from exeunt_module import (
    Decision,
    Event,
    ExitModule,
    Extension,
    HResult,
    ModuleError,
    PolicyModule,
    PolicyServer,
    Row,
    Server,
    Value,
    run,
)
from exeunt_module.receiver import https_server
from exeunt_module.values import format_moment, parse_moment
from exeunt_module.webhook import Amendments, CloudEvent, Endpoint

FIXED = (
    "event;request RequestID long;request Disposition long;certificate RawCertificate binary;"
    "certificate SerialNumber string;certificate CAType long;certificate CRLState long;"
    "certificate CRLState.0 long;certificate RawCRL binary;certificate RawCRL.0 binary;"
    "certificate RawDeltaCRL binary;attribute Do;attributes;extensions"
)
# Of an endpoint, which reads what it is sent.
FIXED_SENT = {
    "cert-imported": (
        "event;request RequestID long;request Disposition long;certificate RawCertificate binary;"
        "certificate SerialNumber string;certificate CAType long;certificate CRLState long;attribute Do;attributes;extensions"
    ),
    "crl-issued": (
        "event;request RequestID long;certificate CAType long;certificate CRLState long;certificate CRLState.0 long;"
        "certificate RawCRL binary;certificate RawDeltaCRL binary;attribute Do"
    ),
}
E_ABORT = 0x80004004


def text(value: Value) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return format_moment(value) if isinstance(value, datetime) else str(value)


def tried(call: Callable[[], str]) -> str:
    try:
        return call()
    except ModuleError as error:
        return f"error 0x{error.hresult:08x}"


class Sent:
    """What an endpoint finds in the message, and sets with its answer, as if it could ask the server."""

    def __init__(self, event: CloudEvent, amendments: Amendments) -> None:
        self.event, self.amendments = event, amendments
        self.set_certificate_property = amendments.set_property
        self.delete_certificate_extension = amendments.delete_extension

    @staticmethod
    def found(name: str, *rows: Row) -> Value:
        for row in rows:
            if name in row:
                return row[name]
        raise ModuleError(HResult.PROPERTY_EMPTY, f"{name} has no value")

    def request_property(self, name: str, _kind: str) -> Value:
        return self.found(name, self.event.request)

    def certificate_property(self, name: str, _kind: str) -> Value:
        return self.found(name, self.event.certificate, self.event.ca)

    def request_attribute(self, name: str) -> str:
        if name not in self.event.attributes:
            raise ModuleError(HResult.PROPERTY_EMPTY, f"{name} has no value")
        return self.event.attributes[name]

    def certificate_extension(self, oid: str) -> Extension:
        for extension in self.event.extensions:
            if extension.oid == oid:
                return extension
        raise ModuleError(HResult.PROPERTY_EMPTY, f"{oid} is not there")

    def extension_oids(self) -> List[str]:
        return [extension.oid for extension in self.event.extensions]

    def attribute_names(self) -> List[str]:
        return list(self.event.attributes)

    def set_certificate_extension(self, oid: str, value: bytes, *, flags: int) -> None:
        self.amendments.set_extension(oid, value, flags=flags)


def read(command: str, server: Union[Server, Sent]) -> str:
    verb, _, rest = command.partition(" ")
    if verb in ("request", "certificate"):
        name, _, kind = rest.rpartition(" ")
        return text(server.request_property(name, kind) if verb == "request" else server.certificate_property(name, kind))
    if verb == "attribute":
        return server.request_attribute(rest)
    if verb == "extension":
        extension = server.certificate_extension(rest)
        return f"{extension.flags} {extension.value.hex()}"
    return ",".join(server.extension_oids() if verb == "extensions" else server.attribute_names())


def happened(event: Event) -> str:
    return f"{event.name} {event.id} {event.attempt} {'-' if event.request_id is None else event.request_id}"


def carry_out(commands: str, event: Event, reader: Callable[[str], str]) -> None:
    if commands.startswith("fail "):
        _, code, *rest = commands.split(" ", 2)
        raise ModuleError(int(code, 16), "".join(rest))
    results = [happened(event) if one == "event" else tried(lambda: reader(one)) for one in commands.split(";")]
    raise ModuleError(E_ABORT, " / ".join(results))


class Told(ExitModule):
    description = "interpreter"

    def notify(self, event: Event, server: Server) -> None:
        try:
            commands = server.request_attribute("Do")
        except ModuleError:
            if event.name not in ("crl-issued", "cert-imported"):
                return
            commands = FIXED
        carry_out(commands, event, lambda command: read(command, server))


class Asked(PolicyModule):
    description = "interpreter"

    def verify_request(self, request: PolicyServer, new: bool) -> Decision:
        return decide(request, new)


def decide(server: Union[PolicyServer, Sent], new: bool) -> Decision:
    try:
        commands = server.request_attribute("Decide")
    except ModuleError:
        return Decision.issue()
    results: list = []
    for command in commands.split(";"):
        verb, _, code = command.partition(" ")
        message = " / ".join(results)
        if verb == "issue":
            return Decision.issue()
        if verb == "pend":
            return Decision.pend(message)
        if verb == "deny":
            return Decision.deny(message, int(code, 16))
        if verb == "fail":
            raise ModuleError(int(code, 16), message)
        results.append(str(new).lower() if verb == "new" else tried(lambda: write(command, server)))
    raise ModuleError(HResult.E_INVALIDARG, "the commands end without a decision")


def write(command: str, server: Union[PolicyServer, Sent]) -> str:
    verb, _, rest = command.partition(" ")
    if verb == "set":
        name, kind, value = rest.split(" ", 2)
        convert = {"long": int, "date": parse_moment, "string": str, "binary": bytes.fromhex}[kind]
        server.set_certificate_property(name, convert(value))
    elif verb == "unset":
        server.set_certificate_property(rest, None)
    elif verb == "add":
        oid, flags, value = rest.split(" ")
        server.set_certificate_extension(oid, bytes.fromhex(value), flags=int(flags))
    elif verb == "remove":
        server.delete_certificate_extension(rest)
    else:
        return read(command, server)
    return "ok"


def posted(event: CloudEvent) -> None:
    commands = event.attributes.get("Do", FIXED_SENT.get(event.event.name))
    if commands is not None:
        server = Sent(event, Amendments())
        carry_out(commands, event.event, lambda command: read(command, server))


def asked(event: CloudEvent, amendments: Amendments) -> Decision:
    return decide(Sent(event, amendments), event.data["new"])


if sys.argv[1] == "webhook":
    certificate, key, secret = sys.argv[2:]
    with open(secret, encoding="ascii") as file:
        endpoint = Endpoint([file.read()], posted, asked, description="interpreter", sign_answers=True)
    server = https_server(endpoint, certificate, key, host="127.0.0.1", port=0)
    print(f"listening on port {server.server_port}", flush=True)
    server.serve_forever()
else:
    run(Told() if sys.argv[1] == "exit" else Asked())
