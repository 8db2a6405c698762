"""Signatures, messages, and an endpoint over HTTPS."""

from __future__ import annotations

import http.client
import json
import logging
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any, Dict, List, Mapping

from exeunt_module import Decision, HResult, ModuleError
from exeunt_module.receiver import https_server
from exeunt_module.webhook import (
    BATCH,
    ONE,
    Amendments,
    Answer,
    CloudEvent,
    Endpoint,
    InvalidMessage,
    InvalidSignature,
    read,
    sign,
    sign_answer,
    verify,
)

# What the endpoint logs is looked at where it matters.
logging.getLogger("exeunt_module").addHandler(logging.NullHandler())

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY="
OTHER = "whsec_dnV0c3JxcG9ubWxramloZ2ZlZGNiYTk4NzY1NDMyMTA="
NOW = 1_700_000_000
BODY = b'{"a":1}'


def headers(secret: str = SECRET, timestamp: int = NOW, body: bytes = BODY, **more: str) -> Dict[str, str]:
    return {
        "Webhook-Id": "evt_41",
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": sign(secret, "evt_41", timestamp, body),
        "Content-Type": ONE,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def cloud_event(name: str = "cert-issued", number: int = 41, **data: Any) -> Dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": "urn:exeunt:ca:Example%20CA",
        "type": f"org.exeunt.{name}",
        "time": "2025-06-01T12:00:00Z",
        "subject": "7",
        "datacontenttype": "application/json",
        "data": {"certificate": {"SerialNumber": "1a2b3c"}, **data},
    }


class Signatures(unittest.TestCase):
    def test_a_signature_is_what_anyone_computes(self) -> None:
        # printf '%s' 'evt_41.1700000000.{"a":1}' |
        #   openssl dgst -sha256 -hmac 0123456789abcdefghijklmnopqrstuv -binary | base64
        self.assertEqual(sign(SECRET, "evt_41", NOW, BODY), "v1,ZU4Q6E/AdlSeJsT0wV93kK+Tl/6F2b9mVzY73Ij6QDA=")

    def test_any_secret_and_any_signature_will_do(self) -> None:
        self.assertEqual(verify(SECRET, headers(), BODY, now=NOW), "evt_41")
        self.assertEqual(verify([OTHER, SECRET], headers(), BODY, now=NOW + 299), "evt_41")
        both = headers()
        both["Webhook-Signature"] = "v2,x v1,AAAA " + both["Webhook-Signature"]
        self.assertEqual(verify([SECRET], both, BODY, now=NOW), "evt_41")

    def test_whatever_differs_is_refused(self) -> None:
        good = headers()
        cases: List[tuple[str, Mapping[str, str], bytes]] = [
            ("another secret", headers(OTHER), BODY),
            ("another body", good, BODY + b" "),
            ("another id", {**good, "Webhook-Id": "evt_42"}, BODY),
            ("another time", {**good, "Webhook-Timestamp": str(NOW + 1)}, BODY),
            ("an old message", headers(timestamp=NOW - 301), BODY),
            ("a message of the future", headers(timestamp=NOW + 301), BODY),
            ("a time in words", {**good, "Webhook-Timestamp": "now"}, BODY),
            ("digits that are none", {**good, "Webhook-Timestamp": "²"}, BODY),
            ("no signature", {**good, "Webhook-Signature": ""}, BODY),
            ("garbage", {**good, "Webhook-Signature": "v1,é"}, BODY),
            ("no header", {}, BODY),
        ]
        for what, given, body in cases:
            with self.subTest(what), self.assertRaises(InvalidSignature):
                verify(SECRET, given, body, now=NOW)

    def test_what_is_no_secret_is_an_error(self) -> None:
        for text in ("", "hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64"):
            with self.subTest(text), self.assertRaises(ValueError):
                verify(text, headers(), BODY, now=NOW)

    def test_an_answer_is_signed_under_an_id_of_its_own(self) -> None:
        signed = sign_answer(SECRET, "vr_1", b"{}", now=NOW)
        self.assertEqual(signed["webhook-signature"], sign(SECRET, "answer.vr_1", NOW, b"{}"))


