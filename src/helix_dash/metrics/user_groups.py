"""Groups of users that people make, to look at several at once. This module owns their Redis key.

A group is a list of names as the log has them. It grants nothing: it becomes a filter in the address.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from urllib.parse import urlencode

import msgspec
import redis

from helix_dash.errors import BadQuery
from helix_dash.log.keys import APP
from helix_dash.metrics.operators_table import First, Table, nothing
from helix_dash.model import Scope

KEY = f"{APP}user-groups"
"""hash: id → JSON of a :class:`Group`."""

MOST_GROUPS = 500
_TABLE = Table(KEY, "groups", MOST_GROUPS)
MOST_MEMBERS = 200
MOST_NAME, MOST_WORD = 80, 200
MOST_ADDRESS = 3_000
"""Characters that the members take in an address: web servers refuse addresses beyond 4,094."""


class Group(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Some users under a name.

    Args:
        id: 16 hexadecimal characters, random.
        name: what people call it.
        members: users as the log names them, in order of their letters.
        organization: the only organization whose people see it; ``None``: those who see all.
    """

    id: str
    name: str
    members: tuple[str, ...]
    organization: str | None = None

    @property
    def query(self) -> str:
        """Its members as parameters of an address."""
        return urlencode([("user", member) for member in self.members])


def groups(store: redis.Redis, scope: Scope) -> list[Group]:
    """The groups that ``scope`` sees, in order of their names, in one command. What cannot be read is left out.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    return [one for one in _all(store) if scope.organization in (None, one.organization)]


def _all(store: redis.Redis) -> list[Group]:
    found = _TABLE.read(store, Group, checked)
    return sorted(found, key=lambda group: (group.name.casefold(), group.id))


def members_from(text: str) -> tuple[str, ...]:
    """The names in ``text``, one per line or with commas between them, without doubles, in order of their letters.

    Raises:
        BadQuery: there is none, there are too many, or one cannot be a name.
    """
    found = sorted({part.strip() for part in re.split(r"[,;\n]", text) if part.strip()})
    return _members(found)


def _members(found: Iterable[str]) -> tuple[str, ...]:
    names = tuple(found)
    if not names:
        raise BadQuery("members", "A group has at least one member.")
    if len(names) > MOST_MEMBERS:
        raise BadQuery("members", f"A group has at most {MOST_MEMBERS} members.")
    if any(len(name) > MOST_WORD or not name.isprintable() for name in names):
        raise BadQuery("members", f"A member's name has 1 to {MOST_WORD} printable characters.")
    if len(urlencode([("user", name) for name in names])) > MOST_ADDRESS:
        raise BadQuery("members", "So many long names do not fit into an address; make two groups of them.")
    return names


def checked(group: Group) -> Group:
    """``group`` itself.

    Raises:
        BadQuery: its name or its members will not do.
    """
    if not group.name.strip() or len(group.name) > MOST_NAME or not group.name.isprintable():
        raise BadQuery("name", f"A name has 1 to {MOST_NAME} printable characters.")
    _members(group.members)
    return group


def save(
    store: redis.Redis, scope: Scope, name: str, members: tuple[str, ...], first: First = nothing
) -> tuple[Group, Group | None]:
    """Make the group ``name``, or give it these members; it, and what it was before.

    Raises:
        BadQuery: the name or the members will not do.
        StoreError: there are too many groups.
        StoreUnavailable: the store did not answer; nothing was changed.
    """
    known = _all(store)
    before = _named(known, scope, name)
    group = checked(
        msgspec.structs.replace(before, name=name.strip(), members=members)
        if before
        else Group(secrets.token_hex(8), name.strip(), members, scope.organization)
    )
    _TABLE.put(store, group.id, msgspec.json.encode(group), first)
    return group, before


def remove(store: redis.Redis, scope: Scope, name: str, first: First = nothing) -> Group:
    """Take the group ``name`` away; it, as it was.

    Raises:
        BadQuery: there is none of that name.
        StoreUnavailable: the store did not answer; nothing was changed.
    """
    group = find(store, scope, name)
    _TABLE.drop(store, group.id, first)
    return group


def find(store: redis.Redis, scope: Scope, name: str) -> Group:
    """The group ``name`` that the asker may change.

    Raises:
        BadQuery: there is none of that name.
        StoreUnavailable: the store did not answer.
    """
    group = _named(_all(store), scope, name)
    if group is None:
        raise BadQuery("name", "There is no group of that name.")
    return group


def _named(known: Iterable[Group], scope: Scope, name: str) -> Group | None:
    """The asker's own of that name; who sees all organizations may change another's that nobody can mistake."""
    wanted = name.strip().casefold()
    found = [one for one in known if one.name.casefold() == wanted]
    own = [one for one in found if one.organization == scope.organization]
    if own:
        return own[0]
    return found[0] if scope.organization is None and len(found) == 1 else None
