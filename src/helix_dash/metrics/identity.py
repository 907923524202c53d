"""Which user of the log an account of this dashboard is: the two are kept apart, so it follows from their names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from helix_dash.log.query import RequestLog
from helix_dash.model import Scope

MOST = 1_000
"""Users that contain the account's name and are looked at."""


@dataclass(frozen=True, slots=True)
class Match:
    """Who an account is in the log.

    Args:
        users: the log's names of it; empty when there is none, or when it could be several.
        how: in words, how they were found, or why they were not.
    """

    users: tuple[str, ...]
    how: str


def matched(log: RequestLog, scope: Scope, account: str) -> Match:
    """The users of the log that ``account`` is, among those that ``scope`` sees.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
    """
    return match(account, log.values(scope, "user", _local(account), MOST))


def match(account: str, users: Iterable[str]) -> Match:
    """The rule: the same name, ignoring case; else the one user whose name or e-mail address has the same part before
    the @. Two such users are none: nobody is shown a stranger's usage as their own.
    """
    known = list(users)
    same = sorted(one for one in known if one.casefold() == account.casefold())
    if same:
        return Match(tuple(same), "the log has a user of your account's name")
    alike = sorted(one for one in known if _local(one) == _local(account))
    if len(alike) == 1:
        return Match((alike[0],), "the part before the @ is the same")
    if alike:
        return Match((), f"{len(alike)} users of the log share the name before the @: {', '.join(alike[:3])}")
    return Match((), "the log has no user of your account's name")


def _local(name: str) -> str:
    return name.partition("@")[0].casefold()
