"""Does what the attributes `Do` and `Decide` say: see `testkit::conformance::Interpreters`.

Everything is read by call-backs, not from the message.
"""

import base64

import good

FIXED = (
    "event;request RequestID long;request Disposition long;certificate RawCertificate binary;"
    "certificate SerialNumber string;certificate CAType long;certificate CRLState long;"
    "certificate CRLState.0 long;certificate RawCRL binary;certificate RawCRL.0 binary;"
    "certificate RawDeltaCRL binary;attribute Do;attributes;extensions"
)


class Failed(Exception):
    """A call-back failed with this code."""


def ask(context, method, **params):
    answer = good.call_back("server." + method, context=context, **params)
    if "error" in answer:
        raise Failed(answer["error"]["data"]["hresult"])
    return answer["result"]


def text(value):
    return base64.b64decode(value["base64"]).hex() if isinstance(value, dict) else str(value)


def binary(digits):
    try:
        return {"base64": base64.b64encode(bytes.fromhex(digits)).decode()}
    except ValueError:
        raise Failed("0x80070057") from None


def typed(kind, value):
    if kind == "long":
        return int(value)
    return binary(value) if kind == "binary" else value


def execute(context, command):
    verb, _, rest = command.partition(" ")
    if verb in ("request", "certificate"):
        name, kind = rest.rsplit(" ", 1)
        return text(ask(context, verb + "_property", name=name, type=kind)["value"])
    if verb == "attribute":
        return ask(context, "request_attribute", name=rest)["value"]
    if verb == "extension":
        extension = ask(context, "certificate_extension", oid=rest)
        return f"{extension['flags']} {text(extension['value'])}"
    if verb == "extensions":
        return ",".join(ask(context, "extensions")["oids"])
    if verb == "attributes":
        return ",".join(ask(context, "attributes")["names"])
    words = command.split(" ", 3)
    if verb == "set":
        ask(context, "set_certificate_property", name=words[1], value=typed(words[2], words[3]))
    elif verb == "unset":
        ask(context, "set_certificate_property", name=words[1], value=None)
    elif verb == "add":
        flags, value = int(words[2]), binary(words[3])
        ask(context, "set_certificate_extension", oid=words[1], flags=flags, value=value)
    elif verb == "remove":
        ask(context, "set_certificate_extension", oid=words[1], delete=True)
    else:
        raise Failed("0x80070057")
    return "ok"


def result(context, command):
    try:
        return execute(context, command)
    except Failed as failed:
        return f"error {failed}"


def fail(call, code, message):
    good.send(id=call["id"], error={"code": -32000, "message": message, "data": {"hresult": code}})


def attribute(context, name):
    try:
        return ask(context, "request_attribute", name=name)["value"]
    except Failed:
        return None


def notify(call):
    context, event = call["params"]["context"], call["params"]["event"]
    commands = attribute(context, "Do")
    if commands is None and event["name"] in ("crl-issued", "cert-imported"):
        commands = FIXED
    if commands is None:
        good.send(id=call["id"], result={})
    elif commands.startswith("fail "):
        _, code, message = commands.split(" ", 2)
        fail(call, code, message)
    else:
        request = "-" if event["request_id"] is None else event["request_id"]
        line = f"{event['name']} {event['id']} {event['attempt']} {request}"
        results = [line if one == "event" else result(context, one) for one in commands.split(";")]
        fail(call, "0x80004004", " / ".join(results))


def verify_request(call):
    context, new = call["params"]["context"], call["params"]["new"]
    results = []
    for command in (attribute(context, "Decide") or "issue").split(";"):
        verb, _, code = command.partition(" ")
        message = " / ".join(results)
        if verb in ("issue", "pend"):
            return good.send(id=call["id"], result={"decision": verb, "message": message})
        if verb == "deny":
            return good.send(id=call["id"], result={"decision": verb, "code": code, "message": message})
        if verb == "fail":
            return fail(call, code, message)
        results.append(str(new).lower() if verb == "new" else result(context, command))
    return fail(call, "0x80070057", "the commands end without a decision")


good.life()
while True:
    call = good.read()
    if call["method"] == "initialize":
        good.send(id=call["id"], result={"protocol": 1, "events": 0x27F, "description": "interpreter"})
    elif call["method"] == "notify":
        notify(call)
    elif call["method"] == "verify_request":
        verify_request(call)
    elif call["method"] == "shutdown":
        raise SystemExit
