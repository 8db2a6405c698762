"""python3 -m unittest"""

import unittest

from rules import Answer, Rules, alternative_names, element

SETTINGS = {"domains": "example.org, Example.NET", "wildcards": "pend", "days": "90"}


class Names(unittest.TestCase):
    def test_names_under_our_domains_are_issued(self) -> None:
        rules = Rules.of(SETTINGS)
        for name in ["example.org", "www.example.org", "A.B.EXAMPLE.NET", "www.example.org."]:
            self.assertEqual(rules.judge([name])[0], Answer.ISSUE, name)

    def test_others_are_denied(self) -> None:
        rules = Rules.of(SETTINGS)
        for name in ["example.com", "badexample.org", "example.org.evil", "192.0.2.1 ", "", "a b", "*", "*.*.example.org"]:
            self.assertEqual(rules.judge([name])[0], Answer.DENY, name)
        self.assertEqual(rules.judge([])[0], Answer.DENY)

    def test_the_most_restrictive_answer_wins(self) -> None:
        rules = Rules.of(SETTINGS)
        self.assertEqual(rules.judge(["www.example.org", "*.example.org"]), (Answer.PEND, "*.example.org is a wildcard"))
        self.assertEqual(rules.judge(["*.example.org", "www.example.com"])[0], Answer.DENY)

    def test_settings_are_checked(self) -> None:
        for settings in [{}, {"domains": ""}, {"domains": "a..b"}, {**SETTINGS, "wildcards": "maybe"},
                         {**SETTINGS, "days": "0"}, {**SETTINGS, "days": "soon"}, {**SETTINGS, "dais": "1"}]:
            with self.assertRaises(ValueError, msg=str(settings)):
                Rules.of(settings)


class Extension(unittest.TestCase):
    def test_machines_are_read(self) -> None:
        names = b"\x82\x05a.org\x81\x03x@y\x87\x04\xc0\x00\x02\x01"
        self.assertEqual(alternative_names(b"\x30" + bytes([len(names)]) + names), ["a.org", "address c0000201"])

    def test_what_is_no_der_is_refused(self) -> None:
        for der in [b"", b"\x30", b"\x30\x05\x82", b"\x31\x00", b"\x30\x00\x00", b"\x30\x80", b"\x30\x02\x82\x05",
                    b"\x30\x03\x82\x01\xff"]:
            with self.assertRaises(ValueError, msg=der.hex()):
                alternative_names(der)

    def test_long_lengths_are_read(self) -> None:
        self.assertEqual(element(b"\x04\x81\x80" + bytes(128) + b"x"), (4, bytes(128), b"x"))


if __name__ == "__main__":
    unittest.main()
