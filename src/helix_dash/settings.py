"""Every setting in one typed table: name, default, unit, meaning, example. Nothing else reads the environment.

``load(os.environ)`` gives a :class:`Settings`; docs/settings.md is generated from :data:`TABLE`.
A bad value stops the start with its name, its value (unless it is a secret) and an example.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from helix_dash.errors import SettingError
from helix_dash.zones import Zone

Parse = Callable[[str], Any]

log = logging.getLogger("helix_dash.settings")


def _whole(low: int, high: int) -> Parse:
    def parse(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(f"must be from {low:,} to {high:,}")
        return number

    return parse


def _seconds(text: str) -> float:
    number = float(text)
    if not 0.5 <= number <= 3600:
        raise ValueError("must be from 0.5 to 3600 seconds")
    return number


def _flag(text: str) -> bool:
    word = text.strip().lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError("must be 1 or 0")


def _choice(*words: str) -> Parse:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError("must be one of " + ", ".join(words))
        return text

    return parse


def _store_url(text: str) -> str:
    """The address as :func:`helix_dash.store.connect` takes it."""
    parts = urlsplit(text)
    hosts, path = parts.netloc.rpartition("@")[2], parts.path.strip("/")
    if parts.scheme in {"redis", "rediss", "unix"}:
        return text
    if parts.scheme in {"redis+cluster", "rediss+cluster"}:
        if not hosts or path not in {"", "0"}:
            raise ValueError("must be like redis+cluster://host:port,host:port, without a database")
        return text
    if parts.scheme in {"sentinel", "sentinels"}:
        if not hosts or not re.fullmatch(r"[^/]+(/\d+)?", path):
            raise ValueError("must be like sentinel://host:port,host:port/service/0")
        return text
    raise ValueError("must begin with redis://, rediss://, unix://, redis+cluster:// or sentinel://")


def _web_url(text: str) -> str:
    if urlsplit(text).scheme not in {"http", "https"} or not urlsplit(text).hostname:
        raise ValueError("must begin with http:// or https:// and name a host")
    return text


def _source_url(text: str) -> str:
    return text if text == "mock:" else _web_url(text).rstrip("/")


def _socket_url(text: str) -> str:
    if urlsplit(text).scheme not in {"ws", "wss"} or not urlsplit(text).hostname:
        raise ValueError("must begin with ws:// or wss:// and name a host")
    return text.rstrip("/")


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = tuple(
        (name.strip(), value.strip()) for name, _, value in (one.partition("=") for one in _words(text))
    )
    if not all(name and value for name, value in pairs) or len(dict(pairs)) < len(pairs):
        raise ValueError("must be name=value, name=value, each name once")
    return pairs


def _named_urls(text: str) -> tuple[tuple[str, str], ...]:
    pairs = _pairs(text)
    for name, value in pairs:
        _web_url(value)
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,40}", name):
            raise ValueError("must have names of letters, digits, dots, - and _")
    return pairs


def _zone(text: str) -> tzinfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("must be an IANA zone") from error


def _offset(text: str) -> tzinfo:
    hours = float(text)
    if not -14 <= hours <= 14:
        raise ValueError("must be from -14 to 14 hours")
    return timezone(timedelta(hours=hours))


def _prefix(text: str) -> str:
    path = "/" + text.strip("/")
    return "/" if path == "/" else path + "/"


def _taken_away(text: str) -> str:
    return _prefix(text).rstrip("/")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


_HOST = re.compile(r"\*|(?:\*?\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]")
_ANCESTOR = re.compile(r"(?:https?://)?(?:\*\.)?[A-Za-z0-9.-]+(?::(?:\d{1,5}|\*))?|https?:")


def _hosts(text: str) -> tuple[str, ...]:
    names = _words(text)
    if not all(_HOST.fullmatch(name) for name in names):
        raise ValueError("must be host names without scheme and port, separated by commas")
    return names


def _ancestors(text: str) -> str:
    """The value of the policy's directive: nothing in it may begin another one."""
    words = [word.strip("'") for word in text.replace(",", " ").split()]
    if (
        not words
        or not all(_ANCESTOR.fullmatch(word) for word in words)
        or ("none" in words and len(words) > 1)
    ):
        raise ValueError("must be self, none, or origins such as https://portal.example.com")
    return " ".join(f"'{word}'" if word in ("self", "none") else word for word in words)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    Args:
        field: the attribute of :class:`Settings` it fills.
        old: a name it had before, in the dashboard this one follows; accepted with a note in the log.
    """

    name: str
    field: str
    default: str
    unit: str
    meaning: str
    example: str
    parse: Parse = str
    secret: bool = False
    old: str = ""


TABLE: tuple[Setting, ...] = (
    Setting("REDIS_URL", "redis_url", "redis://127.0.0.1:6379/0", "URL", "The gateway's Redis or Valkey. The demo starts an embedded one when it is not given.", "redis://127.0.0.1:6379/0", _store_url, secret=True),
    Setting("LOG_REDIS_URL", "log_redis_url", "", "URL", "Where the request log is kept; the same as REDIS_URL when empty.", "redis://127.0.0.1:6380/0", _store_url, secret=True),
    Setting("LOG_BACKEND", "log_backend", "mirror", "word", "Where pages read the log: mirror keeps a copy of it on each host; clickhouse asks CLICKHOUSE_URL, which the collector fills, for logs beyond one host's memory.", "clickhouse", _choice("mirror", "clickhouse")),
    Setting("CLICKHOUSE_URL", "clickhouse_url", "", "URL", "The ClickHouse database of LOG_BACKEND=clickhouse; it has to exist, its tables are made.", "http://user:password@127.0.0.1:8123/helix", _web_url, secret=True),
    Setting("SECRET_KEY", "secret_key", "", "text", "Signs the session cookies; at least 32 characters, the same for all workers. `serve` refuses to start without one.", 'the output of: python -c "import secrets; print(secrets.token_urlsafe(48))"', secret=True),
    Setting("SECRET_KEY_FALLBACKS", "secret_key_fallbacks", "", "texts", "Older values of SECRET_KEY, separated by commas: sessions signed with them go on. Put the old key here when you change it, and take it away a day later.", "the key that was SECRET_KEY until now", _words, secret=True),
    Setting("PROMPT_HASH_KEY", "prompt_hash_key", "", "text", "Key of the prompt hashes; the same for all gateways, else repeats cannot be found across them.", "a long random text", secret=True),
    Setting("LITELLM_URL", "litellm_url", "", "URL", "A LiteLLM proxy whose /health/liveliness the collector asks, for System health; it needs no key.", "http://127.0.0.1:4000", _web_url),
    Setting("API_URL", "api_url", "", "URL", "The FakeAI server that the collector asks for its metrics; mock: asks recorded answers instead, which pages mark as such.", "http://127.0.0.1:8000", _source_url, old="VITE_API_URL"),
    Setting("WS_URL", "ws_url", "", "URL", "The same server's WebSocket; API_URL with ws:// when empty.", "ws://127.0.0.1:8000", _socket_url, old="VITE_WS_URL"),
    Setting("API_KEY", "api_key", "", "text", "Sent to FakeAI's endpoints that need a key. Its metrics need none: they are asked without, and its limiter counts them as anonymous.", "a key of the server", secret=True),
    Setting("WATCHED_KEYS", "watched_keys", "", "name=key", "Keys whose limits FakeAI is asked for, with the names to show them by, separated by commas: the server lists none.", "team-a=the key of team a", _pairs, secret=True),
    Setting("ENABLE_WEBSOCKETS", "websockets", "1", "flag", "Whether the collector listens to FakeAI's WebSocket; without it the rates of the moment are polled.", "0", _flag, old="VITE_ENABLE_WEBSOCKETS"),
    Setting("ENABLE_STREAMING_METRICS", "streaming_metrics", "1", "flag", "Whether FakeAI's rates of the moment are followed at all.", "0", _flag, old="VITE_ENABLE_STREAMING_METRICS"),
    Setting("WS_RECONNECT_INTERVAL", "ws_reconnect_interval", "5", "s", "Between two attempts to connect to the WebSocket.", "5", _seconds),
    Setting("WS_RECONNECT_ATTEMPTS", "ws_reconnect_attempts", "10", "attempts", "After so many failed ones in a row the collector tries only every sixth time.", "10", _whole(1, 1000)),
    Setting("DEBUG_WEBSOCKETS", "debug_websockets", "0", "flag", "Whether each change of that connection is logged.", "1", _flag, old="VITE_DEBUG_WEBSOCKETS"),
    Setting("KV_METRICS_URLS", "kv_metrics_urls", "", "name=URL", "Prometheus endpoints of vLLM or Dynamo servers, separated by commas.", "vllm-1=http://127.0.0.1:8001/metrics", _named_urls),
    Setting("TIMEZONE", "zone", "UTC", "IANA zone", "The reporting zone: where days begin and how times are shown.", "Europe/Berlin", _zone),
    Setting("TIMEZONE_OFFSET", "zone_offset", "", "hours east of UTC", "Kept for compatibility; TIMEZONE wins over it.", "2", _offset),
    Setting("REFRESH_INTERVAL", "refresh_interval", "5", "s", "How often an open page asks for new figures, unless its viewer chose otherwise.", "5", _seconds),
    Setting("AUTO_REFRESH_INTERVAL", "auto_refresh_interval", "", "ms", "Kept for compatibility; REFRESH_INTERVAL wins over it.", "5000", _whole(500, 3_600_000), old="VITE_AUTO_REFRESH_INTERVAL"),
    Setting("THEME", "theme", "auto", "word", "The look before a viewer chooses: auto follows the browser.", "dark", _choice("auto", "dark", "light")),
    Setting("MAX_DATA_POINTS", "max_data_points", "1000", "points", "The most points one chart line may carry; longer ranges get wider buckets.", "1000", _whole(150, 10_000)),
    Setting("DEFAULT_PAGE_SIZE", "page_size", "10", "rows", "Rows of the ranking tables.", "10", _whole(3, 25), old="VITE_DEFAULT_PAGE_SIZE"),
    Setting("DEFAULT_CHART_TYPE", "chart_type", "bar", "word", "How counts over time are drawn: bar or line. pie is accepted and means bar, for a pie has no time axis.", "line", _choice("bar", "line", "pie"), old="VITE_DEFAULT_CHART_TYPE"),
    Setting("ENABLE_ANIMATIONS", "animations", "1", "flag", "Whether the interface moves where it changes. Who asks their system for less motion gets none in any case.", "0", _flag, old="VITE_ENABLE_ANIMATIONS"),
    Setting("LOG_SHARDS", "log_shards", "1", "shards", "In how many shards the log is written, so that several folds share the work and a cluster's nodes the log. The same for recorders, collectors and web processes; it may be raised, never lowered.", "16", _whole(1, 64)),
    Setting("LOG_RETENTION_DAYS", "log_retention_days", "90", "days", "How long single requests are kept; their totals are kept for 400 days.", "90", _whole(1, 400)),
    Setting("LOG_RETENTION_ROWS", "log_retention_rows", "0", "requests", "The most single requests that are kept: beyond it the oldest day leaves early, today's requests never. 0 is no bound.", "20000000", _whole(0, 10**12)),
    Setting("LOG_MAX_PENDING", "log_max_pending", "1000000", "requests", "The most requests that may wait in the store for the collector; beyond it recorders drop and count.", "1000000", _whole(1000, 100_000_000)),
    Setting("ALLOW_EVICTION", "allow_eviction", "0", "flag", "Record into a store that may evict keys (totals may then be incomplete).", "0", _flag),
    Setting("WRITE_GATEWAY_KEYS", "write_gateway_keys", "0", "flag", "Also keep the gateway's own counters (helix:requests:total …) from the log; never beside a real Helix gateway, which counts them itself.", "0", _flag),
    Setting("SIMULATE_GATEWAY", "simulate_gateway", "0", "flag", "Whether simulated traffic also keeps the keys of a gateway (helix:*) in REDIS_URL, which pages then mark as simulated. The demo does so in its own store; never set it where a real gateway has its keys.", "1", _flag),
    Setting("PII_ENGINE", "pii_engine", "builtin", "word", "What recognises personal data in texts that a gateway stored: builtin, forms with check digits; or presidio, an extra to install. Neither asks the network. What is not recognised is hidden all the same.", "presidio", _choice("builtin", "presidio")),
    Setting("DATA_DIR", "data_dir", "~/.local/share/helix-dash", "folder", "Where the demo keeps its store and key, and exports wait for download.", "/var/lib/helix-dash", lambda text: Path(text).expanduser()),
    Setting("CACHE_DIR", "cache_dir", "", "folder", "Where this host keeps its copy of the log for reading; a folder of the demo's or the system's temporary folder when empty. Safe to delete when nothing runs.", "/var/cache/helix-dash", lambda text: Path(text).expanduser()),
    Setting("BASE_URL", "base_url", "", "URL", "How people reach the dashboard, for links that leave it; https here makes the session cookie Secure.", "https://helix.example.com"),
    Setting("URL_PREFIX", "url_prefix", "/", "path", "The path the dashboard is served under.", "/helix/", _prefix),
    Setting("PROXY_PREFIX", "proxy_prefix", "", "path", "The path a proxy in front takes away before it asks us: addresses in pages begin with it, then comes URL_PREFIX.", "/apps/ai", _taken_away),
    Setting("TRUSTED_HOSTS", "trusted_hosts", "", "host names", "Names under which the dashboard may be asked for, beside loopback, HOST and the host of BASE_URL; `.example.com` means all names below it, `*` any. A server on all addresses (HOST=0.0.0.0) that has neither this nor BASE_URL answers to its IP addresses and its machine's name.", "helix.example.com,helix.internal", _hosts),
    Setting("PROXY_HOPS", "proxy_hops", "0", "proxies", "How many reverse proxies in front to believe about the client's address, scheme and host (X-Forwarded-For, -Proto, -Host). With 0 these headers are ignored.", "1", _whole(0, 10)),
    Setting("FRAME_ANCESTORS", "frame_ancestors", "self", "origins", "Which sites may show the dashboard inside a frame: self, none, or origins separated by blanks.", "self https://portal.example.com", _ancestors),
    Setting("HOST", "host", "127.0.0.1", "address", "The address the web server listens on.", "0.0.0.0"),  # noqa: S104
    Setting("PORT", "port", "8050", "port", "The port the web server listens on.", "8050", _whole(1, 65_535)),
    Setting("WEB_WORKERS", "web_workers", "2", "processes", "How many web processes gunicorn runs.", "2", _whole(1, 64)),
    Setting("WEB_THREADS", "web_threads", "16", "threads", "Threads of each web process.", "16", _whole(2, 512)),
    Setting("SHOW_GALLERY", "show_gallery", "0", "flag", "Whether a page for developers shows every part of the interface in every state (helix-dash demo --gallery).", "1", _flag),
    Setting("ENABLE_EXPORTS", "enable_exports", "1", "flag", "Whether tables can be exported at all.", "1", _flag),
    Setting("HELIX_ADMIN_PASSWORD", "admin_password", "", "text", "The demo's password for admin; a random one is made and printed when empty.", "at least 12 characters", secret=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings as used: compatibility names are already folded into the real ones."""

    redis_url: str
    log_redis_url: str
    log_backend: str
    clickhouse_url: str
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    prompt_hash_key: str
    litellm_url: str
    api_url: str
    ws_url: str
    api_key: str
    watched_keys: tuple[tuple[str, str], ...]
    websockets: bool
    streaming_metrics: bool
    ws_reconnect_interval: float
    ws_reconnect_attempts: int
    debug_websockets: bool
    kv_metrics_urls: tuple[tuple[str, str], ...]
    zone: tzinfo
    refresh_interval: float
    theme: str
    max_data_points: int
    page_size: int
    chart_type: str
    animations: bool
    log_shards: int
    log_retention_days: int
    log_retention_rows: int
    log_max_pending: int
    allow_eviction: bool
    write_gateway_keys: bool
    simulate_gateway: bool
    pii_engine: str
    data_dir: Path
    cache_dir: Path
    base_url: str
    url_prefix: str
    proxy_prefix: str
    trusted_hosts: tuple[str, ...]
    proxy_hops: int
    frame_ancestors: str
    host: str
    port: int
    web_workers: int
    web_threads: int
    show_gallery: bool
    enable_exports: bool
    admin_password: str

    @property
    def zone_name(self) -> str:
        """The reporting zone's name for people: ``Europe/Berlin``, ``UTC``, ``UTC+02:00``."""
        return getattr(self.zone, "key", None) or str(self.zone)

    @property
    def reporting(self) -> Zone:
        """The reporting zone and its name."""
        return Zone(self.zone, self.zone_name)

    @property
    def export_dir(self) -> Path:
        """Where finished exports wait for their owner."""
        return self.data_dir / "exports"


