"""What needs no server, and can be tried without one."""


def line(prefix: str, event: int, what: str, serial: str) -> str:
    """One line of the log."""
    return f"{event} {prefix} {serial} {what.lower().replace('_', '-')}"
