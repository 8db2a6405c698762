"""The conversations of docs/modules/protocol.md, held by this package."""

from __future__ import annotations

import json
import re
import unittest
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple, Union

from exeunt_module import (
    Decision,
    Event,
    ExitModule,
    ModuleError,
    PolicyModule,
    PolicyServer,
    Server,
    Setup,
    Undelivered,
)

from .conversation import Talk

Json = Dict[str, Any]
PROTOCOL = Path(__file__).parents[3] / "docs/modules/protocol.md"


def transcript(name: str) -> List[Tuple[str, Json]]:
    """Who speaks, and what."""
    page = PROTOCOL.read_text(encoding="utf-8")
    block = re.search(rf"```transcript {name}\n(.*?)```", page, re.DOTALL)
    assert block, f"the page has no transcript `{name}`"
    lines = (line for line in block[1].splitlines() if line[:1] in "→←")
    return [(line[0], json.loads(line[1:])) for line in lines]


class Part:
    """What the module says, line by line, as the document has it. Call-backs go through the package's own view."""

    def __init__(self, lines: Sequence[Tuple[str, Json]]) -> None:
        self._said = iter([message for arrow, message in lines if arrow == "←" and message.get("method") != "log"])
        self.views: Dict[int, Server] = {}

    def play(self, views: Mapping[int, Server]) -> Json:
        """Makes the call-backs up to the next answer, and returns that."""
        self.views.update(views)
        for message in self._said:
            if "method" not in message:
                return message
            params = dict(message["params"])
            try:
                self.views[params.pop("context")]._ask(message["method"], **params)
            except ModuleError:
                # The document goes on after a call-back that fails, and so does the module.
                pass
        raise AssertionError("the document has no more answers")


class Exit(ExitModule):
    def __init__(self, part: Part) -> None:
        self._part = part

    def initialize(self, setup: Setup, server: Server) -> None:
        result = self._part.play({0: server})["result"]
        self.events, self.description = result["events"], result["description"]
        self.batch, self._about = result.get("batch", 1), result.get("about", {})

    def about(self) -> Mapping[str, str]:
        return dict(self._about)

    def notify(self, event: Event, server: Server) -> None:
        _raise(self._part.play({server._context: server}).get("error"))

    def notify_batch(self, events: Sequence[Tuple[Event, Server]]) -> None:
        result = self._part.play({server._context: server for _, server in events})["result"]
        try:
            _raise(result.get("error"))
        except ModuleError as error:
            raise Undelivered(result["delivered"], error) from error


class Policy(PolicyModule):
    def __init__(self, part: Part) -> None:
        self._part = part

    def initialize(self, setup: Setup, server: Server) -> None:
        self.description = self._part.play({0: server})["result"]["description"]

    def verify_request(self, request: PolicyServer, new: bool) -> Decision:
        result = self._part.play({request._context: request})["result"]
        code = result.get("code")
        return Decision(result["decision"], result.get("message", ""), int(code, 16) if code else None)


def _raise(error: Any) -> None:
    if error is not None:
        raise ModuleError(int(error["data"]["hresult"], 16), error["message"])


def comparable(message: Json) -> Json:
    """What must be equal: not the module's own ids, and of a decision not what this package sets by call-back."""
    if "method" in message:
        return {"method": message["method"], "params": message["params"]}
    result = message.get("result")
    if isinstance(result, dict):
        result = {name: value for name, value in result.items() if not name.startswith("set_")}
    return {"id": message["id"], "result": result or {}, "error": message.get("error")}


class Transcripts(unittest.TestCase):
    def hold(self, name: str, module: type[Union[Exit, Policy]]) -> None:
        lines = transcript(name)
        ids: Dict[Any, Any] = {}
        with Talk(module(Part(lines))) as talk:
            for arrow, message in _without_stale(lines):
                if arrow == "→":
                    if "method" not in message:
                        message = {**message, "id": ids[message["id"]]}
                    talk.say({name: value for name, value in message.items() if name != "jsonrpc"})
                elif message.get("method") != "log":
                    heard = talk.hear()
                    if "method" in message:
                        ids[message["id"]] = heard["id"]
                    self.assertEqual(comparable(heard), comparable(message))

    def test_an_exit_module(self) -> None:
        self.hold("exit", Exit)

    def test_batches(self) -> None:
        self.hold("batch", Exit)

    def test_a_policy_module(self) -> None:
        self.hold("policy", Policy)


def _without_stale(lines: Sequence[Tuple[str, Json]]) -> Iterator[Tuple[str, Json]]:
    """Leaves out call-backs into contexts that have ended, and their answers: the package refuses those itself."""
    ended: set[int] = set()
    opened: Dict[int, List[int]] = {}
    stale: set[Any] = set()
    for arrow, message in lines:
        if arrow == "→" and "method" in message and "id" in message:
            params = message["params"]
            opened[message["id"]] = [one["context"] for one in params.get("events", [params])]
        elif arrow == "→" and "method" not in message and message["id"] in stale:
            stale.discard(message["id"])
            continue
        elif arrow == "←" and "method" not in message:
            ended.update(context for context in opened.get(message["id"], []) if context)
        elif arrow == "←" and message["params"].get("context") in ended:
            stale.add(message["id"])
            continue
        yield arrow, message


if __name__ == "__main__":
    unittest.main()
