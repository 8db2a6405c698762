"""The examples in the pages about this package are programs."""

from __future__ import annotations

import re
import unittest
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

from exeunt_module import ExitModule, PolicyModule

ROOT = Path(__file__).parents[3]
PAGES = ("sdk/python/README.md", "docs/modules/python.md")


def examples() -> Iterator[Tuple[str, str]]:
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            yield page, block


class Documentation(unittest.TestCase):
    def test_every_example_is_python(self) -> None:
        count = 0
        for page, block in examples():
            with self.subTest(page=page, block=block):
                compile(block, page, "exec")
            count += 1
        self.assertGreater(count, 6)

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


if __name__ == "__main__":
    unittest.main()
