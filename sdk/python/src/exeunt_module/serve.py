"""The conversation with the server, from the first line to the last (protocol.md)."""

from __future__ import annotations

import json
import logging
import queue
import sys
import threading
import traceback
from concurrent.futures import Future
from typing import Any, BinaryIO, Callable, Dict, List, Optional, Tuple, Union

from .errors import HResult, ModuleError, Undelivered, as_module_error, from_wire, to_wire
from .logs import ServerHandler
from .module import Decision, Event, Events, ExitModule, PolicyModule, Setup
from .server import PolicyServer, Server

Json = Dict[str, Any]
Module = Union[ExitModule, PolicyModule]

#: The versions of the protocol that this package speaks.
PROTOCOL_MIN = 1
PROTOCOL_MAX = 1

#: The longest wait for a thread that is busy when the server has gone.
_FAREWELL_S = 2.0


def run(
    module: Module,
    *,
    threads: int = 1,
    log_level: int = logging.INFO,
    standard_input: Optional[BinaryIO] = None,
    standard_output: Optional[BinaryIO] = None,
) -> None:
    """Serves a module until the server says that it is enough.

    With `threads` above 1 and a `window` above 1 (the operator's setting), that many calls are handled at once; otherwise
    every call is made on one thread. Log records of the package `logging` from `log_level` on go into the server's log, and
    what is printed goes to standard error: standard output is the conversation's.
    """
    reader = standard_input or sys.stdin.buffer
    writer = standard_output or sys.stdout.buffer
    conversation = Conversation(module, reader, writer, max(1, threads))
    handler = ServerHandler(conversation.notify)
    root = logging.getLogger()
    before, level = sys.stdout, root.level
    root.addHandler(handler)
    root.setLevel(min(log_level, level) if level else log_level)
    handler.setLevel(log_level)
    sys.stdout = sys.stderr
    try:
        conversation.hold()
    finally:
        sys.stdout = before
        root.removeHandler(handler)
        root.setLevel(level)


