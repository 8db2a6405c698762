"""Decides by the attribute `Ask`."""
import sys

import good

good.life()
ANSWERS = {
    "issue": {"decision": "issue"},
    "pend": {"decision": "pend", "message": "second look"},
    "deny": {"decision": "deny", "code": "0x80094012", "message": "not you"},
    "perhaps": {"decision": "perhaps"},
    "nothing": {},
    "unwritable": {"decision": "issue", "set_properties": {"SerialNumber": "00"}},
    "amend": {
        "decision": "issue",
        "set_properties": {"CommonName": "amended", "UPN": None, "GeneralFlags": 5, "NotAfter": "2030-01-01T00:00:00Z"},
        "set_extensions": [
            {"oid": "2.5.29.17", "critical": True, "value": {"base64": "MAA="}},
            {"oid": "1.2.3.4", "type": "long", "value": 7, "disabled": True},
            {"oid": "2.5.29.19", "delete": True},
        ],
    },
}

while True:
    call = good.read()
    if call["method"] == "initialize":
        assert call["params"]["role"] == "policy", call
        good.send(id=call["id"], result={"protocol": 1, "description": "by attribute"})
    elif call["method"] == "verify_request":
        params = call["params"]
        context, ask = params["context"], params["attributes"].get("Ask", "issue")
        if ask == "crash":
            sys.exit(1)
        if ask == "call-back":
            set_it = good.call_back("server.set_certificate_property", context=context, name="CommonName", value="set")
            assert set_it["result"] == {}, set_it
            seen = good.call_back("server.certificate_property", context=context, name="CommonName")
            assert seen["result"]["value"] == "set", seen
            good.call_back(
                "server.set_certificate_extension",
                context=context,
                oid="2.5.29.15",
                critical=True,
                value={"base64": "AwIHgA=="},
            )
            good.send(id=call["id"], result={"decision": "issue" if params["new"] else "pend"})
        else:
            good.send(id=call["id"], result=ANSWERS[ask])
    elif call["method"] == "shutdown":
        good.note("shutdown")
        sys.exit(0)
