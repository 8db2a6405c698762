"""Alternative names, read and written."""

from __future__ import annotations

import random
import unittest

from exeunt_module import AlternativeName, HResult, ModuleError, der
from exeunt_module.names import read_names, write_names


def hexed(text: str) -> bytes:
    return bytes.fromhex(text)


class Names(unittest.TestCase):
    def test_every_kind_is_read(self) -> None:
        upn = "a0 12 06 0a 2b 06 01 04 01 82 37 14 02 03 a0 04 0c 02 c3 a4"
        for encoded, text in [
            ("82 03 61 2e 62", "dns:a.b"),
            ("81 03 61 40 62", "email:a@b"),
            ("86 05 75 72 6e 3a 61", "uri:urn:a"),
            ("87 04 c0 00 02 07", "ip:192.0.2.7"),
            ("87 10 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01", "ip:2001:db8::1"),
            ("88 03 2a 03 04", "rid:1.2.3.4"),
            ("88 14 69 83" + "ff" * 17 + "7f", f"rid:2.25.{2**128 - 1}"),
            ("a4 02 30 00", "dn:3000"),
            (upn, "upn:ä"),
            ("a0 07 06 02 2a 03 a0 01 05", None),
            ("a0 08 06 02 2a 03 a0 02 05 00", "other:1.2.3;0500"),
            ("a5 00", "opaque:a500"),
        ]:
            with self.subTest(encoded):
                value = der.element(der.SEQUENCE, hexed(encoded))
                if text is None:
                    with self.assertRaises(ModuleError):
                        read_names(value)
                else:
                    self.assertEqual([str(name) for name in read_names(value)], [text])

    def test_what_is_written_is_read_again(self) -> None:
        names = [
            AlternativeName.parse(text)
            for text in ("dns:" + "a" * 200 + ".example", "ip:::1", "upn:ä@example.org", "email:a@b", "uri:urn:x")
        ]
        self.assertEqual(read_names(write_names(names)), names)

    def test_what_cannot_be_read_is_never_taken_for_no_names(self) -> None:
        for encoded in (
            "",
            "30",
            "31 00",
            "30 00 00",
            "30 05 82 03 61",
            "30 03 82 01 e4",
            "30 80 00 00",
            "30 81 02 82 00",
            "30 84 00 00 00 02 82 00",
            "30 05 87 03 01 02 03",
            "30 03 9f 01 00",
            "30 02 8b 00",
            "30 04 88 02 80 01",
            "30 16 88 14 69 84" + "80" * 17 + "00",
            "30 82 10 04 88 82 10 00" + "ff" * 0xFFF + "7f",
            "30 04 88 02 2a 83",
            "30 02 a0 00",
        ):
            with self.subTest(encoded), self.assertRaises(ModuleError) as caught:
                read_names(hexed(encoded))
            self.assertEqual(caught.exception.hresult, HResult.ERROR_INVALID_DATA)

    def test_damaged_names_are_read_or_refused_and_nothing_else(self) -> None:
        chance = random.Random(2025)
        whole = write_names(AlternativeName.parse(text) for text in ("dns:a.b", "ip:::1", "upn:ä@x", "email:a@b"))
        for _ in range(5_000):
            damaged = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            try:
                read_names(bytes(damaged[: chance.randint(0, len(damaged))]))
            except ModuleError as error:
                self.assertEqual(error.hresult, HResult.ERROR_INVALID_DATA)

    def test_what_cannot_be_written_is_refused(self) -> None:
        for name in (
            AlternativeName("dns", ""),
            AlternativeName("dns", "ä.example"),
            AlternativeName("ip", "1.2.3"),
            AlternativeName("upn", ""),
            AlternativeName("dn", "3000"),
        ):
            with self.subTest(str(name)), self.assertRaises(ModuleError):
                write_names([name])
        for text in ("www.example.org", "dns:"):
            with self.assertRaises(ModuleError):
                AlternativeName.parse(text)
        with self.assertRaises(ModuleError):
            write_names([])

    def test_object_identifiers(self) -> None:
        for dotted, encoded in [("2.5.29.17", "06 03 55 1d 11"), ("1.3.6.1.4.1.311.20.2.3", "06 0a 2b 06 01 04 01 82 37 14 02 03"), ("2.999.1", "06 03 88 37 01")]:
            self.assertEqual(der.oid(dotted), hexed(encoded))
            self.assertEqual(der.read_oid(hexed(encoded)[2:]), dotted)
        for wrong in ("", "1", "1.a", "3.1", "1.40", "1.2.-3"):
            with self.subTest(wrong), self.assertRaises(ModuleError):
                der.oid(wrong)


if __name__ == "__main__":
    unittest.main()
