"""The names of the kinds of orders, for who puts them down and for who performs them."""

from __future__ import annotations

TRACE, PURGE, REVEAL = "incident.trace", "incident.purge", "incident.reveal"
"""Find where the text of an incident lies in the gateway's store; take it away; say it to who listens."""

RECOMPUTE, TAKE_BACK = "costs.recompute", "costs.take_back"
"""Give requests without a cost one, at the prices the order names; take such costs out of the log again."""
