"""A module that keeps every rule, and what those that break one share.

A specimen says what is wrong with it by replacing one function of `Exit` or `Policy`, and nothing else.
"""

import json
import sys


def read():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return json.loads(line)


def send(**message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def call_back(method, **params):
    """Calls the server; returns the result, or raises what the server says."""
    send(id="cb", method=method, params=params)
    answer = read()
    if "error" in answer:
        raise RuntimeError(answer["error"]["message"])
    return answer["result"]


class Module:
    greeting = {}

    def initialize(self, params):
        return {"protocol": 1, "description": "a specimen", **self.greeting}

    def describe(self):
        return {"description": "a specimen"}

    def ping(self):
        return {}

    def unknown(self, call):
        send(id=call["id"], error={"code": -32601, "message": f"there is no method `{call['method']}`"})

    def stop(self):
        sys.exit(0)

    def answer(self, call, function, *arguments):
        try:
            send(id=call["id"], result=function(*arguments))
        except Exception as error:
            send(id=call["id"], error={"code": -32000, "message": str(error), "data": {"hresult": "0x80004005"}})

    def serve(self):
        while True:
            call = read()
            method, params = call["method"], call.get("params", {})
            if method == "initialize":
                self.answer(call, self.initialize, params)
            elif method in ("notify", "verify_request"):
                self.answer(call, getattr(self, method), params)
            elif method == "notify_batch":
                self.answer(call, self.notify_batch, params["events"])
            elif method == "describe":
                self.answer(call, self.describe)
            elif method == "ping":
                self.answer(call, self.ping)
            elif method == "shutdown":
                self.stop()
            elif "id" in call:
                self.unknown(call)


class Exit(Module):
    greeting = {"events": "all"}

    def notify(self, params):
        return {}


class Batches(Exit):
    greeting = {"events": "all", "batch": 100}

    def notify_batch(self, events):
        for event in events:
            self.notify(event)
        return {"delivered": len(events)}


class Policy(Module):
    def verify_request(self, params):
        return {"decision": "issue"}


if __name__ == "__main__":
    {"exit": Exit, "batches": Batches, "policy": Policy}[sys.argv[1]]().serve()
