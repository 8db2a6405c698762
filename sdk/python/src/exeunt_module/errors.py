"""Status codes of the contract, and the exceptions that carry them."""

from __future__ import annotations

import os
import sysconfig
import traceback
from enum import IntEnum
from typing import Any, Union


class HResult(IntEnum):
    """Codes that modules give and meet; any other 32-bit number with the top bit set is a code too."""

    E_NOTIMPL = 0x80004001
    E_FAIL = 0x80004005
    E_UNEXPECTED = 0x8000FFFF
    E_ACCESSDENIED = 0x80070005
    E_INVALIDARG = 0x80070057
    ERROR_FILE_NOT_FOUND = 0x80070002
    ERROR_INVALID_HANDLE = 0x80070006
    ERROR_INVALID_DATA = 0x8007000D
    ERROR_FILE_EXISTS = 0x80070050
    ERROR_TIMEOUT = 0x800705B4
    ERROR_REQUEST_REFUSED = 0x800710E0  # of an exit module: not to be tried again, the event is parked at once
    PROPERTY_EMPTY = 0x80094004  # CERTSRV_E_PROPERTY_EMPTY
    BAD_REQUEST_SUBJECT = 0x80094001  # CERTSRV_E_BAD_REQUESTSUBJECT
    ENCODING_LENGTH = 0x80094007  # CERTSRV_E_ENCODING_LENGTH
    TEMPLATE_DENIED = 0x80094012  # CERTSRV_E_TEMPLATE_DENIED
    UNSUPPORTED_CERT_TYPE = 0x80094800  # CERTSRV_E_UNSUPPORTED_CERT_TYPE
    KEY_LENGTH = 0x80094811  # CERTSRV_E_KEY_LENGTH


class ModuleError(Exception):
    """A call that failed: a code for programs and a text for people.

    Raised by the server view where the server cannot answer, and by a module that cannot do what it was asked.
    """

    def __init__(self, hresult: int, message: str) -> None:
        super().__init__(message)
        code = hresult & 0xFFFFFFFF
        # Only a failure is an error.
        self.hresult: int = code if code & 0x80000000 else int(HResult.E_FAIL)
        self.message: str = message

    def __str__(self) -> str:
        return f"{self.message} (0x{self.hresult:08x})"

    @property
    def is_empty(self) -> bool:
        """Whether a name is known and has no value."""
        return self.hresult == HResult.PROPERTY_EMPTY


class Undelivered(Exception):
    """Raised by `notify_batch` that did not get to the end: the first `delivered` events are done, the next failed."""

    def __init__(self, delivered: int, cause: Union[BaseException, str]) -> None:
        super().__init__(f"event {delivered} of the batch failed: {cause}")
        self.delivered = delivered
        self.error: ModuleError = as_module_error(cause) if isinstance(cause, BaseException) else ModuleError(
            HResult.E_FAIL, cause
        )


def as_module_error(error: BaseException) -> ModuleError:
    """Any exception as one of the contract; one that is not gets `E_FAIL`. Its text says where in the module it was raised."""
    if isinstance(error, ModuleError):
        return error
    if isinstance(error, FileNotFoundError):
        code, text = HResult.ERROR_FILE_NOT_FOUND, str(error)
    elif isinstance(error, PermissionError):
        code, text = HResult.E_ACCESSDENIED, str(error)
    elif isinstance(error, FileExistsError):
        code, text = HResult.ERROR_FILE_EXISTS, str(error)
    elif isinstance(error, NotImplementedError):
        code, text = HResult.E_NOTIMPL, str(error) or "not implemented"
    else:
        code, text = HResult.E_FAIL, f"{type(error).__name__}: {error}"
    return ModuleError(code, text + _place(error))


def _place(error: BaseException) -> str:
    """The innermost line of the module itself: neither of this package nor of Python's own."""
    own = tuple(os.path.join(path, "") for path in (os.path.dirname(__file__), sysconfig.get_paths()["stdlib"]))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(own) and not frame.filename.startswith("<"):
            return f" ({os.path.basename(frame.filename)}, line {frame.lineno})"
    return ""


def to_wire(error: ModuleError) -> dict[str, Any]:
    """The `error` member of an answer (protocol.md, section 3)."""
    return {"code": -32000, "message": error.message, "data": {"hresult": f"0x{error.hresult:08x}"}}


def from_wire(error: Any) -> ModuleError:
    """The error that the server answered."""
    if not isinstance(error, dict):
        return ModuleError(HResult.E_FAIL, "the server gives no reason")
    data = error.get("data")
    said = data.get("hresult") if isinstance(data, dict) else None
    code = int(HResult.E_FAIL)
    if isinstance(said, str):
        try:
            code = int(said, 0)
        except ValueError:
            pass
    elif isinstance(said, int):
        code = said
    return ModuleError(code, str(error.get("message") or "the server gives no reason"))
