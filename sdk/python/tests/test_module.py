"""Modules in conversation."""

from __future__ import annotations

import json
import logging
import threading
import unittest
from datetime import datetime, timezone
from functools import partial
from typing import Callable, List, Optional, Sequence, Tuple

from exeunt_module import (
    Decision,
    Event,
    ExitModule,
    HResult,
    ModuleError,
    PolicyModule,
    PolicyServer,
    Server,
    Setup,
    Undelivered,
)
from exeunt_module.logs import ServerHandler

from .conversation import PATIENCE_S, Talk, event, initialize


class Recorder(ExitModule):
    """Keeps what it is told, and does what a test wants."""

    events = ["cert-issued", "crl-issued"]
    description = "a recorder"

    def __init__(self, on_notify: Optional[Callable[[Event, Server], None]] = None) -> None:
        self.setup: Optional[Setup] = None
        self.seen: List[int] = []
        self.ended = False
        self._on_notify = on_notify

    def initialize(self, setup: Setup, server: Server) -> None:
        self.setup = setup
        if setup.setting("fail", "no") == "yes":
            raise ModuleError(HResult.ERROR_FILE_NOT_FOUND, "no table")

    def notify(self, event: Event, server: Server) -> None:
        if self._on_notify:
            self._on_notify(event, server)
        self.seen.append(event.id)

    def about(self) -> dict[str, str]:
        return {"Product Version": "2.1"}

    def shut_down(self) -> None:
        self.ended = True


