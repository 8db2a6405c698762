"""Values, and their forms in JSON."""

from __future__ import annotations

import re
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from exeunt_module import ModuleError, Row
from exeunt_module.values import DATES, Value, format_moment, from_json, parse_moment, to_json

PROPERTIES = Path(__file__).parents[3] / "docs/modules/properties.md"


class Values(unittest.TestCase):
    def test_each_type_has_one_form(self) -> None:
        moment = datetime(2025, 6, 1, 12, 0, 0, 500000, tzinfo=timezone.utc)
        cases: list[tuple[Value, Any, str]] = [
            (-1, -1, "long"),
            (moment, "2025-06-01T12:00:00.5Z", "date"),
            ("Ünï\n", "Ünï\n", "string"),
            (b"\x00\xff\x10", {"base64": "AP8Q"}, "binary"),
            (b"", {"base64": ""}, "binary"),
        ]
        for value, json, kind in cases:
            self.assertEqual(to_json(value), json)
            self.assertEqual(from_json(json, "", kind), value)

    def test_other_forms_are_refused(self) -> None:
        unfit: list[Any] = [None, True, 1.5, [], {}, {"base64": 1}, {"base64": "AP8"}, {"base64": "A P 8 Q"}]
        for json in unfit:
            with self.subTest(json=json), self.assertRaises(ModuleError):
                from_json(json)
        with self.assertRaises(ModuleError):
            to_json(True)
        with self.assertRaises(ModuleError):
            to_json(datetime(2025, 6, 1))

    def test_moments(self) -> None:
        noon = datetime(2025, 6, 1, 12, tzinfo=timezone.utc)
        for text in ("2025-06-01T12:00:00Z", "2025-06-01T14:00:00+02:00", "2025-06-01t08:30:00.000-03:30"):
            self.assertEqual(parse_moment(text), noon, text)
        self.assertEqual(parse_moment("2025-06-01T12:00:00.123456789Z").microsecond, 123456)
        self.assertEqual(format_moment(noon.astimezone(timezone(timedelta(hours=2)))), "2025-06-01T12:00:00Z")
        for text in ("", "yesterday", "2025-06-01", "2025-06-01T12:00:00", "2025-13-01T00:00:00Z"):
            with self.subTest(text), self.assertRaises(ModuleError):
                parse_moment(text)

    def test_the_dates_are_those_of_the_documentation(self) -> None:
        page = PROPERTIES.read_text(encoding="utf-8")
        self.assertEqual(DATES, {name.lower() for name in re.findall(r"^\| `(\w+)` \| date \|", page, re.MULTILINE)})

    def test_a_row_is_read_without_regard_to_case(self) -> None:
        row = Row({"NotAfter": "2025-06-01T12:00:00Z", "RequestID": 7})
        self.assertEqual((row["requestid"], row.number("REQUESTID"), len(row), list(row)), (7, 7, 2, ["NotAfter", "RequestID"]))
        self.assertEqual(row.moment("notafter"), datetime(2025, 6, 1, 12, tzinfo=timezone.utc))
        self.assertIsNone(row.moment("NotBefore"))
        with self.assertRaises(KeyError):
            row["CommonName"]
        with self.assertRaises(ModuleError):
            row.binary("RequestID")


if __name__ == "__main__":
    unittest.main()
