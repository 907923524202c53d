"""Sections that other installed distributions bring along, by the entry point group ``helix_dash.sections``.

    [project.entry-points."helix_dash.sections"]
    finish-reasons = "acme_pages.finish_reasons:SECTION"

A page that cannot be used is left out and named in the log: the other pages are what people came for.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

from helix_dash.ui.section import GROUPS, Section

GROUP = "helix_dash.sections"

log = logging.getLogger("helix_dash.pages")


def installed(own: Sequence[Section]) -> tuple[Section, ...]:
    """The sections of other distributions, by name; none of them may take the place of one of ``own``."""
    found: list[Section] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            section = entry.load()
        except Exception as error:  # it runs somebody else's code
            log.error("The section %s is left out: %s", _named(entry), error, exc_info=True)
            continue
        reason = unusable(section, [*own, *found])
        if reason:
            log.error("The section %s is left out: %s.", _named(entry), reason)
        else:
            found.append(section)
    return tuple(found)


def unusable(section: object, others: Sequence[Section]) -> str:
    """Why ``section`` cannot stand beside ``others``; empty when it can."""
    if not isinstance(section, Section):
        return "it is not a Section"
    if section.group not in GROUPS:
        return f"its group must be one of {', '.join(GROUPS)}"
    if not re.fullmatch(r"/[a-z0-9][a-z0-9/-]*", section.path):
        return "its path must be like /name"
    if any(other.key == section.key or other.path == section.path for other in others):
        return "another section has its key or its path"
    return ""


def _named(entry: EntryPoint) -> str:
    return f"{entry.value} of {entry.dist.name if entry.dist else 'an unknown distribution'}"