class Conversation:
    """Reads what the server says on the calling thread, and handles its calls on others."""

    def __init__(self, module: Module, reader: BinaryIO, writer: BinaryIO, threads: int) -> None:
        self._module = module
        self._role = "policy" if isinstance(module, PolicyModule) else "exit"
        self._reader = reader
        self._writer = writer
        self._threads = threads
        self._writing = threading.Lock()
        self._open: Dict[int, Future[Json]] = {}
        self._last_id = 0
        self._ended = False
        self._broken = False
        self._others_gone = threading.Event()
        self._message_bytes_max: Optional[int] = None
        self._calls: queue.SimpleQueue[Optional[Json]] = queue.SimpleQueue()
        self._workers: List[threading.Thread] = []
        self._methods: Dict[str, Callable[[Json], Any]] = {
            "initialize": self._initialize,
            "describe": lambda _: {"description": self._module.description},
            "ping": lambda _: {},
        }
        if isinstance(module, ExitModule):
            self._methods["notify"] = self._notify
            self._methods["notify_batch"] = self._notify_batch
        else:
            self._methods["verify_request"] = self._verify_request

    def hold(self) -> None:
        """Returns when the server has said `shutdown` or closed our standard input."""
        self._employ(1)
        try:
            for line in iter(self._reader.readline, b""):
                if not line.strip():
                    continue
                message = json.loads(line)
                if "method" not in message:
                    self._answered(message)
                elif message["method"] == "shutdown" and "id" not in message:
                    break
                elif "id" in message:
                    self._calls.put(message)
                # Another notification is one of a later version: nobody waits for an answer.
        finally:
            self._end()

    def call(self, method: str, params: Json) -> Json:
        """Asks the server and waits for the answer."""
        answer: Future[Json] = Future()
        with self._writing:
            if self._ended:
                raise ModuleError(HResult.ERROR_INVALID_HANDLE, "the server has gone")
            self._last_id += 1
            number = self._last_id
            self._open[number] = answer
        try:
            self._send({"id": number, "method": method, "params": params})
            message = answer.result()
        finally:
            with self._writing:
                self._open.pop(number, None)
        if "error" in message:
            raise from_wire(message["error"])
        result = message.get("result")
        return result if isinstance(result, dict) else {}

    def notify(self, method: str, params: Json) -> None:
        """Tells the server; nobody answers."""
        self._send({"method": method, "params": params})

    def _employ(self, count: int) -> None:
        while len(self._workers) < count:
            first = not self._workers
            worker = threading.Thread(
                target=self._work, args=(first,), name=f"module-{len(self._workers)}", daemon=True
            )
            self._workers.append(worker)
            worker.start()

    def _work(self, first: bool) -> None:
        for message in iter(self._calls.get, None):
            self._handle(message)
        if first:
            # The module is let go on the thread that initialised it: some libraries want that.
            self._others_gone.wait(_FAREWELL_S)
            self._module.shut_down()

    def _end(self) -> None:
        with self._writing:
            self._ended = True
            waiting = list(self._open.values())
        for answer in waiting:
            answer.set_exception(ModuleError(HResult.ERROR_INVALID_HANDLE, "the server has gone"))
        for _ in self._workers:
            self._calls.put(None)
        for worker in self._workers[1:]:
            worker.join(_FAREWELL_S)
        self._others_gone.set()
        self._workers[0].join(_FAREWELL_S)

    def _answered(self, message: Json) -> None:
        with self._writing:
            answer = self._open.pop(message.get("id", 0), None)
        if answer is not None:
            answer.set_result(message)

    def _handle(self, message: Json) -> None:
        method = self._methods.get(message["method"])
        answer: Json
        if method is None:
            error = {"code": -32601, "message": f"there is no method `{message['method']}`"}
            answer = {"error": error}
        else:
            try:
                answer = {"result": method(message.get("params") or {})}
            except ModuleError as failure:
                answer = {"error": to_wire(failure)}
            except Exception as failure:
                logging.getLogger("exeunt_module").error(
                    "%s failed:\n%s", message["method"], traceback.format_exc().rstrip()
                )
                answer = {"error": to_wire(as_module_error(failure))}
        self._send({"id": message["id"], **answer})

    def _send(self, message: Json) -> None:
        """One line and a flush; a whole message at a time, whatever other threads do."""
        line = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        limit = self._message_bytes_max
        if limit is not None and len(line) >= limit:
            raise ModuleError(HResult.ENCODING_LENGTH, f"a message of {len(line)} bytes; the server takes {limit}")
        with self._writing:
            if self._broken:
                return
            try:
                self._writer.write(line + b"\n")
                self._writer.flush()
            except (BrokenPipeError, ValueError):
                # The server closed our output: it closes our input too, and that ends us.
                self._broken = True

    def _initialize(self, params: Json) -> Json:
        spoken = params.get("protocol") or {}
        version = min(PROTOCOL_MAX, int(spoken.get("max", 0)))
        if version < max(PROTOCOL_MIN, int(spoken.get("min", 1))):
            text = f"the module speaks protocol {PROTOCOL_MIN} to {PROTOCOL_MAX}, the server {spoken}"
            raise ModuleError(HResult.E_INVALIDARG, text)
        if params.get("role") != self._role:
            article = "an" if self._role == "exit" else "a"
            raise ModuleError(HResult.E_INVALIDARG, f"this is {article} {self._role} module")
        limits = params.get("limits") or {}
        self._message_bytes_max = limits.get("message_bytes_max")
        setup = Setup(
            module=str(params.get("module", "")),
            ca=str(params.get("ca", "")),
            settings=dict(params.get("settings") or {}),
            role=self._role,
            timeout_ms=int(limits.get("timeout_ms", 30000)),
            window=int(limits.get("window", 1)),
            server_version=str((params.get("server") or {}).get("version", "")),
        )
        server = Server(self, params)
        try:
            self._module.initialize(setup, server)
        finally:
            server.close()
        self._employ(min(self._threads, setup.window))
        result: Json = {"protocol": version}
        if self._module.description:
            result["description"] = self._module.description
        about = dict(self._module.about())
        if about:
            result["about"] = about
        if isinstance(self._module, ExitModule):
            result["events"] = _events(self._module.events)
            if self._module.batch > 1:
                result["batch"] = self._module.batch
        return result

    def _notify(self, params: Json) -> Json:
        assert isinstance(self._module, ExitModule)
        server = Server(self, params)
        try:
            self._module.notify(Event.from_json(params["event"]), server)
        finally:
            server.close()
        return {}

    def _notify_batch(self, params: Json) -> Json:
        assert isinstance(self._module, ExitModule)
        events: List[Tuple[Event, Server]] = [
            (Event.from_json(one["event"]), Server(self, one)) for one in params["events"]
        ]
        try:
            self._module.notify_batch(events)
        except Undelivered as undelivered:
            if not 0 <= undelivered.delivered < len(events):
                text = f"{undelivered.delivered} of {len(events)} events cannot be what is delivered of a failed batch"
                raise ModuleError(HResult.E_UNEXPECTED, text) from undelivered
            return {"delivered": undelivered.delivered, "error": to_wire(undelivered.error)}
        finally:
            for _, server in events:
                server.close()
        return {"delivered": len(events)}

    def _verify_request(self, params: Json) -> Json:
        assert isinstance(self._module, PolicyModule)
        server = PolicyServer(self, params)
        try:
            decision = self._module.verify_request(server, bool(params.get("new", True)))
        finally:
            server.close()
        if not isinstance(decision, Decision):
            raise ModuleError(HResult.E_UNEXPECTED, f"verify_request returned {decision!r}, not a Decision")
        return decision.to_json()


def _events(events: Events) -> Union[int, str, List[str]]:
    if isinstance(events, (int, str)):
        return events
    return [str(event) for event in events]