class ExitModules(unittest.TestCase):
    def test_the_usual_conversation(self) -> None:
        module = Recorder()
        with Talk(module) as talk:
            answer = talk.initialize(settings={"fail": "no"})
            self.assertEqual(
                answer["result"],
                {
                    "protocol": 1,
                    "events": ["cert-issued", "crl-issued"],
                    "description": "a recorder",
                    "about": {"Product Version": "2.1"},
                },
            )
            self.assertEqual(talk.ask(2, "notify", event(41))["result"], {})
            self.assertEqual(talk.ask(3, "describe")["result"], {"description": "a recorder"})
            self.assertEqual(talk.ask(4, "ping")["result"], {})
            self.assertEqual(talk.ask(5, "x-later")["error"]["code"], -32601)
            talk.say({"method": "x-later", "params": {}})
            self.assertEqual(talk.ask(6, "verify_request")["error"]["code"], -32601)
            talk.end()
        self.assertEqual(module.seen, [41])
        self.assertTrue(module.ended)
        assert module.setup is not None
        self.assertEqual((module.setup.ca, module.setup.number("days", 3)), ("Example CA", 3))

    def test_it_ends_with_its_standard_input(self) -> None:
        module = Recorder()
        with Talk(module) as talk:
            talk.initialize()
        self.assertTrue(module.ended)

    def test_what_it_cannot_be_is_refused(self) -> None:
        for params, text in [
            (initialize("policy"), "this is an exit module"),
            ({**initialize(), "protocol": {"min": 2, "max": 9}}, "speaks protocol 1 to 1"),
            (initialize(settings={"fail": "yes"}), "no table"),
        ]:
            with Talk(Recorder()) as talk:
                self.assertIn(text, talk.ask(1, "initialize", params)["error"]["message"])

    def test_what_came_with_the_event_is_read_without_asking(self) -> None:
        def look(event: Event, server: Server) -> None:
            self.assertEqual(event.occurred, datetime(2025, 6, 1, 12, tzinfo=timezone.utc))
            self.assertEqual(server.request_property("disposition"), 20)
            when = datetime(2025, 6, 1, 11, 59, 59, 250000, tzinfo=timezone.utc)
            self.assertEqual(server.request["submittedwhen"], when)
            self.assertEqual(server.certificate.binary("RawCertificate"), b"\x30\x03\x02\x01\x07")
            self.assertEqual(server.certificate_property("CAType"), 3)
            self.assertEqual(server.request_attribute("certificate template"), "WebServer")
            self.assertEqual(server.certificate_extension("2.5.29.17").value, b"\x30\x00")
            self.assertEqual(server.request.text("RequesterName"), "")
            self.assertNotIn("RequesterName", server.request)

        with Talk(Recorder(look)) as talk:
            talk.initialize()
            self.assertEqual(talk.ask(2, "notify", event(41)), {"jsonrpc": "2.0", "id": 2, "result": {}})

    def test_the_rest_is_asked_for(self) -> None:
        seen: List[object] = []

        def ask(event: Event, server: Server) -> None:
            seen.append(server.certificate_property("RawCRL.0", "binary"))
            try:
                server.request_property("CallerName")
            except ModuleError as error:
                seen.append(error.is_empty)
            seen.append(server.certificate_extension("2.5.29.15", "long").typed)

        with Talk(Recorder(ask)) as talk:
            talk.initialize()
            talk.say({"id": 2, "method": "notify", "params": event(44)})
            call = talk.hear()
            self.assertEqual(call["params"], {"context": 2, "name": "RawCRL.0", "type": "binary"})
            talk.say({"id": call["id"], "result": {"value": {"base64": "MAA="}}})
            call = talk.hear()
            self.assertEqual(call["params"], {"context": 2, "name": "CallerName"})
            error = {"code": -32000, "message": "CallerName has no value", "data": {"hresult": "0x80094004"}}
            talk.say({"id": call["id"], "error": error})
            call = talk.hear()
            talk.say({"id": call["id"], "result": {"oid": "2.5.29.15", "flags": 0, "value": 5}})
            self.assertEqual(talk.hear()["result"], {})
        self.assertEqual(seen, [b"\x30\x00", True, 5])

    def test_a_view_ends_with_its_call(self) -> None:
        kept: List[Server] = []
        with Talk(Recorder(lambda _, server: kept.append(server))) as talk:
            talk.initialize()
            talk.ask(2, "notify", event(41))
            with self.assertRaises(ModuleError) as caught:
                kept[0].certificate_property("RawCRL")
            self.assertEqual(caught.exception.hresult, HResult.ERROR_INVALID_HANDLE)

    def test_failures_have_a_code_a_text_and_a_place(self) -> None:
        def fail(event: Event, server: Server, raised: Exception) -> None:
            raise raised

        here = f"test_module.py, line {fail.__code__.co_firstlineno + 1}"
        for raised, code, text in [
            (ModuleError(HResult.ERROR_FILE_EXISTS, "7.cer exists"), "0x80070050", "7.cer exists"),
            (ModuleError(0, "odd"), "0x80004005", "odd"),
            (PermissionError("no"), "0x80070005", f"no ({here})"),
            (KeyError("RequestID"), "0x80004005", f"KeyError: 'RequestID' ({here})"),
        ]:
            failing = partial(fail, raised=raised)
            with self.subTest(text), Talk(Recorder(failing)) as talk:
                logging.disable(logging.CRITICAL)
                self.addCleanup(logging.disable, logging.NOTSET)
                talk.initialize()
                error = talk.ask(2, "notify", event(41))["error"]
                self.assertEqual((error["data"]["hresult"], error["message"]), (code, text))

    def test_the_place_of_a_failure_is_in_the_module_and_not_in_a_library(self) -> None:
        def fail(event: Event, server: Server) -> None:
            server.certificate.moment("NotAfter")
            json.loads("{")

        line = fail.__code__.co_firstlineno + 2
        with Talk(Recorder(fail)) as talk:
            logging.disable(logging.CRITICAL)
            self.addCleanup(logging.disable, logging.NOTSET)
            talk.initialize()
            message = talk.ask(2, "notify", event(41))["error"]["message"]
            self.assertIn("JSONDecodeError", message)
            self.assertTrue(message.endswith(f"(test_module.py, line {line})"), message)

    def test_log_records_go_to_the_server(self) -> None:
        sent: List[Tuple[str, object]] = []
        handler = ServerHandler(lambda method, params: sent.append((method, params)))
        logger = logging.Logger("a module")
        logger.addHandler(handler)
        logger.warning("disk %d%% full", 97)
        logger.info("x" * 10_000)
        self.assertEqual(sent[0], ("log", {"level": "warn", "message": "disk 97% full"}))
        params = sent[1][1]
        assert isinstance(params, dict)
        self.assertEqual(len(params["message"]), 4096)

    def test_threads_answer_as_they_are_ready(self) -> None:
        second_is_done = threading.Event()

        def wait(event: Event, server: Server) -> None:
            if event.id == 41:
                # Answered while a call of another event is made and answered.
                self.assertEqual(server.request_property("CallerName"), "alice")
                self.assertTrue(second_is_done.wait(PATIENCE_S))

        with Talk(Recorder(wait), threads=4) as talk:
            talk.initialize(window=2)
            talk.say({"id": 2, "method": "notify", "params": event(41, context=2)})
            call = talk.hear()
            talk.say({"id": 3, "method": "notify", "params": event(42, context=3)})
            self.assertEqual(talk.hear()["id"], 3)
            talk.say({"id": call["id"], "result": {"value": "alice"}})
            second_is_done.set()
            self.assertEqual(talk.hear()["id"], 2)

    def test_a_message_above_the_limit_is_not_sent(self) -> None:
        def flood(event: Event, server: Server) -> None:
            server.request_property("x" * 5000)

        with Talk(Recorder(flood)) as talk:
            talk.initialize(message_bytes_max=2048)
            self.assertEqual(talk.ask(2, "notify", event(41))["error"]["data"]["hresult"], "0x80094007")


