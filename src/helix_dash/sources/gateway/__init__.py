"""A Helix gateway's own keys in Redis as a source: read as it and its relatives write them, never written."""
