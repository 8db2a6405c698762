"""The server for a module's own tests does what the real one does, as far as it goes."""

from __future__ import annotations

import unittest
from datetime import datetime, timedelta, timezone

from exeunt_module import AlternativeName, Decision, Extension, HResult, ModuleError, PolicyModule, PolicyServer, Value
from exeunt_module.testing import FakeServer, cloud_event, event, setup

COMMENT = "2.16.840.1.113730.1.13"


class Inside(PolicyModule):
    """Looks at every name, and marks what it lets through."""

    def verify_request(self, request: PolicyServer, new: bool) -> Decision:
        for name in request.alternative_names():
            if not name.value.endswith(".example.org"):
                return Decision.deny(f"{name} is not inside", HResult.BAD_REQUEST_SUBJECT)
        request.set_certificate_property("OrgUnit", "Servers")
        request.set_certificate_extension(COMMENT, "inside", kind="string")
        return Decision.issue()


class Fake(unittest.TestCase):
    def test_a_policy_module_is_asked_and_what_it_sets_is_kept(self) -> None:
        server = FakeServer(alternative_names=["dns:www.example.org"])
        self.assertEqual(Inside().verify_request(server, True), Decision.issue())
        self.assertEqual(server.properties_set, {"OrgUnit": "Servers"})
        comment = server.extensions_set[COMMENT]
        assert comment is not None
        self.assertEqual((comment.value, comment.enabled, comment.origin), (b"\x16\x06inside", True, "policy"))
        denied = Inside().verify_request(FakeServer(alternative_names=["dns:www.example.net"]), True)
        self.assertEqual(denied.message, "dns:www.example.net is not inside")

    def test_what_was_set_is_what_is_read(self) -> None:
        server = FakeServer(certificate={"CommonName": "old", "UPN": "a@b"}, alternative_names=["dns:old"])
        self.assertEqual(server.certificate_property("commonname"), "old")
        server.set_certificate_property("CommonName", "new")
        server.set_certificate_property("UPN", None)
        self.assertEqual(server.certificate_property("commonname"), "new")
        with self.assertRaises(ModuleError) as caught:
            server.certificate_property("UPN")
        self.assertTrue(caught.exception.is_empty)
        server.set_alternative_names([AlternativeName("dns", "new")], critical=True)
        self.assertEqual([str(name) for name in server.alternative_names()], ["dns:new"])
        self.assertTrue(server.certificate_extension("2.5.29.17").critical)
        server.delete_certificate_extension("2.5.29.17")
        self.assertEqual((server.alternative_names(), server.extension_oids()), ([], []))

    def test_names_of_a_disabled_extension_are_asked_for_but_not_in_the_certificate(self) -> None:
        value = b"\x30\x03\x82\x01a"
        server = FakeServer(extensions=[Extension("2.5.29.17", 2, False, False, "request", value)])
        self.assertEqual([str(name) for name in server.alternative_names()], ["dns:a"])
        self.assertEqual(super(PolicyServer, server).alternative_names(), [])

    def test_it_reads_what_it_was_given(self) -> None:
        moment = datetime(2025, 6, 1, 12, tzinfo=timezone.utc)
        server = FakeServer(
            request={"RequestID": 7, "SubmittedWhen": moment},
            ca={"CAType": 3},
            attributes={"CertificateTemplate": "web"},
        )
        self.assertEqual(server.request_property("SubmittedWhen"), moment)
        self.assertEqual(server.certificate_property("RequestID"), 7)
        self.assertEqual(server.certificate_property("CAType"), 3)
        self.assertEqual(server.request_attribute("certificate template"), "web")
        self.assertEqual(server.attribute_names(), ["CertificateTemplate"])
        for empty in (server.request_property, server.certificate_property, server.request_attribute):
            with self.subTest(empty.__name__), self.assertRaises(ModuleError) as caught:
                empty("UPN")
            self.assertTrue(caught.exception.is_empty)

    def test_typed_extensions(self) -> None:
        server = FakeServer()
        moments = (datetime(2049, 1, 2, 3, 4, 5, tzinfo=timezone.utc), datetime(2051, 1, 2, tzinfo=timezone.utc))
        typed: "list[tuple[Value, str]]" = [(5, "long"), (-129, "long"), ("text", "string"), *((one, "date") for one in moments)]
        for value, kind in typed:
            server.set_certificate_extension("1.2.3", value, kind=kind)
            self.assertEqual(server.certificate_extension("1.2.3", kind).typed, value)
        with self.assertRaises(ModuleError) as caught:
            server.certificate_extension("1.2.3", "long")
        self.assertEqual(caught.exception.hresult, HResult.ERROR_INVALID_DATA)
        with self.assertRaises(ModuleError):
            server.set_certificate_extension("1.2.3", "ä", kind="string")

    def test_setup_and_events(self) -> None:
        given = setup(days="3", wait="90s", strict="true", wrong="maybe")
        self.assertEqual((given.number("days"), given.flag("strict"), given.flag("loud", False)), (3, True, False))
        self.assertEqual((given.duration("wait"), given.duration("rest", timedelta(1))), (timedelta(0, 90), timedelta(1)))
        for read in (given.flag, given.duration, given.number):
            with self.subTest(read.__name__), self.assertRaises(ModuleError):
                read("wrong")
        with self.assertRaises(ModuleError):
            setup(wait="999999999999d").duration("wait")
        self.assertEqual((event().bit, event("crl-issued").request_id, event(id=9).id), (1, None, 9))

    def test_what_an_endpoint_is_sent(self) -> None:
        moment = datetime(2025, 6, 1, 12, tzinfo=timezone.utc)
        told = cloud_event(
            id=41, attempt=2, request_id=7, certificate={"NotAfter": moment}, alternative_names=["dns:www.example.org"]
        )
        self.assertEqual((told.id, told.name, told.subject, told.time), ("41", "cert-issued", "7", moment))
        self.assertEqual(told.event, event(id=41, attempt=2, request_id=7))
        self.assertEqual((told.certificate.moment("notafter"), told.request.get("RequestID")), (moment, None))
        self.assertEqual([str(name) for name in told.alternative_names()], ["dns:www.example.org"])
        self.assertIsNone(cloud_event("crl-issued", ca={"CAType": 3}).subject)
        self.assertEqual(cloud_event("crl-issued", ca={"CAType": 3}).ca.number("CAType"), 3)

        disabled = Extension("2.5.29.17", 2, False, False, "request", b"\x30\x03\x82\x01a")
        asked = cloud_event("verify-request", request={"CommonName": "a"}, attributes={"A": "b"}, extensions=[disabled])
        self.assertEqual((asked.request.text("CommonName"), asked.attributes), ("a", {"A": "b"}))
        self.assertEqual((asked.extensions, [str(name) for name in asked.alternative_names()]), ([disabled], ["dns:a"]))
        self.assertEqual(cloud_event(extensions=[disabled]).alternative_names(), [])
        with self.assertRaises(LookupError):
            asked.event


if __name__ == "__main__":
    unittest.main()
