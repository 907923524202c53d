"""One colour per entity, the same on every page: its rank over the last 30 days decides, whatever is filtered."""

from __future__ import annotations

from collections.abc import Sequence

from helix_dash.ui.charts import OTHERS, PALETTE


def fixed_colour(name: str | None, order: Sequence[str | None]) -> str:
    """The colour that ``name`` has on every page; grey for what is beyond the palette."""
    rank = order.index(name) if name in order else len(PALETTE)
    return PALETTE[rank] if rank < len(PALETTE) else OTHERS


def entity_colours(names: Sequence[str | None], order: Sequence[str | None]) -> dict[str | None, str]:
    """A colour for each of ``names``.

    The first of ``order`` have the palette's colours, always. One beyond them takes the colour of its rank counted
    round, or, when that is taken by another in view, the first that is free; with all taken it is grey.
    """
    fixed = {name: PALETTE[rank] for rank, name in enumerate(order[: len(PALETTE)])}
    colours = {name: fixed[name] for name in names if name in fixed}
    ranks = {name: rank for rank, name in enumerate(order)}
    for name in sorted(
        (name for name in names if name not in fixed), key=lambda name: ranks.get(name, len(ranks))
    ):
        own = PALETTE[ranks[name] % len(PALETTE)] if name in ranks else ""
        free = [colour for colour in PALETTE if colour not in colours.values()]
        colours[name] = own if own in free else free[0] if free else OTHERS
    return colours