class Messages(unittest.TestCase):
    def test_one_and_several(self) -> None:
        one = json.dumps(cloud_event()).encode()
        several = json.dumps([cloud_event(), cloud_event(number=42)]).encode()
        [event] = read(f"{ONE}; charset=utf-8", one)
        self.assertEqual((event.name, event.id, event.subject), ("cert-issued", "41", "7"))
        self.assertEqual(event.certificate["serialnumber"], "1a2b3c")
        self.assertEqual([event.id for event in read(BATCH, several)], ["41", "42"])
        for kind, body in [(ONE, several), (BATCH, one), (ONE, b"{"), (ONE, b"{}"), (ONE, b"3"), (BATCH, b"[3]")]:
            with self.subTest(body=body), self.assertRaises(InvalidMessage) as caught:
                read(kind, body)
            self.assertEqual(caught.exception.status, 400)
        [ping] = read(ONE, json.dumps(cloud_event("ping")).encode())
        with self.assertRaisesRegex(LookupError, "`ping` is about no event"):
            ping.event
        with self.assertRaises(InvalidMessage) as caught:
            read("text/plain", one)
        self.assertEqual(caught.exception.status, 415)


class Endpoints(unittest.TestCase):
    def post(self, endpoint: Endpoint, message: Any, secret: str = SECRET) -> Answer:
        body = json.dumps(message).encode()
        kind = BATCH if isinstance(message, list) else ONE
        return endpoint.handle({**headers(secret, int(time.time()), body), "Content-Type": kind}, body)

    def test_alternative_names_are_those_of_the_certificate_or_those_asked_for(self) -> None:
        for name, enabled, expected in [
            ("cert-issued", True, ["dns:a"]),
            ("cert-issued", False, []),
            ("verify-request", False, ["dns:a"]),
        ]:
            extension = {"oid": "2.5.29.17", "enabled": enabled, "value": {"base64": "MAOCAWE="}}
            event = CloudEvent.from_json(cloud_event(name, extensions=[extension]))
            self.assertEqual([str(name) for name in event.alternative_names()], expected)
        self.assertEqual(CloudEvent.from_json(cloud_event()).alternative_names(), [])

    def test_events_are_handed_on_in_order(self) -> None:
        seen: List[str] = []
        endpoint = Endpoint([SECRET], lambda event: seen.append(event.id), events=["cert-issued"], description="inventory")
        self.assertEqual(self.post(endpoint, cloud_event()).status, 204)
        self.assertEqual(self.post(endpoint, [cloud_event(number=42), cloud_event(number=43)]).status, 204)
        self.assertEqual(seen, ["41", "42", "43"])
        ping = self.post(endpoint, cloud_event("ping"))
        self.assertEqual(json.loads(ping.body), {"description": "inventory", "events": ["cert-issued"]})
        with self.assertLogs("exeunt_module.webhook") as logged:
            self.assertEqual(self.post(endpoint, cloud_event(), OTHER).status, 401)
        self.assertIn("no signature fits", logged.output[0])
        self.assertEqual(self.post(endpoint, cloud_event("verify-request")).status, 404)
        self.assertEqual(seen, ["41", "42", "43"])

    def test_what_is_no_secret_is_refused_at_once(self) -> None:
        secrets: List[Any] = [[], SECRET, ["hunter2"], [SECRET, "whsec_ab"]]
        for wrong in secrets:
            with self.subTest(wrong), self.assertRaises(ValueError):
                Endpoint(wrong)

    def test_a_failure_is_an_answer(self) -> None:
        def fail(event: CloudEvent) -> None:
            raise OSError("disk full")

        with self.assertLogs("exeunt_module.webhook") as logged:
            answer = self.post(Endpoint([SECRET], fail), cloud_event())
        # The operator is told what, the author where.
        self.assertIn("in fail", logged.output[0])
        self.assertEqual((answer.status, json.loads(answer.body)), (500, {"message": "OSError: disk full"}))

        def fail_with_a_code(event: CloudEvent) -> None:
            raise ModuleError(HResult.ERROR_FILE_EXISTS, "7.cer exists")

        answer = self.post(Endpoint([SECRET], fail_with_a_code), cloud_event())
        self.assertEqual(json.loads(answer.body), {"message": "7.cer exists", "hresult": "0x80070050"})

    def test_decisions(self) -> None:
        def decide(event: CloudEvent, amendments: Amendments) -> Decision:
            amendments.set_property("CommonName", "a.example.org")
            amendments.set_property("UPN", None)
            amendments.set_extension("2.5.29.15", b"\x03", critical=True)
            amendments.set_extension("1.2.3", b"", flags=0x102)
            amendments.delete_extension("1.2.4")
            return Decision.issue()

        answer = self.post(Endpoint([SECRET], on_request=decide, sign_answers=True), cloud_event("verify-request"))
        self.assertEqual(
            json.loads(answer.body),
            {
                "decision": "issue",
                "set_properties": {"CommonName": "a.example.org", "UPN": None},
                "set_extensions": [
                    {"oid": "2.5.29.15", "value": {"base64": "Aw=="}, "critical": True, "disabled": False},
                    {"oid": "1.2.3", "value": {"base64": ""}, "critical": False, "disabled": False, "flags": 0x102},
                    {"oid": "1.2.4", "delete": True},
                ],
            },
        )
        signed = {**answer.headers, "webhook-id": "answer.evt_41"}
        self.assertEqual(verify(SECRET, signed, answer.body), "answer.evt_41")


