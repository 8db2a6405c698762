"""Misbehaves where the request's common name begins with `bad`, and is good otherwise.

Arguments: how it misbehaves, as the torture suite names it.
"""

import json
import os
import signal
import sys
import time

import good

HOW = sys.argv[1]
LIFE = good.life()
kept = []
late = False

if HOW == "IgnoresShutdown":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def answer(call):
    good.send(id=call["id"], result={"decision": "issue"})


def ask(context):
    return good.call_back("server.request_property", context=context, name="RequestID")


def flood(stream):
    while True:
        stream.write("x" * 65536 + "\n")


def misbehave(call):
    global late
    if HOW == "NeverAnswers":
        time.sleep(600)
    elif HOW == "AnswersTwice":
        line = json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": {"decision": "issue"}}) + "\n"
        sys.stdout.write(line + line)
        sys.stdout.flush()
    elif HOW == "AnswersGarbage":
        print("I am no answer", flush=True)
    elif HOW == "FloodsOutput":
        flood(sys.stdout)
    elif HOW == "FloodsErrors":
        flood(sys.stderr)
    elif HOW == "AllocatesWithoutEnd":
        hoard = []
        while True:
            hoard.append(bytearray(16 << 20))
    elif HOW == "ClosesItsPipe":
        os.close(1)
        time.sleep(600)
    elif HOW in ("DiesInTheCall", "ChangesItsMask"):
        os._exit(3)
    elif HOW == "ReturnsHugeStrings":
        good.send(id=call["id"], error={"code": -32000, "message": "x" * (1 << 20)})
    elif HOW == "CallsBackForEver":
        while True:
            ask(call["params"]["context"])
    elif HOW == "CallsBackLate":
        for context in kept:
            late = late or "error" not in ask(context)
        answer(call)
    else:
        answer(call)


def serve(call):
    name = call["params"]["request"].get("CommonName", "")
    if late:
        good.send(id=call["id"], error={"code": -32000, "message": "a context outlived its call"})
    elif name.startswith("bad"):
        misbehave(call)
    else:
        kept.append(call["params"]["context"])
        answer(call)


while True:
    try:
        call = good.read()
    except SystemExit:
        while HOW == "IgnoresShutdown":
            time.sleep(1)
        raise
    method = call["method"]
    if method == "initialize":
        if HOW == "DiesInInitialize":
            print("no licence", file=sys.stderr, flush=True)
            os._exit(3)
        good.greet(call, 0x20 if HOW == "ChangesItsMask" and LIFE > 1 else 0x27F)
    elif method in ("notify", "verify_request"):
        serve(call)
    elif method == "describe":
        good.send(id=call["id"], result={"description": "a specimen"})
    elif method == "shutdown":
        if HOW != "IgnoresShutdown":
            sys.exit(0)
