#!/usr/bin/env python3
"""An exit module that keeps a list of certificates and when they expire, in SQLite.

It needs Python 3.9 or newer and nothing else. The server starts it and speaks JSON-RPC 2.0 with it, one message a
line, over standard input and output; docs/modules/protocol.md is the specification. Run by hand with `--list DAYS` it
prints what expires within so many days.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import sys
from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, Iterator, Optional

Json = Dict[str, Any]

PROTOCOL = 1
EVENTS = ["cert-issued", "cert-imported", "cert-revoked", "crl-issued", "shutdown"]

# Codes of the contract (HRESULTs) that this module gives and understands.
E_INVALIDARG = "0x80070057"
E_FAIL = "0x80004005"
PROPERTY_EMPTY = "0x80094004"

ISSUED = 20  # Request.Disposition; 21 is revoked.

SCHEMA = """
CREATE TABLE IF NOT EXISTS certificate (
    request_id INTEGER PRIMARY KEY,
    serial     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    names      TEXT NOT NULL,
    requester  TEXT NOT NULL,
    not_after  TEXT NOT NULL,
    revoked    TEXT,
    event_id   INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS certificate_not_after ON certificate (not_after);
CREATE TABLE IF NOT EXISTS crl (
    event_id INTEGER PRIMARY KEY,
    occurred TEXT NOT NULL,
    sha256   TEXT NOT NULL,
    bytes    INTEGER NOT NULL
);
"""


class Failure(Exception):
    """A call that failed: an HRESULT for programs and a text for people."""

    def __init__(self, hresult: str, message: str) -> None:
        super().__init__(message)
        self.hresult = hresult


class Server:
    """The server's side of the conversation: its calls, and ours to it while one of its calls is under way."""

    def __init__(self) -> None:
        self._last_id = 0

    def calls(self) -> Iterator[Json]:
        """The server's calls, until it closes our standard input: then we must end."""
        for line in sys.stdin:
            yield json.loads(line)

    def answer(self, call: Json, result: Json) -> None:
        self._send({"id": call["id"], "result": result})

    def fail(self, call: Json, failure: Failure) -> None:
        error = {"code": -32000, "message": str(failure), "data": {"hresult": failure.hresult}}
        self._send({"id": call["id"], "error": error})

    def refuse(self, call: Json) -> None:
        self._send({"id": call["id"], "error": {"code": -32601, "message": f"unknown method {call['method']}"}})

    def log(self, level: str, message: str) -> None:
        self._send({"method": "log", "params": {"level": level, "message": message}})

    def call_back(self, method: str, **params: Any) -> Json:
        """Asks the server. With a window of one, the next line is the answer."""
        self._last_id += 1
        self._send({"id": self._last_id, "method": method, "params": params})
        line = sys.stdin.readline()
        if not line:
            sys.exit(0)
        answer = json.loads(line)
        if "error" in answer:
            error = answer["error"]
            raise Failure(error.get("data", {}).get("hresult", E_FAIL), error["message"])
        return answer["result"]

    def _send(self, message: Json) -> None:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        sys.stdout.flush()


class Expiry:
    """The list."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._database: Optional[sqlite3.Connection] = None

    def initialize(self, params: Json) -> Json:
        if not params["protocol"]["min"] <= PROTOCOL <= params["protocol"]["max"]:
            raise Failure(E_INVALIDARG, f"this module speaks protocol {PROTOCOL}")
        if params["role"] != "exit":
            raise Failure(E_INVALIDARG, "this is an exit module")
        path = params["settings"].get("database")
        if not path:
            raise Failure(E_INVALIDARG, "give the setting `setting.database`: the path of the SQLite file")
        self._database = open_database(path)
        self._server.log("info", f"keeping the certificates of {params['ca']} in {path}")
        return {"protocol": PROTOCOL, "description": f"expiry list in {path}", "events": EVENTS}

    def notify(self, params: Json) -> Json:
        handlers: Dict[str, Callable[[Json], None]] = {
            "cert-issued": self._issued,
            "cert-imported": self._issued,
            "cert-revoked": self._revoked,
            "crl-issued": self._crl,
        }
        handler = handlers.get(params["event"]["name"])
        if handler:
            handler(params)
        return {}  # An event that we do not know is none of our business.

    def _issued(self, params: Json) -> None:
        """Everything but the names came with the event; those are asked for, to show how."""
        request, certificate = params["request"], params["certificate"]
        row = (
            request["RequestID"],
            certificate.get("SerialNumber", ""),
            certificate.get("DistinguishedName", ""),
            self._alternative_names(params["context"]),
            request.get("RequesterName", ""),
            certificate["NotAfter"],
            params["event"]["id"],
        )
        # Delivered twice, an event must leave the same behind as delivered once: the row is replaced.
        with self._open() as database:
            database.execute(
                "INSERT OR REPLACE INTO certificate"
                " (request_id, serial, subject, names, requester, not_after, event_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )

    def _revoked(self, params: Json) -> None:
        """Also told of a release from hold: then the request stands as issued again."""
        request = params["request"]
        revoked = None if request["Disposition"] == ISSUED else request.get("RevokedWhen", params["event"]["occurred"])
        with self._open() as database:
            database.execute(
                "UPDATE certificate SET revoked = ?, event_id = ? WHERE request_id = ?",
                (revoked, params["event"]["id"], request["RequestID"]),
            )

    def _crl(self, params: Json) -> None:
        """CRLs are large: no message carries them, a module that wants one asks."""
        try:
            answer = self._server.call_back("server.certificate_property", context=params["context"], name="RawCRL")
        except Failure as failure:
            if failure.hresult != PROPERTY_EMPTY:
                raise
            return
        crl = base64.b64decode(answer["value"]["base64"])
        event = params["event"]
        with self._open() as database:
            database.execute(
                "INSERT OR REPLACE INTO crl (event_id, occurred, sha256, bytes) VALUES (?, ?, ?, ?)",
                (event["id"], event["occurred"], hashlib.sha256(crl).hexdigest(), len(crl)),
            )

    def _alternative_names(self, context: int) -> str:
        """The subject alternative names, DER in base64; empty where there are none."""
        try:
            answer = self._server.call_back("server.certificate_extension", context=context, oid="2.5.29.17")
        except Failure as failure:
            if failure.hresult != PROPERTY_EMPTY:
                raise
            return ""
        return answer["value"]["base64"] if answer["enabled"] else ""

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            raise Failure(E_FAIL, "the module is not initialised")
        return self._database


def open_database(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=10)
    # An event is answered once it is on disk.
    database.execute("PRAGMA synchronous = FULL")
    database.executescript(SCHEMA)
    return database


def serve() -> None:
    server = Server()
    module = Expiry(server)
    methods: Dict[str, Callable[[Json], Json]] = {
        "initialize": module.initialize,
        "notify": module.notify,
        "describe": lambda _: {"description": "expiry list"},
        "ping": lambda _: {},
    }
    for call in server.calls():
        if call["method"] == "shutdown":
            return
        if "id" not in call:
            continue  # A notification of a later version: nobody waits for an answer.
        method = methods.get(call["method"])
        if method is None:
            server.refuse(call)
            continue
        try:
            server.answer(call, method(call["params"]))
        except Failure as failure:
            server.fail(call, failure)
        except Exception as error:  # The server keeps the event and tries again later.
            server.fail(call, Failure(E_FAIL, f"{type(error).__name__}: {error}"))


def print_expiring(path: str, days: int) -> None:
    until = (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with closing(open_database(path)) as database:
        for row in database.execute(
            "SELECT not_after, request_id, serial, subject FROM certificate"
            " WHERE revoked IS NULL AND not_after <= ? ORDER BY not_after",
            (until,),
        ):
            print("\t".join(str(column) for column in row))


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--list":
        print_expiring(sys.argv[3], int(sys.argv[2]))
    elif len(sys.argv) == 1:
        serve()
    else:
        sys.exit("usage: expiry.py [--list DAYS DATABASE]")
