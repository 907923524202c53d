"""The object that LiteLLM's configuration names: each call of the proxy becomes one record of the log."""

from helix_dash.sources.litellm import HelixLogger

hook = HelixLogger()
