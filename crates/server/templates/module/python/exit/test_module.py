"""Speaks with the module as the server does, and looks at what it answers and leaves behind."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = Path(__file__).with_name("@snake@.py")
EVENT = {
    "context": 2,
    "event": {
        "id": 41, "name": "cert-issued", "bit": 1, "attempt": 1, "occurred": "2025-06-01T12:00:00Z", "hash": "ab" * 32,
        "request_id": 7,
    },
    "request": {"RequestID": 7},
    "certificate": {"SerialNumber": "1a2b"},
    "attributes": {},
    "extensions": [],
    "ca": {},
}


def converse(*calls):
    """Makes the calls, each with its parameters, and gives the answers."""
    lines = [
        json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        for number, (method, params) in enumerate(calls, 1)
    ]
    text = "".join(line + "\n" for line in lines)
    done = subprocess.run([sys.executable, PROGRAM], input=text, capture_output=True, text=True, check=True, timeout=60)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    # Between the answers there may be lines for the server's log.
    return [message for message in said if message.get("method") != "log"]


def initialize(**settings):
    return "initialize", {
        "protocol": {"min": 1, "max": 1}, "role": "exit", "module": "@name@", "ca": "Example CA", "settings": settings,
        "context": 0, "properties": {},
    }


class Test@Type@(unittest.TestCase):
    def test_an_event_leaves_one_line_however_often_it_comes(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "lines")
            greeting, first, second = converse(initialize(file=str(file)), ("notify", EVENT), ("notify", EVENT))
            self.assertEqual(greeting["result"]["protocol"], 1)
            self.assertNotIn("error", first)
            self.assertNotIn("error", second)
            self.assertEqual(file.read_text(), "41 cert-issued request 7 serial 1a2b\n")

    def test_what_cannot_be_written_comes_again(self):
        _, answer = converse(initialize(file="/nonexistent/lines"), ("notify", EVENT))
        self.assertIn("/nonexistent/lines", answer["error"]["message"])


if __name__ == "__main__":
    unittest.main()
