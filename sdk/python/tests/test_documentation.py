"""The examples in the pages about this package are programs."""

from __future__ import annotations

import re
import unittest
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

from exeunt_module import Decision, ExitModule, PolicyModule
from exeunt_module.testing import FakeServer

ROOT = Path(__file__).parents[3]
PAGES = ("sdk/python/README.md", "docs/modules/python.md")
# Theirs are parts of programs, which other tests run.
PARTS = ("docs/modules/first-module.md", "docs/modules/wasm.md", "docs/modules/webhook.md")


def examples(pages: Tuple[str, ...] = PAGES) -> Iterator[Tuple[str, str]]:
    for page in pages:
        text = (ROOT / page).read_text(encoding="utf-8")
        for block in re.findall(r"```python[^\n]*\n(.*?)```", text, re.DOTALL):
            yield page, block


class Documentation(unittest.TestCase):
    def test_every_example_is_python(self) -> None:
        count = 0
        for page, block in examples(PAGES + PARTS):
            with self.subTest(page=page, block=block):
                compile(block, page, "exec")
            count += 1
        self.assertGreater(count, 12)

    def test_every_whole_module_can_be_loaded(self) -> None:
        modules = 0
        for page, block in examples():
            if "run(" in block:
                names: Dict[str, Any] = {"__name__": "example"}
                exec(compile(block, page, "exec"), names)
                made = [one for one in names.values() if isinstance(one, type) and one.__module__ == "example"]
                for module in made:
                    self.assertTrue(issubclass(module, (ExitModule, PolicyModule)))
                    module()
                    modules += 1
        self.assertEqual(modules, 4)

    def test_the_policy_module_lets_no_name_pass(self) -> None:
        names: Dict[str, Any] = {"__name__": "example"}
        for page, block in examples():
            if "class Inside" in block:
                exec(compile(block, page, "exec"), names)
        inside = names["Inside"]()
        well = FakeServer(request={"CommonName": "a.example.org"}, alternative_names=["dns:a.example.org"])
        self.assertEqual(inside.verify_request(well, True), Decision.issue())
        for request, others in (
            ({"CommonName": "www.example.net"}, []),
            ({"CommonName": "www.example.net\na.example.org"}, ["dns:a.example.org"]),
            ({"CommonName": "a.example.org"}, ["dns:a.example.org", "dns:www.example.net"]),
            ({"CommonName": "a.example.org"}, ["uri:https://example.net/?.example.org"]),
            ({}, []),
        ):
            server = FakeServer(request=request, alternative_names=others)
            self.assertEqual(inside.verify_request(server, True).decision, "deny", f"{request} {others}")


if __name__ == "__main__":
    unittest.main()
