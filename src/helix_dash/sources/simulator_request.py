"""One simulated request: what was asked, who answered, how it ended, how long it took, what it cost.

Distributions are chosen to look like a gateway's: sizes and durations are log-normal, a few percent go wrong,
and what goes wrong is filled in the way the LiteLLM hook fills it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from random import Random

from helix_dash.log.entry_key import entry_key
from helix_dash.log.schema import RequestRecord
from helix_dash.model import CacheOutcome, Status
from helix_dash.sources.simulator_world import EMBEDDERS, MODELS, Model, Person, World, dollars


@dataclass(frozen=True, slots=True)
class Mood:
    """What is unusual at a moment.

    Args:
        storm_team: the team whose runaway script meets the rate limits; empty when there is none.
        slow_provider: the provider that answers late; empty when there is none.
    """

    storm_team: str = ""
    slow_provider: str = ""


CALM = Mood()

_ERRORS = (
    ("Timeout", 408),
    ("InternalServerError", 500),
    ("ServiceUnavailableError", 503),
    ("APIConnectionError", 500),
    ("BadRequestError", 400),
    ("ContextWindowExceededError", 400),
    ("AuthenticationError", 401),
)
_ERROR_WEIGHTS = (4, 4, 3, 2, 3, 2, 1)
_LIMITERS = ("rpm", "tpm", "budget", "parallel", "provider")
_LIMITER_WEIGHTS = (3, 4, 1, 1, 4)
_ENTITIES = ("EMAIL_ADDRESS", "PHONE_NUMBER", "PERSON", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "IP_ADDRESS")
_ENTITY_WEIGHTS = (8, 5, 6, 2, 2, 1, 2)
_LIMITS = {"openai": (10_000, 2_000_000), "anthropic": (4_000, 400_000), "groq": (1_000, 300_000)}
"""What providers that tell allow in a minute: requests, tokens."""

_CACHING_TEAMS = frozenset({"support", "search", "assistants", "backoffice"})
"""Teams whose gateway keys have the semantic cache on; the others have the exact one."""


def draw_request(draw: Random, world: World, person: Person, mood: Mood, time: datetime) -> RequestRecord:
    """One request of ``person`` that ended at ``time``; ``draw`` decides everything else."""
    embeds = draw.random() < (0.45 if person.team == "search" else 0.08)
    if embeds:
        model = draw.choices(EMBEDDERS, (8, 2))[0]
    else:
        model = draw.choices(MODELS, cum_weights=person.cumulative)[0]
    record = RequestRecord(
        time=time,
        status=Status.SUCCESS,
        source="simulated",
        organization=person.organization,
        http_code=200,
        model=model.name,
        model_requested=model.name,
        provider=model.provider,
        endpoint="embeddings" if embeds else "chat",
        call_type="aembedding" if embeds else "acompletion",
        user=person.user,
        team=person.team,
        key_alias=draw.choice(person.keys),
        tags=draw.choice(person.tags),
        guardrail="success" if person.serves_customers else "not_run",
        retries=0,
        fallbacks=0,
        overhead_ms=round(draw.lognormvariate(2.0, 0.5), 3),
    )
    if person.serves_customers:
        record.end_user = f"customer-{int(draw.paretovariate(0.9)) % 900}"
    if embeds:
        _embed(draw, world, record, model, mood)
    else:
        _chat(draw, world, record, model, mood)
    _outcome(draw, world, record, model, mood)
    _guarded(draw, record)
    return record


def _guarded(draw: Random, record: RequestRecord) -> None:
    """Which guardrails looked, when, and how long they took: the last thing drawn, so that all else stays as it was."""
    if record.guardrail == "not_run":
        return
    names, modes = ["pii-mask"], ["pre_call"]
    took = draw.lognormvariate(3.0, 0.4)
    if draw.random() < 0.3 and record.status == Status.SUCCESS:
        names, modes = ["answer-check"], ["post_call"]
        took = draw.lognormvariate(4.2, 0.4)
    if record.status == Status.BLOCKED:
        names = ["secrets-block"]
    record.guardrail_name, record.guardrail_mode = ";".join(names), ";".join(modes)
    record.guardrail_ms = round(took, 3)


def _chat(draw: Random, world: World, record: RequestRecord, model: Model, mood: Mood) -> None:
    prompt = min(20 + int(draw.lognormvariate(6.2, 1.2)), 60_000)
    answer = min(5 + int(draw.lognormvariate(5.2, 0.8)), 6_000)
    known = written = 0
    if prompt > 1024 and draw.random() < model.caching:
        known = int(prompt * draw.uniform(0.5, 0.95)) // 128 * 128
    elif prompt > 1024 and model.provider == "anthropic" and draw.random() < 0.4:
        written = int(prompt * draw.uniform(0.5, 0.95))
    record.uncached_tokens = prompt - known - written
    record.cached_tokens = known
    record.cache_write_tokens = written
    record.reasoning_tokens = int(answer * model.reasoning * draw.uniform(0.2, 1.8))
    record.visible_tokens = answer
    record.stream = draw.random() < 0.65
    record.finish_reason = draw.choices(("stop", "tool_calls", "length"), (88, 9, 3))[0]
    repeated = draw.random() < 0.35
    record.prompt_hash = (
        world.prompts[int(draw.paretovariate(0.7)) % len(world.prompts)]
        if repeated
        else f"{draw.getrandbits(128):032x}"
    )
    if draw.random() < 0.4:
        record.session_id = f"{record.user}-{record.time:%m%d%H}"
    slow = draw.uniform(3, 6) if mood.slow_provider == model.provider else 1.0
    first = slow * model.first_token_ms * draw.lognormvariate(0, 0.35) * (0.6 if known else 1.0)
    rest = (answer + record.reasoning_tokens) / (model.tokens_per_second * draw.uniform(0.8, 1.2)) * 1000
    record.latency_ms = round(record.overhead_ms + first + rest * slow**0.5, 3)  # type: ignore[operator]
    record.ttft_ms = round(record.overhead_ms + first, 3) if record.stream else None  # type: ignore[operator]


def _embed(draw: Random, world: World, record: RequestRecord, model: Model, mood: Mood) -> None:
    batch = 1 if draw.random() < 0.55 else draw.choice((8, 16, 32, 64, 96))
    record.batch_size = batch
    record.embedding_dimensions = model.dimensions
    record.uncached_tokens = batch * min(4 + int(draw.lognormvariate(4.3, 0.7)), 2_000)
    record.cached_tokens = record.cache_write_tokens = record.visible_tokens = record.reasoning_tokens = 0
    record.stream = False
    bits = draw.getrandbits(128)
    # About one in eight texts is embedded once more: the same documents are indexed again and again.
    record.prompt_hash = world.prompts[(bits >> 64) % 97] if bits % 8 == 0 else f"{bits:032x}"
    slow = draw.uniform(3, 6) if mood.slow_provider == model.provider else 1.0
    record.latency_ms = round(slow * (model.first_token_ms * draw.lognormvariate(0, 0.3) + 1.5 * batch), 3)


def _outcome(draw: Random, world: World, record: RequestRecord, model: Model, mood: Mood) -> None:
    """Decide how it ends, and fill in what follows from that."""
    fate = draw.random()
    errors = 0.08 if mood.slow_provider == model.provider else 0.011
    if mood.storm_team == record.team and fate < 0.75:
        _throttle(draw, record, ("rpm", "tpm"), (1, 2))
    elif fate < 0.004 + errors:
        if fate < 0.004:
            _throttle(draw, record, _LIMITERS, _LIMITER_WEIGHTS)
        else:
            name, code = draw.choices(_ERRORS, _ERROR_WEIGHTS)[0]
            _fail(record, Status.ERROR, code, name)
    elif fate > 0.985 and record.endpoint == "chat":
        _guardrail(draw, world, record, model)
    elif fate > 0.981 and record.stream:
        _answer(draw, world, record, model)
        record.status, record.http_code, record.error_class = Status.CANCELLED, 499, "ClientDisconnected"
        record.finish_reason = None
    else:
        _answer(draw, world, record, model)


def _answer(draw: Random, world: World, record: RequestRecord, model: Model) -> None:
    """A success: from the gateway's cache, or from the provider and to be paid."""
    eligible = record.endpoint == "chat" and record.finish_reason != "tool_calls"
    semantic = record.team in _CACHING_TEAMS
    record.cache_key = entry_key(entry_name(record)) if eligible else None
    luck = draw.random()
    if eligible and luck < 0.07:
        _hit(draw, world, record, model, CacheOutcome.EXACT)
        return
    if eligible and semantic and luck < 0.16:
        _hit(draw, world, record, model, CacheOutcome.SEMANTIC)
        return
    record.cache = CacheOutcome.MISS if eligible else CacheOutcome.BYPASS
    if eligible and semantic:
        record.similarity = round(draw.betavariate(3, 3) * 0.85, 4)
    _pay(world, record, model)
    if draw.random() < 0.015:
        record.retries = draw.choice((1, 1, 1, 2))
        record.latency_ms = round((record.latency_ms or 0) + draw.uniform(300, 2500) * record.retries, 3)
    elif record.endpoint == "chat" and draw.random() < 0.004:
        record.fallbacks, record.model_requested = 1, draw.choice(MODELS).name
    limits = _LIMITS.get(model.provider)
    if limits:
        record.limit_requests, record.limit_tokens = limits
        free = 1 - draw.betavariate(1.5, 6)
        record.remaining_requests = int(limits[0] * free)
        record.remaining_tokens = int(limits[1] * free * draw.uniform(0.7, 1))