class Database(Recorder):
    batch = 100


class Batches(unittest.TestCase):
    def batch(self, *numbers: int) -> dict[str, object]:
        return {"events": [event(number, context=number) for number in numbers]}

    def test_a_batch_is_taken_one_by_one_unless_the_module_knows_better(self) -> None:
        def fail(event: Event, server: Server) -> None:
            if event.id == 43:
                raise ModuleError(HResult.ERROR_FILE_EXISTS, "43 exists")

        module = Database(fail)
        with Talk(module) as talk:
            self.assertEqual(talk.initialize()["result"]["batch"], 100)
            self.assertEqual(talk.ask(2, "notify_batch", self.batch(41, 42))["result"], {"delivered": 2})
            result = talk.ask(3, "notify_batch", self.batch(42, 43, 44))["result"]
            self.assertEqual((result["delivered"], result["error"]["message"]), (1, "43 exists"))
        self.assertEqual(module.seen, [41, 42, 42])

    def test_a_module_may_say_how_far_it_got(self) -> None:
        class Half(Database):
            said = 1

            def notify_batch(self, events: Sequence[Tuple[Event, Server]]) -> None:
                raise Undelivered(self.said, "disk full")

        module = Half()
        with Talk(module) as talk:
            talk.initialize()
            result = talk.ask(2, "notify_batch", self.batch(41, 42))["result"]
            self.assertEqual((result["delivered"], result["error"]["message"]), (1, "disk full"))
            module.said = 2
            self.assertIn("error", talk.ask(3, "notify_batch", self.batch(41, 42)))


class Gate(PolicyModule):
    """Amends and decides."""

    def verify_request(self, request: PolicyServer, new: bool) -> Decision:
        name = request.request.text("CommonName")
        if not name:
            return Decision.deny("no name", HResult.BAD_REQUEST_SUBJECT)
        if not new:
            return Decision.pend("a person looks")
        request.set_certificate_property("CommonName", name + ".example.org")
        request.set_certificate_property("UPN", None)
        request.set_certificate_extension("2.5.29.15", b"\x03\x02\x07\x80", critical=True)
        return Decision.issue()


class PolicyModules(unittest.TestCase):
    def test_decisions(self) -> None:
        with Talk(Gate()) as talk:
            self.assertEqual(talk.initialize("policy")["result"], {"protocol": 1})
            question = {"context": 2, "new": True, "request": {"CommonName": "intranet"}}
            talk.say({"id": 2, "method": "verify_request", "params": question})
            sets = []
            for _ in range(3):
                call = talk.hear()
                sets.append((call["method"], call["params"].get("name"), call["params"]["value"]))
                talk.say({"id": call["id"], "result": {}})
            self.assertEqual(
                sets,
                [
                    ("server.set_certificate_property", "CommonName", "intranet.example.org"),
                    ("server.set_certificate_property", "UPN", None),
                    ("server.set_certificate_extension", None, {"base64": "AwIHgA=="}),
                ],
            )
            self.assertEqual(talk.hear()["result"], {"decision": "issue"})
            question = {**question, "new": False}
            pend = {"decision": "pend", "message": "a person looks"}
            self.assertEqual(talk.ask(3, "verify_request", question)["result"], pend)
            deny = {"decision": "deny", "message": "no name", "code": "0x80094001"}
            self.assertEqual(talk.ask(4, "verify_request", {"context": 4, "new": True})["result"], deny)

    def test_what_cannot_be_set_fails_the_call(self) -> None:
        with Talk(Gate()) as talk:
            talk.initialize("policy")
            question = {"context": 2, "new": True, "request": {"CommonName": "intranet"}}
            talk.say({"id": 2, "method": "verify_request", "params": question})
            call = talk.hear()
            error = {"code": -32000, "message": "too long", "data": {"hresult": "0x80070057"}}
            talk.say({"id": call["id"], "error": error})
            self.assertEqual(talk.hear()["error"]["data"]["hresult"], "0x80070057")

    def test_no_decision_is_an_error(self) -> None:
        class Silent(PolicyModule):
            def verify_request(self, request: PolicyServer, new: bool) -> Decision:
                return None  # type: ignore[return-value]

        with Talk(Silent()) as talk:
            talk.initialize("policy")
            self.assertIn("not a Decision", talk.ask(2, "verify_request", {"context": 2})["error"]["message"])


if __name__ == "__main__":
    unittest.main()
