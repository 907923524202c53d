"""The benchmark: the request log against its targets, and against what a user would have built instead."""
