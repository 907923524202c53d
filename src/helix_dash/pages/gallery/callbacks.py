"""The wire of the gallery: samples come as figures do, so that they go through the same parts."""

from __future__ import annotations

from typing import Any

from dash import no_update

from helix_dash.pages.gallery import view
from helix_dash.pages.gallery.samples import CHARTS, KINDS, WORDS
from helix_dash.ui import panel, shell
from helix_dash.ui.wiring import Callbacks

on = Callbacks()
OUTPUTS = view.outputs()


@on(output=OUTPUTS, inputs=shell.INPUTS, running=shell.RUNNING)
def show_samples(**_inputs: Any) -> dict[str, Any]:
    samples = view.show()
    return {key: samples.get(key, no_update) for key in OUTPUTS}


for _name in (*CHARTS, *KINDS, *WORDS):
    panel.wire_chart(on, _name)
