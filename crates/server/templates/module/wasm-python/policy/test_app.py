"""Asks the component as the server does, but as plain Python: what it would read of the request is given here."""

import sys
import unittest
from pathlib import Path
from unittest import mock

BINDINGS = Path(__file__).with_name("bindings")
if not BINDINGS.is_dir():
    sys.exit("no bindings: componentize-py --wit-path wit --world exeunt:modules/policy bindings bindings")
sys.path.insert(0, str(BINDINGS))

import app  # noqa: E402
from componentize_py_types import Err  # noqa: E402
from wit_world.imports import server  # noqa: E402
from wit_world.imports.types import (  # noqa: E402
    Decision_Deny, Decision_Issue, Extension, Installation, ModuleError, Value_String,
)

EMPTY = Err(ModuleError(0x80094004, "there is no value"))


def dns(*names):
    """A subject alternative name extension with these DNS names (RFC 5280 4.2.1.6)."""
    inner = b"".join(b"\x82" + bytes([len(name)]) + name.encode() for name in names)
    return Extension("2.5.29.17", 0, b"\x30" + bytes([len(inner)]) + inner)


def decided(common_name=EMPTY, names=EMPTY):
    """What is decided on a request with this common name and this extension."""
    if isinstance(common_name, str):
        common_name = Value_String(common_name)
    with (
        mock.patch.object(server, "request_property", side_effect=[common_name]),
        mock.patch.object(server, "certificate_extension", side_effect=[names]),
    ):
        return app.PolicyModule().verify_request(True)


class TestApp(unittest.TestCase):
    def setUp(self):
        app.settings.clear()
        app.PolicyModule().initialize(Installation("@name@", "Example CA", [("domain", "example.com")]))

    def test_names_inside_the_domain_are_issued(self):
        self.assertEqual(decided("www.example.com"), Decision_Issue())
        self.assertEqual(decided(names=dns("www.example.com", "example.com")), Decision_Issue())

    def test_one_name_outside_is_enough_to_deny(self):
        self.assertIsInstance(decided("www.example.net"), Decision_Deny)
        denied = decided("www.example.com", dns("www.example.com", "www.example.net"))
        self.assertIn("www.example.net", denied.value.message)

    def test_names_that_cannot_be_judged_are_denied(self):
        # An IP address; no extension at all and no common name.
        address = Extension("2.5.29.17", 0, b"\x30\x06\x87\x04\x01\x02\x03\x04")
        self.assertIsInstance(decided("www.example.com", address), Decision_Deny)
        self.assertIsInstance(decided(), Decision_Deny)

    def test_a_request_that_cannot_be_read_is_never_issued(self):
        with self.assertRaises(Err):
            decided(common_name=Err(ModuleError(0x80004005, "the server cannot answer")))


if __name__ == "__main__":
    unittest.main()
