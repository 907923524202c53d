"""The command ``helix-dash``: typed options in, one line per error out.

Exit codes: 0 fine, 1 a check failed, 2 bad input or setting, 3 store unreachable, 130 interrupted.
Each command imports what it needs when it runs: the fold and the web set POLARS_MAX_THREADS before polars.
"""

from __future__ import annotations

import logging
import os
import secrets
import sys
from pathlib import Path
from typing import Annotated

import redis
import typer

from helix_dash import __version__
from helix_dash.errors import AuthError, HelixError, SettingError, StoreUnavailable
from helix_dash.settings import Settings, load

FINE, CHECK_FAILED, BAD_INPUT, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 130

app = typer.Typer(
    name="helix-dash",
    help="The dashboard of an LLM gateway.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Port = Annotated[int | None, typer.Option(min=1, max=65_535, help="The port to listen on; else PORT.")]
Host = Annotated[str | None, typer.Option(help="The address to listen on; else HOST.")]
DataDir = Annotated[Path | None, typer.Option(help="The data folder; else DATA_DIR.")]
RedisUrl = Annotated[
    str | None, typer.Option(help="The store; else REDIS_URL, else that of a demo that runs now.")
]
Organization = Annotated[str | None, typer.Option(help="See this organization only; else all of them.")]


def main() -> int:
    """Runs the command line; the exit code."""
    try:
        app()
    except StoreUnavailable as error:
        return _refuse(str(error), UNREACHABLE)
    except (redis.ConnectionError, redis.TimeoutError) as error:
        return _refuse(f"The store does not answer: {error}", UNREACHABLE)
    except (SettingError, AuthError) as error:
        return _refuse(str(error), BAD_INPUT)
    except HelixError as error:
        return _refuse(str(error), CHECK_FAILED)
    except SystemExit as end:  # how typer ends, also after bad options (2)
        return end.code if isinstance(end.code, int) else FINE
    except KeyboardInterrupt:
        return INTERRUPTED
    return FINE


def _refuse(text: str, code: int) -> int:
    print(f"helix-dash: {text}", file=sys.stderr)
    return code


def _say(line: str) -> None:
    print(line, flush=True)


def _environ(**given: object) -> dict[str, str]:
    """The environment with the options that were given in the place of their settings."""
    return {**os.environ, **{name: str(value) for name, value in given.items() if value is not None}}


def _settings_beside_demo(redis_url: str | None, data_dir: Path | None) -> Settings:
    """The settings of a command that works on a store that runs; a running demo's when none is named."""
    from helix_dash.demo import STORE_FOLDER
    from helix_dash.embedded import EmbeddedStore

    environ = _environ(REDIS_URL=redis_url, LOG_REDIS_URL=redis_url, DATA_DIR=data_dir)
    settings = load(environ)
    if not environ.get("REDIS_URL"):
        store = EmbeddedStore(settings.data_dir / STORE_FOLDER)
        if store.answers():
            settings = load({**environ, "REDIS_URL": store.url})
    return settings


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")


def _version(wanted: bool) -> None:
    if wanted:
        _say(f"helix-dash {__version__}")
        raise typer.Exit


@app.callback()
def helix_dash(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """The dashboard of an LLM gateway."""


@app.command()
def serve(host: Host = None, port: Port = None) -> None:
    """Serve the web app under gunicorn."""
    from helix_dash.serving import listen
    from helix_dash.serving import serve as become_gunicorn

    environ = _environ(HOST=host, PORT=port)
    settings = load(environ)
    _check_secret_key(settings)
    become_gunicorn(listen(settings.host, settings.port), environ)


def _check_secret_key(settings: Settings) -> None:
    from helix_dash.auth.session import check_secret_key

    for key in (settings.secret_key, *settings.secret_key_fallbacks):
        check_secret_key(key)


@app.command()
def collect() -> None:
    """Fold what gateways recorded, until stopped. Several may run; one leads."""
    from helix_dash import collector, stopping
    from helix_dash.auth import controls

    settings = load(os.environ)
    _log_to_stderr()
    stop = stopping.on_signals()
    collector.check_shards(settings)
    work = {**collector.duties(settings), **controls.duties(settings)}
    raise typer.Exit(collector.run(work, stop))


@app.command()
def demo(
    port: Port = None,
    host: Host = None,
    data_dir: DataDir = None,
    rate: Annotated[float, typer.Option(min=0, max=1000, help="Simulated requests per second.")] = 0.25,
    history: Annotated[
        str, typer.Option(help="Days:requests to make up, into an empty log only; 0 for none.")
    ] = "30:200000",
    gallery: Annotated[
        bool, typer.Option("--gallery", help="Also a page with every part of the interface in every state.")
    ] = False,
) -> None:
    """Run everything on this machine: store, collector, simulated traffic and web app."""
    from helix_dash import demo as whole
    from helix_dash import stopping
    from helix_dash.options import parse_history

    parse_history(history)
    environ = _environ(PORT=port, HOST=host, DATA_DIR=data_dir, SHOW_GALLERY="1" if gallery else None)
    stop = stopping.on_signals()
    raise typer.Exit(whole.run(environ, whole.Wishes(rate, history), stop, _say))


@app.command()
def simulate(
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same traffic.")] = 1,
    rate: Annotated[float, typer.Option(min=0, max=1000, help="Requests per second.")] = 5.0,
    duration: Annotated[
        str, typer.Option("--for", help="How long: seconds, or like 90s, 10m, 2h; 0 until stopped.")
    ] = "0",
    history: Annotated[
        str, typer.Option(help="Days:requests to make up first, into an empty log only; 0 for none.")
    ] = "0",
    redis_url: RedisUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Write simulated gateway traffic, labelled as such, into the log."""
    from helix_dash import stopping, traffic
    from helix_dash.options import parse_duration, parse_history

    past, seconds = parse_history(history), parse_duration(duration)
    settings = _settings_beside_demo(redis_url, data_dir)
    _log_to_stderr()
    stop = stopping.on_signals()
    traffic.run(settings, seed=seed, rate=rate, past=past, seconds=seconds, stop=stop, say=_say)
    raise typer.Exit(stop.exit_code)


@app.command()
def create_admin(
    name: Annotated[str, typer.Option(help="The account's name.")] = "admin",
    role: Annotated[str, typer.Option(help="viewer, analyst, editor or admin.")] = "admin",
    organization: Organization = None,
    reset: Annotated[bool, typer.Option("--reset", help="Give an existing account a new password.")] = False,
    ask: Annotated[bool, typer.Option("--ask", help="Ask for the password instead of making one.")] = False,
    redis_url: RedisUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Make an account; its password is HELIX_ADMIN_PASSWORD, or a random one that is printed."""
    from helix_dash.auth.users import create_user
    from helix_dash.store import connect

    settings = _settings_beside_demo(redis_url, data_dir)
    asked = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if ask else ""
    password = asked or settings.admin_password or secrets.token_urlsafe(12)
    with connect(settings.log_redis_url, retries=0) as store:
        create_user(store, name, password, role, organization, reset=reset)
    _say(f"user: {name}")
    if not asked:
        _say(f"password: {'from HELIX_ADMIN_PASSWORD' if settings.admin_password else password}")


@app.command()
def create_token(
    name: Annotated[str, typer.Option(help="What it is for, as the list of tokens shows it.")] = "api",
    role: Annotated[str, typer.Option(help="viewer, analyst, editor or admin.")] = "viewer",
    organization: Organization = None,
    redis_url: RedisUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Make a bearer token for the API; it alone is printed, and never again."""
    from helix_dash.auth.users import create_token as new_token
    from helix_dash.store import connect

    settings = _settings_beside_demo(redis_url, data_dir)
    with connect(settings.log_redis_url, retries=0) as store:
        _say(new_token(store, name, role, organization))


@app.command()
def doctor(redis_url: RedisUrl = None, data_dir: DataDir = None) -> None:
    """Check store, clock, disk, settings and collector, and say what to do."""
    from helix_dash.doctor import examine

    failed = False
    for finding in examine(_settings_beside_demo(redis_url, data_dir)):
        _say(str(finding))
        failed |= finding.level == "fail"
    raise typer.Exit(CHECK_FAILED if failed else FINE)


@app.command()
def verify(redis_url: RedisUrl = None, data_dir: DataDir = None) -> None:
    """Check that nobody changed, added or removed an entry of the audit record."""
    from helix_dash.auth import audit
    from helix_dash.store import connect

    settings = _settings_beside_demo(redis_url, data_dir)
    with connect(settings.log_redis_url) as store:
        verdict = audit.verify(store)
    _say(f"entries: {verdict.entries}")
    _say(f"last in order: {verdict.number} {verdict.digest}")
    _say(f"fault: {verdict.fault}" if verdict.fault else "the chain is whole")
    raise typer.Exit(CHECK_FAILED if verdict.fault else FINE)
