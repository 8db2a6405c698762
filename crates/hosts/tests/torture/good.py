"""A well-behaved module, and what the misbehaving ones share.

STATE is a directory: each process leaves its number in `lives`, and what it was told in `seen`.
"""

import json
import os
import sys

STATE = os.environ["STATE"]


def life():
    """Counts this process: 1 for the first that this module was given."""
    path = os.path.join(STATE, "lives")
    with open(path, "a", encoding="utf-8") as lives:
        lives.write(f"{os.getpid()}\n")
    with open(path, encoding="utf-8") as lives:
        return sum(1 for _ in lives)


def note(text):
    with open(os.path.join(STATE, "seen"), "a", encoding="utf-8") as seen:
        seen.write(text + "\n")


def read():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return json.loads(line)


def send(**message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def call_back(method, **params):
    """Calls the server and waits for the answer; nothing else may come in between."""
    send(id="cb", method=method, params=params)
    answer = read()
    assert answer["id"] == "cb", answer
    return answer


def greet(call, events=0x27F):
    send(id=call["id"], result={"protocol": 1, "description": "torture", "events": events})


def good(notify=None, initialize=greet, other=None):
    """Serves until told to end. `notify`, and `other` for what is not known here, may answer and return True."""
    while True:
        call = read()
        method = call["method"]
        if method == "initialize":
            initialize(call)
        elif method == "notify":
            note(f"{call['params']['event']['name']} {call['params']['event']['attempt']}")
            if not (notify and notify(call)):
                send(id=call["id"], result={})
        elif method == "describe":
            send(id=call["id"], result={"description": "torture"})
        elif method == "ping":
            send(id=call["id"], result={})
        elif method == "shutdown":
            note("shutdown")
            sys.exit(0)
        elif other and other(call):
            pass
        elif "id" in call:
            send(id=call["id"], error={"code": -32601, "message": "unknown"})


if __name__ == "__main__":
    life()
    good()
