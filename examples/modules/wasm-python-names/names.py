"""A policy module: names of our own domains only, and certificates that do not last too long.

It decides nothing that the server's profiles decide: it says `issue` where it has nothing against a request, and the most
restrictive answer of all policy modules wins.
"""

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import server, server_policy
from wit_world.imports.types import (
    Decision,
    Decision_Deny,
    Decision_Issue,
    Decision_Pend,
    Installation,
    Level,
    ModuleError,
    Moment,
    PropertyType,
    Value_Date,
    Value_String,
)

from rules import Answer, Rules, alternative_names

E_INVALIDARG = 0x8007_0057
ERROR_INVALID_DATA = 0x8007_000D
CERT_E_INVALID_NAME = 0x800B_0114
CERTSRV_E_PROPERTY_EMPTY = 0x8009_4004

SUBJECT_ALT_NAME = "2.5.29.17"
DAY = 86_400

# What `initialize` read of the settings.
rules: Rules | None = None


class PolicyModule(exports.PolicyModule):
    def initialize(self, installation: Installation) -> None:
        global rules
        try:
            rules = Rules.of(dict(installation.settings))
        except ValueError as error:
            raise Err(ModuleError(E_INVALIDARG, str(error)))
        server.log(Level.INFO, f"names under {', '.join(rules.domains)} may be certified by {installation.ca}")

    def verify_request(self, new: bool) -> Decision:
        assert rules is not None
        try:
            names = requested_names()
        except ValueError as error:
            raise Err(ModuleError(ERROR_INVALID_DATA, f"the subject alternative name cannot be read: {error}"))
        answer, message = rules.judge(names)
        # A certificate manager has seen a request that comes again.
        if answer == Answer.PEND and new:
            return Decision_Pend(message)
        if answer == Answer.DENY:
            return Decision_Deny(ModuleError(CERT_E_INVALID_NAME, message))
        shorten(rules.days)
        return Decision_Issue()

    def description(self) -> str:
        return "names of our own domains only"

    def about(self) -> list[tuple[str, str]]:
        return [("Name", "names"), ("File Version", "1.0.0")]

    def shut_down(self) -> None:
        pass


def requested_names() -> list[str]:
    """The common name of the subject, and what the request's extension names."""
    names = []
    common_name = known(lambda: server.certificate_property("CommonName", PropertyType.STRING))
    if isinstance(common_name, Value_String):
        names.append(common_name.value)
    extension = known(lambda: server.certificate_extension(SUBJECT_ALT_NAME))
    if extension is not None:
        names += alternative_names(extension.value)
    return names


def shorten(days: int | None) -> None:
    """Moves the end of the certificate nearer, where it lasts longer than it may."""
    if days is None:
        return
    start = server.certificate_property("NotBefore", PropertyType.DATE)
    end = server.certificate_property("NotAfter", PropertyType.DATE)
    assert isinstance(start, Value_Date) and isinstance(end, Value_Date)
    latest = Moment(start.value.seconds + days * DAY, 0)
    if end.value.seconds > latest.seconds:
        server_policy.set_certificate_property("NotAfter", Value_Date(latest))


def known(read):
    """What `read` returns; `None` where the server has no value."""
    try:
        return read()
    except Err as error:
        if error.value.code == CERTSRV_E_PROPERTY_EMPTY:
            return None
        raise
