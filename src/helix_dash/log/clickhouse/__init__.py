"""The request log in ClickHouse: for logs beyond one host's memory. Fed by the same segments, same answers.

``loader`` runs in the collector and copies segments; ``view`` follows what it has copied; ``log`` asks.
How it keeps its promises: docs/decisions/0004-clickhouse.md.
"""
