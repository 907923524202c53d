"""The FakeAI server as a source: a typed client, its mock, and the duties that keep asking."""
