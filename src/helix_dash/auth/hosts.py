"""Which host names a request may be for. Another one is a mistake, or somebody's trick to have his address in our links."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from helix_dash.settings import Settings

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not listened on


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts of one app.

    Args:
        names: in small letters, without ports; ``.example.com`` means all names below it, ``*`` any name.
        addresses: whether any IP address will do.
    """

    names: frozenset[str]
    addresses: bool = False

    def serve(self, host: str) -> bool:
        """Whether ``host``, as the header ``Host`` has it, is one of them."""
        name = _name(host)
        if not name:
            return False
        if "*" in self.names or name in self.names:
            return True
        if any(known.startswith(".") and name.endswith(known) for known in self.names):
            return True
        return self.addresses and _is_address(name)


def hosts_of(settings: Settings, *, embedded: bool) -> Hosts:
    """The hosts that ``settings`` name.

    Loopback, ``HOST`` and the host of ``BASE_URL`` always count. A server that listens on all addresses, and was told
    no name, is asked for by any of its addresses or by the machine's name. Inside somebody's Flask server it is
    that server's business, unless ``TRUSTED_HOSTS`` is set.
    """
    told = {
        _name(settings.base_url.partition("://")[2]),
        *(_given(name) for name in settings.trusted_hosts),
    } - {""}
    if embedded and not settings.trusted_hosts:
        return Hosts(frozenset({"*"}))
    everywhere = settings.host in _EVERYWHERE
    own = {socket.gethostname().lower()} if everywhere and not told else {settings.host.lower()}
    return Hosts(LOOPBACK | told | own, addresses=everywhere and not told)


def _given(name: str) -> str:
    name = name.lower().removeprefix("*") if name != "*" else name
    return name if name.startswith((".", "*")) else _name(name)


def _name(host: str) -> str:
    """``host`` without port and brackets, in small letters; empty when it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
