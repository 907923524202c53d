"""The benchmark as `make bench` runs it, over a handful of requests: its answers, its cases, never its times."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SHAPE = {"ours", "theirs", "unit", "ratio", "target", "met", "runs", "spread"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(700)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder with the results of a run over 4,000 and 8,000 requests, and what the run printed."""
    folder = tmp_path_factory.mktemp("bench")
    options = ["--rows", "4k,8k", "--rounds", "1", "--seconds", "1", "--output", folder, "--folder", folder]
    ended = subprocess.run(
        [sys.executable, "-m", "bench", *map(str, options)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ended.returncode == 0, ended.stderr
    return folder, ended.stdout


@pytest.fixture(scope="module")
def results(run: tuple[Path, str]) -> dict[str, Any]:
    """What results.json holds."""
    return json.loads((run[0] / "results.json").read_text("utf-8"))


def test_every_peer_gives_our_answer_to_every_question(
    results: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends in failure when a peer's totals, pages or sums differ from ours; here all of them took part."""
    monkeypatch.syspath_prepend(str(ROOT))
    from bench.questions import QUESTIONS

    compared = {name.partition(".")[::2] for name in results if name != "about"}
    peers = {"pandas", *(["duckdb"] if find_spec("duckdb") else [])}
    assert compared >= {
        (question, f"{size}.{peer}") for question in QUESTIONS for size in ("4k", "8k") for peer in peers
    }


def test_every_page_that_refreshes_has_its_time_its_commands_and_its_round_trips(
    results: dict[str, Any],
) -> None:
    """Issue E, 3"""
    pages = {"overview", "chat", "embeddings", "costs", "cache", "security", "users", "system"}
    wanted = {f"page.{key}{part}" for key in pages for part in ("", ".commands", ".trips")}
    assert wanted <= set(results)
    assert results["page.overview"]["ratio"] == 1
    assert all(results[name]["ours"] > 0 for name in wanted)


def test_every_case_of_the_table_has_a_figure_with_its_target(results: dict[str, Any]) -> None:
    judged = {name for name, row in results.items() if name != "about" and row["target"]}
    assert judged >= {
        "selective_page.4k.pandas",
        "selective_page.8k.round_trips",
        "selective_page.8k.against_4k",
        "unfiltered_sort.8k.scans",
        "contains.8k.scans",
        "by_hour_and_model.8k.pandas",
        "ingest.server_cpu.xadd",
        "ingest.server_cpu.rollups",
        "bytes.8k.with_48_of_ids",
        "bytes.8k.hash_each",
        "ingest.fold",
        "memory.8k.private",
        "memory.8k.mapped",
        "memory.8k.hot_columns",
        "freshness.p95",
        "csv.8k",
        "csv.8k.memory",
        "start.8k",
    }


def test_each_figure_is_in_the_promised_shape(results: dict[str, Any]) -> None:
    figures = [row for name, row in results.items() if name != "about"]
    assert all(set(row) == SHAPE and row["ours"] > 0 and row["runs"] == 1 for row in figures)


def test_the_results_tell_machine_commit_and_versions(results: dict[str, Any]) -> None:
    assert set(results["about"]) >= {"machine", "commit", "versions"}


def test_each_missed_target_is_printed(run: tuple[Path, str], results: dict[str, Any]) -> None:
    missed = {name for name, row in results.items() if name != "about" and row["met"] is False}
    assert {
        line.split()[1].rstrip(":") for line in run[1].splitlines() if line.startswith("missed:")
    } == missed


def test_nothing_but_the_results_is_left_behind(run: tuple[Path, str]) -> None:
    assert {path.name for path in run[0].iterdir()} == {"results.json", "results.md"}