def entry_name(record: RequestRecord) -> str:
    """The digest that the simulated gateway's cache keeps the answer under."""
    return hashlib.sha256(f"{record.prompt_hash}{record.model}".encode()).hexdigest()


def _pay(world: World, record: RequestRecord, model: Model) -> None:
    rates = world.rates[model.name]
    record.priced = rates is not None
    if rates is not None:
        record.cost_usd = dollars(
            (record.uncached_tokens or 0) * rates.uncached
            + (record.cached_tokens or 0) * rates.cached
            + (record.cache_write_tokens or 0) * rates.cache_write
            + (record.visible_tokens or 0) * rates.visible
            + (record.reasoning_tokens or 0) * rates.reasoning
        )


def _hit(draw: Random, world: World, record: RequestRecord, model: Model, outcome: CacheOutcome) -> None:
    """The gateway's cache answers: nothing is used or paid, and what was avoided is known."""
    _pay(world, record, model)
    record.avoided_cost_usd, record.cost_usd, record.priced = record.cost_usd, dollars(0), True
    record.uncached_tokens = record.cached_tokens = record.cache_write_tokens = 0
    record.visible_tokens = record.reasoning_tokens = 0
    record.cache = outcome
    record.cache_age_ms = round(draw.expovariate(1 / 3) * 3_600_000, 3)
    stranger = draw.random() < 0.03
    record.cache_owner = draw.choice(world.people if stranger else world.teams[record.team or ""]).user
    if outcome is CacheOutcome.SEMANTIC:
        record.similarity = round(1 - draw.betavariate(1.6, 9) * 0.2, 4)
        record.latency_ms = round(draw.lognormvariate(4.2, 0.3), 3)
    else:
        record.latency_ms = round(draw.lognormvariate(2.0, 0.4), 3)
    record.overhead_ms = record.latency_ms
    record.ttft_ms = record.latency_ms if record.stream else None


