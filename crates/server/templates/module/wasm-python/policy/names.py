"""What needs no server, and can be tried without one."""


def is_inside(name: str, domain: str) -> bool:
    """Whether a name is the domain or below it."""
    return name == domain or name.endswith("." + domain)
