"""Does what requests' attributes say and answers what it saw, by the Python package: `testkit::conformance` compares.

Its argument is `exit` or `policy`, for the server's process host; or `webhook`, and then the files of the certificate, its
key and the secret.
"""

import sys
from datetime import datetime
from typing import Callable, Optional

from exeunt_module import (
    Decision,
    Event,
    ExitModule,
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
from exeunt_module.webhook import CloudEvent, Endpoint

FIXED = (
    "event;request RequestID long;request Disposition long;certificate RawCertificate binary;"
    "certificate SerialNumber string;certificate CAType long;certificate CRLState long;"
    "certificate CRLState.0 long;certificate RawCRL binary;certificate RawCRL.0 binary;"
    "certificate RawDeltaCRL binary;attribute Do;attributes;extensions"
)
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


def read(command: str, server: Server) -> str:
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
        try:
            commands = request.request_attribute("Decide")
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
            results.append(str(new).lower() if verb == "new" else tried(lambda: write(command, request)))
        raise ModuleError(HResult.E_INVALIDARG, "the commands end without a decision")


def write(command: str, server: PolicyServer) -> str:
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


def sent(command: str, event: CloudEvent) -> str:
    """What an endpoint finds in the message."""
    verb, _, rest = command.partition(" ")
    found: Optional[str] = None
    if verb in ("request", "certificate"):
        name = rest.rpartition(" ")[0]
        rows: list = [event.request] if verb == "request" else [event.certificate, event.ca]
        found = next((text(row[name]) for row in rows if isinstance(row, Row) and name in row), None)
    elif verb == "attribute":
        found = event.attributes.get(rest)
    elif verb == "extension":
        found = next((f"{one.flags} {one.value.hex()}" for one in event.extensions if one.oid == rest), None)
    elif verb == "extensions":
        found = ",".join(one.oid for one in event.extensions)
    else:
        found = ",".join(event.attributes)
    if found is None:
        raise ModuleError(HResult.PROPERTY_EMPTY, f"{rest} has no value")
    return found


def posted(event: CloudEvent) -> None:
    commands = event.attributes.get("Do")
    if commands is not None:
        carry_out(commands, event.event, lambda command: sent(command, event))


if sys.argv[1] == "webhook":
    certificate, key, secret = sys.argv[2:]
    with open(secret, encoding="ascii") as file:
        endpoint = Endpoint([file.read()], posted, description="interpreter")
    server = https_server(endpoint, certificate, key, host="127.0.0.1", port=0)
    print(f"listening on port {server.server_port}", flush=True)
    server.serve_forever()
else:
    run(Told() if sys.argv[1] == "exit" else Asked())