def _guardrail(draw: Random, world: World, record: RequestRecord, model: Model) -> None:
    """A guardrail found personal data: mostly it masks them and the request goes on, sometimes it refuses."""
    found = draw.choices(_ENTITIES, _ENTITY_WEIGHTS, k=draw.choice((1, 1, 1, 2, 3)))
    record.pii = {entity: found.count(entity) for entity in set(found)}
    if draw.random() < 0.75:
        record.guardrail = "success"
        _answer(draw, world, record, model)
    else:
        _fail(record, Status.BLOCKED, 400, "BlockedPiiEntityError")
        record.guardrail = "intervened"


def _throttle(
    draw: Random, record: RequestRecord, limiters: tuple[str, ...], weights: tuple[int, ...]
) -> None:
    record.limiter = draw.choices(limiters, weights)[0]
    _fail(
        record,
        Status.THROTTLED,
        429,
        "BudgetExceededError" if record.limiter == "budget" else "RateLimitError",
    )


def _fail(record: RequestRecord, status: Status, code: int, error_class: str) -> None:
    """No answer: nothing was used, nothing is paid, and only a failure of the provider takes its time."""
    record.status, record.http_code, record.error_class = status, code, error_class
    record.uncached_tokens = record.cached_tokens = record.cache_write_tokens = None
    record.visible_tokens = record.reasoning_tokens = None
    record.finish_reason = record.ttft_ms = record.embedding_dimensions = None
    if code == 408:
        record.latency_ms = 30_000.0 + (record.overhead_ms or 0)
    elif code < 500:
        record.latency_ms = record.overhead_ms
