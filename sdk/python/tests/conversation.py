"""A server for tests: holds a conversation with a module over pipes, with an end to every wait."""

from __future__ import annotations

import json
import os
import select
import threading
from types import TracebackType
from typing import Any, Dict, Optional, Type, Union

from exeunt_module import ExitModule, PolicyModule
from exeunt_module.serve import Conversation

Json = Dict[str, Any]

#: Seconds after which a test gives up.
PATIENCE_S = 20.0

OCCURRED = "2025-06-01T12:00:00Z"


class Talk:
    """The server's end of a conversation."""

    def __init__(self, module: Union[ExitModule, PolicyModule], threads: int = 1) -> None:
        to_module, self._speak = os.pipe()
        self._hear, from_module = os.pipe()
        self._writer = os.fdopen(self._speak, "wb")
        self._reader = os.fdopen(to_module, "rb")
        self._output = os.fdopen(from_module, "wb")
        self._conversation = Conversation(module, self._reader, self._output, threads)
        self._rest = b""
        self._thread = threading.Thread(target=self._conversation.hold, daemon=True)
        self._thread.start()

    def __enter__(self) -> Talk:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if not self._writer.closed:
            self._writer.close()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the module did not end with its standard input"
        self._reader.close()
        self._output.close()
        os.close(self._hear)

    def say(self, message: Json) -> None:
        """One line to the module."""
        self._writer.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self._writer.flush()

    def hear(self) -> Json:
        """One line of the module."""
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._hear], [], [], PATIENCE_S)
            assert ready, f"the module said nothing for {PATIENCE_S} s"
            more = os.read(self._hear, 65536)
            assert more, "the module closed its output"
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0", message
        assert isinstance(message, dict)
        return message

    def ask(self, number: int, method: str, params: Optional[Json] = None) -> Json:
        """A call that needs no call-backs, and its answer."""
        self.say({"id": number, "method": method, "params": params or {}})
        answer = self.hear()
        assert answer["id"] == number, answer
        return answer

    def initialize(self, role: str = "exit", settings: Optional[Json] = None, **limits: int) -> Json:
        """The first call."""
        return self.ask(1, "initialize", initialize(role, settings, **limits))

    def end(self) -> None:
        """`shutdown`."""
        self.say({"method": "shutdown", "params": {}})


def initialize(role: str = "exit", settings: Optional[Json] = None, **limits: int) -> Json:
    """The parameters of `initialize`."""
    return {
        "protocol": {"min": 1, "max": 1},
        "role": role,
        "module": "m",
        "ca": "Example CA",
        "settings": settings or {},
        "server": {"name": "exeunt", "version": "0"},
        "limits": {"message_bytes_max": 1 << 20, "timeout_ms": 30000, "window": 1, **limits},
        "context": 0,
        "properties": {"CAType": 3},
    }


def event(number: int, context: int = 2, name: str = "cert-issued", bit: int = 1, **more: Any) -> Json:
    """The parameters of `notify`."""
    return {
        "context": context,
        "event": {
            "id": number,
            "name": name,
            "bit": bit,
            "attempt": 1,
            "occurred": OCCURRED,
            "hash": "ab" * 32,
            "request_id": 7,
        },
        "request": {"RequestID": 7, "Disposition": 20, "SubmittedWhen": "2025-06-01T11:59:59.25Z"},
        "certificate": {"SerialNumber": "1a2b3c", "RawCertificate": {"base64": "MAMCAQc="}},
        "attributes": {"CertificateTemplate": "WebServer"},
        "extensions": [
            {
                "oid": "2.5.29.17",
                "flags": 65536,
                "critical": False,
                "enabled": True,
                "origin": "request",
                "value": {"base64": "MAA="},
            }
        ],
        "ca": {"CAType": 3},
        **more,
    }