class Receiver(unittest.TestCase):
    """The HTTPS server."""

    def setUp(self) -> None:
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        self.certificate, self.key = str(folder / "server.pem"), str(folder / "server.key")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
            + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
            + ["-keyout", self.key, "-out", self.certificate],
            check=True,
            capture_output=True,
        )
        self.seen: List[str] = []
        endpoint = Endpoint([SECRET], lambda event: self.seen.append(event.id))
        self.server = https_server(endpoint, self.certificate, self.key, host="localhost", port=0, path="/ca")
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def connect(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=self.certificate)
        connection = http.client.HTTPSConnection("localhost", self.server.server_port, context=context, timeout=20)
        self.addCleanup(connection.close)
        return connection

    def test_a_file_that_cannot_be_used_is_named(self) -> None:
        for files in [("missing.pem", self.key), (self.certificate, "missing.key"), (self.key, self.key)]:
            with self.subTest(files), self.assertRaises(OSError) as caught:
                https_server(Endpoint([SECRET]), *files, port=0)
            for file in files:
                self.assertIn(file, str(caught.exception))

    def test_messages_over_one_connection(self) -> None:
        connection = self.connect()
        # One that does not finish its handshake keeps nobody waiting.
        idle = socket.create_connection(("localhost", self.server.server_port))
        self.addCleanup(idle.close)
        for number in (41, 42):
            body = json.dumps(cloud_event(number=number)).encode()
            connection.request("POST", "/ca?x=1", body, headers(timestamp=int(time.time()), body=body))
            response = connection.getresponse()
            self.assertEqual((response.status, response.read()), (204, b""))
        connection.request("POST", "/ca", BODY, headers(OTHER, int(time.time())))
        response = connection.getresponse()
        response.read()
        self.assertEqual(response.status, 401)
        connection.request("POST", "/elsewhere", BODY, headers())
        self.assertEqual(connection.getresponse().status, 404)
        self.assertEqual(self.seen, ["41", "42"])


if __name__ == "__main__":
    unittest.main()
