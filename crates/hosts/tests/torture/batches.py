"""Takes batches of three, and answers them as its argument says."""

import os
import sys

from good import call_back, good, life, note, send

HOW = sys.argv[1]
LIFE = life()
FAILURE = {"code": -32000, "message": "no more", "data": {"hresult": "0x80070050"}}


def greet(call):
    batch = 1 if HOW == "shrink" and LIFE > 1 else 3
    send(id=call["id"], result={"protocol": 1, "events": 0x27F, "batch": batch})


def answer(call):
    events = call["params"]["events"]
    count = len(events)
    for event in events:
        note(f"batch {event['event']['id']} of {count}")
    if HOW == "half":
        return {"delivered": 1, "error": FAILURE}
    if HOW == "more":
        return {"delivered": count + 1}
    if HOW == "negative":
        return {"delivered": -1}
    if HOW == "missing":
        return {}
    if HOW == "silent":
        return {"delivered": 1}
    if HOW == "both":
        return {"delivered": count, "error": FAILURE}
    if HOW in ("die", "shrink"):
        os._exit(3)
    if HOW == "contexts":
        for event in events:
            value = call_back("server.request_property", context=event["context"], name="RequestID")
            note(f"request {value['result']['value']}")
        beyond = call_back("server.request_property", context=events[-1]["context"] + 1, name="RequestID")
        note(beyond["error"]["data"]["hresult"])
    return {"delivered": count}


def serve(call):
    if call["method"] != "notify_batch":
        return False
    if HOW == "error":
        send(id=call["id"], error=FAILURE)
    else:
        send(id=call["id"], result=answer(call))
    return True


good(initialize=greet, other=serve)
