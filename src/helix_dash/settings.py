"""Every setting in one typed table: name, default, unit, meaning, example. Nothing else reads the environment.

``load(os.environ)`` gives a :class:`Settings`; docs/settings.md is generated from :data:`TABLE`.
A bad value stops the start with its name, its value (unless it is a secret) and an example.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from helix_dash.errors import SettingError

Parse = Callable[[str], Any]


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
    if urlsplit(text).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return text


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


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. ``field`` is the attribute of :class:`Settings` it fills."""

    name: str
    field: str
    default: str
    unit: str
    meaning: str
    example: str
    parse: Parse = str
    secret: bool = False


TABLE: tuple[Setting, ...] = (
    Setting("REDIS_URL", "redis_url", "redis://127.0.0.1:6379/0", "URL", "The gateway's Redis or Valkey. The demo starts an embedded one when it is not given.", "redis://127.0.0.1:6379/0", _store_url, secret=True),
    Setting("LOG_REDIS_URL", "log_redis_url", "", "URL", "Where the request log is kept; the same as REDIS_URL when empty.", "redis://127.0.0.1:6380/0", _store_url, secret=True),
    Setting("SECRET_KEY", "secret_key", "", "text", "Signs the session cookies; at least 32 characters, the same for all workers. `serve` refuses to start without one.", 'the output of: python -c "import secrets; print(secrets.token_urlsafe(48))"', secret=True),
    Setting("PROMPT_HASH_KEY", "prompt_hash_key", "", "text", "Key of the prompt hashes; the same for all gateways, else repeats cannot be found across them.", "a long random text", secret=True),
    Setting("TIMEZONE", "zone", "UTC", "IANA zone", "The reporting zone: where days begin and how times are shown.", "Europe/Berlin", _zone),
    Setting("TIMEZONE_OFFSET", "zone_offset", "", "hours east of UTC", "Kept for compatibility; TIMEZONE wins over it.", "2", _offset),
    Setting("REFRESH_INTERVAL", "refresh_interval", "5", "s", "How often an open page asks for new figures, unless its viewer chose otherwise.", "5", _seconds),
    Setting("AUTO_REFRESH_INTERVAL", "auto_refresh_interval", "", "ms", "Kept for compatibility; REFRESH_INTERVAL wins over it.", "5000", _whole(500, 3_600_000)),
    Setting("THEME", "theme", "auto", "word", "The look before a viewer chooses: auto follows the browser.", "dark", _choice("auto", "dark", "light")),
    Setting("MAX_DATA_POINTS", "max_data_points", "1000", "points", "The most points one chart line may carry; longer ranges get wider buckets.", "1000", _whole(50, 10_000)),
    Setting("DEFAULT_PAGE_SIZE", "page_size", "10", "rows", "Rows of the ranking tables.", "10", _whole(3, 100)),
    Setting("LOG_RETENTION_DAYS", "log_retention_days", "90", "days", "How long single requests are kept; their totals are kept for 400 days.", "90", _whole(1, 400)),
    Setting("LOG_MAX_PENDING", "log_max_pending", "1000000", "requests", "The most requests that may wait in the store for the collector; beyond it recorders drop and count.", "1000000", _whole(1000, 100_000_000)),
    Setting("ALLOW_EVICTION", "allow_eviction", "0", "flag", "Record into a store that may evict keys (totals may then be incomplete).", "0", _flag),
    Setting("WRITE_GATEWAY_KEYS", "write_gateway_keys", "0", "flag", "Also keep the gateway's own counters (helix:requests:total …) from the log; never beside a real Helix gateway, which counts them itself.", "0", _flag),
    Setting("DATA_DIR", "data_dir", "~/.local/share/helix-dash", "folder", "Where the demo keeps its store and key, and exports wait for download.", "/var/lib/helix-dash", lambda text: Path(text).expanduser()),
    Setting("CACHE_DIR", "cache_dir", "", "folder", "Where this host keeps its copy of the log for reading; a folder of the demo's or the system's temporary folder when empty. Safe to delete when nothing runs.", "/var/cache/helix-dash", lambda text: Path(text).expanduser()),
    Setting("BASE_URL", "base_url", "", "URL", "How people reach the dashboard, for links that leave it; https here makes the session cookie Secure.", "https://helix.example.com"),
    Setting("URL_PREFIX", "url_prefix", "/", "path", "The path the dashboard is served under.", "/helix/", _prefix),
    Setting("HOST", "host", "127.0.0.1", "address", "The address the web server listens on.", "0.0.0.0"),  # noqa: S104
    Setting("PORT", "port", "8050", "port", "The port the web server listens on.", "8050", _whole(1, 65_535)),
    Setting("WEB_WORKERS", "web_workers", "2", "processes", "How many web processes gunicorn runs.", "2", _whole(1, 64)),
    Setting("WEB_THREADS", "web_threads", "16", "threads", "Threads of each web process.", "16", _whole(2, 512)),
    Setting("ENABLE_EXPORTS", "enable_exports", "1", "flag", "Whether tables can be exported at all.", "1", _flag),
    Setting("HELIX_ADMIN_PASSWORD", "admin_password", "", "text", "The demo's password for admin; a random one is made and printed when empty.", "at least 12 characters", secret=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings as used: compatibility names are already folded into the real ones."""

    redis_url: str
    log_redis_url: str
    secret_key: str
    prompt_hash_key: str
    zone: tzinfo
    refresh_interval: float
    theme: str
    max_data_points: int
    page_size: int
    log_retention_days: int
    log_max_pending: int
    allow_eviction: bool
    write_gateway_keys: bool
    data_dir: Path
    cache_dir: Path
    base_url: str
    url_prefix: str
    host: str
    port: int
    web_workers: int
    web_threads: int
    enable_exports: bool
    admin_password: str

    @property
    def zone_name(self) -> str:
        """The reporting zone's name for people: ``Europe/Berlin``, ``UTC``, ``UTC+02:00``."""
        return getattr(self.zone, "key", None) or str(self.zone)

    @property
    def export_dir(self) -> Path:
        """Where finished exports wait for their owner."""
        return self.data_dir / "exports"


def load(environ: Mapping[str, str]) -> Settings:
    """The settings that ``environ`` asks for; an empty value counts as not given.

    Raises:
        SettingError: a value cannot be used; the text names the setting, the value and an example.
    """
    given = {row.field: _value(row, environ) for row in TABLE if environ.get(row.name)}
    values: dict[str, Any] = {
        row.field: row.parse(row.default) if row.default else "" for row in TABLE
    } | given
    if "zone" not in given and "zone_offset" in given:
        values["zone"] = values["zone_offset"]
    if "refresh_interval" not in given and "auto_refresh_interval" in given:
        values["refresh_interval"] = values["auto_refresh_interval"] / 1000
    values["log_redis_url"] = values["log_redis_url"] or values["redis_url"]
    values["cache_dir"] = values["cache_dir"] or Path(tempfile.gettempdir()) / "helix-dash-cache"
    return Settings(**{field.name: values[field.name] for field in fields(Settings)})


def _value(row: Setting, environ: Mapping[str, str]) -> Any:
    text = environ[row.name]
    try:
        return row.parse(text)
    except ValueError as error:
        shown = "(secret)" if row.secret else repr(text)
        reason = str(error) if str(error).startswith("must") else "cannot be read"
        raise SettingError(f"{row.name}={shown} {reason}. Example: {row.name}={row.example}") from error
