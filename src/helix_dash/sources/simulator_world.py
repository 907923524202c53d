"""Who and what the simulated traffic is made of: real models at their real prices, invented people.

Everything here follows from the seed, so the same seed always has the same teams, users and favourites.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import accumulate

from helix_dash import money
from helix_dash.log.schema import PICO

PRICED_AT = datetime(2026, 11, 1, tzinfo=UTC)
"""The day whose prices the simulated traffic pays, so that the same seed costs the same tomorrow."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices of one token of each class, in 10⁻¹² dollars."""

    uncached: int
    cached: int
    cache_write: int
    visible: int
    reasoning: int


@dataclass(frozen=True, slots=True)
class Model:
    """One model and how it behaves.

    Args:
        name: as its provider names it.
        provider: as LiteLLM names it.
        popularity: its share of the calls, relative to the others of its kind.
        first_token_ms: the median time to the first token.
        tokens_per_second: how fast it writes then.
        reasoning: the share of its output that is reasoning.
        caching: the share of its long prompts whose beginning the provider still knows.
        dimensions: the length of its vectors; 0 when it is not for embeddings.
    """

    name: str
    provider: str
    popularity: float
    first_token_ms: float
    tokens_per_second: float
    reasoning: float = 0.0
    caching: float = 0.0
    dimensions: int = 0


MODELS = (
    Model("gpt-5.2", "openai", 10, 620, 90, reasoning=0.45, caching=0.5),
    Model("gpt-5-mini", "openai", 14, 420, 130, reasoning=0.3, caching=0.5),
    Model("gpt-4o", "openai", 12, 380, 95, caching=0.45),
    Model("gpt-4o-mini", "openai", 18, 310, 120, caching=0.45),
    Model("claude-opus-4-5", "anthropic", 3, 1150, 60, reasoning=0.2, caching=0.6),
    Model("claude-sonnet-4-5", "anthropic", 13, 780, 78, caching=0.6),
    Model("claude-haiku-4-5", "anthropic", 9, 400, 150, caching=0.55),
    Model("gemini-2.5-pro", "vertex_ai", 5, 900, 85, reasoning=0.4, caching=0.3),
    Model("gemini-2.5-flash", "vertex_ai", 9, 350, 180, caching=0.3),
    Model("mistral-small-latest", "mistral", 3, 290, 110),
    Model("llama-3.3-70b-versatile", "groq", 4, 140, 280),
    Model("house-llama-8b", "hosted_vllm", 2, 95, 70),
)
"""For chats. The last one runs in the house and has no price: it shows what unpriced looks like."""

EMBEDDERS = (
    Model("text-embedding-3-small", "openai", 8, 90, 0, dimensions=1536),
    Model("text-embedding-3-large", "openai", 2, 130, 0, dimensions=3072),
)

_TEAMS = {
    "acme": ("search", "support", "research", "platform"),
    "globex": ("assistants", "analytics", "marketing"),
    "initech": ("backoffice", "legal"),
}
_NAMES = (
    "ada alan amir ana ben bo carla chen dana dev elif emil eva femi finn gita hana hugo ida igor ines ivo jana "
    "jin joy kai kofi lara lea lin luis mai marta max mei mina nadia niko nora olga omar otto paula pia quinn "
    "rafa rosa sam sara sven tara tomas uma vera viktor wei yara yusuf zoe"
)
_FEATURES = ("chat", "summary", "extract", "translate", "code", "search", "triage", "report")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who calls models: a colleague, or a service (``svc-search``)."""

    user: str
    team: str
    organization: str
    keys: tuple[str, ...]
    tags: tuple[tuple[str, ...], ...]
    serves_customers: bool
    cumulative: tuple[float, ...]  # of the popularity of MODELS with this person


class World:
    """The people and their favourites.

    Args:
        seed: the same seed is the same world.
    """

    def __init__(self, seed: int) -> None:
        draw = random.Random(f"world {seed}")  # noqa: S311 - nothing here is a secret
        names = _NAMES.split()
        draw.shuffle(names)
        self.people: list[Person] = []
        for organization, teams in _TEAMS.items():
            for team in teams:
                users = [f"svc-{team}", *(names.pop() for _ in range(draw.randint(4, 8)) if names)]
                self.people += [_person(draw, user, team, organization) for user in users]
        draw.shuffle(self.people)
        # Zipf: the busiest person calls about as often as all of the second half together.
        self.cumulative = tuple(accumulate(1 / (rank + 1) ** 0.9 for rank in range(len(self.people))))
        self.rates = {model.name: rates(model) for model in (*MODELS, *EMBEDDERS)}
        # What is asked again and again, by few favourites and a long tail.
        self.prompts = tuple(f"{draw.getrandbits(128):032x}" for _ in range(3000))
        self.teams: dict[str, list[Person]] = {}
        for person in self.people:
            self.teams.setdefault(person.team, []).append(person)


def _person(draw: random.Random, user: str, team: str, organization: str) -> Person:
    service = user.startswith("svc-")
    liking = [model.popularity * draw.lognormvariate(0, 1) for model in MODELS]
    stage = "prod" if service else "dev"
    features = draw.sample(_FEATURES, 3)
    return Person(
        user=user,
        team=team,
        organization=organization,
        keys=(f"{team}-{stage}",) if service else (f"{user}-{stage}", f"{team}-shared"),
        tags=((f"env:{stage}",), *((f"env:{stage}", f"feature:{feature}") for feature in features)),
        serves_customers=service and team in {"support", "assistants", "search"},
        cumulative=tuple(accumulate(liking)),
    )


def rates(model: Model) -> Rates | None:
    """The prices of ``model`` per token; ``None`` when the table does not know it."""

    def one(**thousand: int) -> int | None:
        cost = money.price(model.name, model.provider, at=PRICED_AT, **thousand)
        return None if cost is None else int(cost * PICO / 1000)

    uncached = one(uncached=1000)
    if uncached is None:
        return None
    return Rates(
        uncached,
        one(cached=1000) or 0,
        one(cache_write=1000) or 0,
        one(visible=1000) or 0,
        one(reasoning=1000) or 0,
    )


def dollars(pico: int) -> Decimal:
    """``pico`` × 10⁻¹² dollars, exact."""
    return Decimal(pico).scaleb(-12)