def load(environ: Mapping[str, str]) -> Settings:
    """The settings that ``environ`` asks for; an empty value counts as not given.

    Raises:
        SettingError: a value cannot be used; the text names the setting, the value and an example.
    """
    given = {row.field: _value(row, name, environ[name]) for row in TABLE if (name := _given(row, environ))}
    values: dict[str, Any] = {
        row.field: row.parse(row.default) if row.default else "" for row in TABLE
    } | given
    if "zone" not in given and "zone_offset" in given:
        values["zone"] = values["zone_offset"]
    if "refresh_interval" not in given and "auto_refresh_interval" in given:
        values["refresh_interval"] = values["auto_refresh_interval"] / 1000
    values["log_redis_url"] = values["log_redis_url"] or values["redis_url"]
    if values["log_backend"] == "clickhouse" and not values["clickhouse_url"]:
        raise SettingError("LOG_BACKEND=clickhouse needs CLICKHOUSE_URL.")
    if values["simulate_gateway"] and values["write_gateway_keys"]:
        raise SettingError("SIMULATE_GATEWAY and WRITE_GATEWAY_KEYS would both count: set one of them.")
    if not values["ws_url"] and values["api_url"].startswith("http"):
        values["ws_url"] = "ws" + values["api_url"].removeprefix("http")
    for several in ("secret_key_fallbacks", "trusted_hosts", "watched_keys", "kv_metrics_urls"):
        values[several] = values[several] or ()
    values["cache_dir"] = values["cache_dir"] or _free_folder() / f"helix-dash-{os.getuid()}"
    return Settings(**{field.name: values[field.name] for field in fields(Settings)})


def _free_folder() -> Path:
    """Where files may lie that can be made again: the system's temporary folder, else the host's shared memory."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:  # a container whose file system is read-only
        return Path("/dev/shm")  # noqa: S108


def _given(row: Setting, environ: Mapping[str, str]) -> str:
    """The name under which ``environ`` sets ``row``; empty when it does not."""
    if environ.get(row.name):
        return row.name
    if row.old and environ.get(row.old):
        _note_old_name(row.old, row.name)
        return row.old
    return ""


@functools.cache  # once per process, however often the settings are loaded
def _note_old_name(old: str, name: str) -> None:
    log.warning("%s is an old name: please set %s.", old, name)


def _value(row: Setting, name: str, text: str) -> Any:
    try:
        return row.parse(text)
    except ValueError as error:
        shown = "(secret)" if row.secret else repr(text)
        reason = str(error) if str(error).startswith("must") else "cannot be read"
        raise SettingError(f"{name}={shown} {reason}. Example: {name}={row.example}") from error
