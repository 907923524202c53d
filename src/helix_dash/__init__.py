"""Helix Dash: the dashboard of an LLM gateway. Every figure comes from recorded data."""

__version__ = "0.1.0"
