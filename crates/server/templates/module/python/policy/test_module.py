"""Asks the module as the server does, and looks at what it decides."""

import json
import subprocess
import sys
import unittest
from pathlib import Path

PROGRAM = Path(__file__).with_name("@snake@.py")

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
        "protocol": {"min": 1, "max": 1}, "role": "policy", "module": "@name@", "ca": "Example CA", "settings": settings,
        "context": 0, "properties": {},
    }


def ask(**subject):
    return "verify_request", {
        "context": 2, "new": True, "request": {"RequestID": 8, **subject}, "certificate": {}, "attributes": {},
        "extensions": [], "ca": {},
    }


class Test@Type@(unittest.TestCase):
    def test_names_inside_the_domain_are_issued(self):
        greeting, *answers = converse(
            initialize(domain="example.com"),
            ask(CommonName="www.example.com"), ask(CommonName="www.example.net"), ask(),
        )
        self.assertEqual(greeting["result"]["protocol"], 1)
        self.assertEqual([answer["result"]["decision"] for answer in answers], ["issue", "deny", "deny"])


if __name__ == "__main__":
    unittest.main()
