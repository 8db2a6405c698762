"""Plays the module's part of a documented conversation, and compares what the server says with it.

Its argument is a file of lines `→ {…}` (the server speaks) and `← {…}` (the module speaks). What differs is written to
`mismatch` in the directory STATE.
"""

import json
import os
import sys

STATE = os.environ["STATE"]


def plain(message):
    """A message without what differs from one build of the server to the next."""
    server = message.get("params", {}).get("server")
    if server:
        server["version"] = "?"
    return message


def fail(text):
    with open(os.path.join(STATE, "mismatch"), "a", encoding="utf-8") as file:
        file.write(text + "\n")
    sys.exit(1)


with open(sys.argv[1], encoding="utf-8") as transcript:
    for line in transcript:
        arrow, _, text = line.rstrip("\n").partition(" ")
        if arrow == "←":
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
            continue
        heard = sys.stdin.readline()
        with open(os.path.join(STATE, "heard"), "a", encoding="utf-8") as file:
            file.write(heard)
        if plain(json.loads(heard or "null") or {}) != plain(json.loads(text)):
            fail(f"documented: {text}\nheard:      {heard}")
if sys.stdin.read():
    fail("the server says more than the document")
with open(os.path.join(STATE, "complete"), "w", encoding="utf-8"):
    pass
