"""Run as a program: a fold that signals itself when it has done a named step.

Arguments: store URL, step, signal number. Prints the step's outcome if it survives.
"""

from __future__ import annotations

import os
import sys

from helix_dash.errors import StoreError
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention


def main(url: str, where: str, signal_number: int) -> None:
    struck = False

    def strike(step: str) -> None:
        nonlocal struck
        if step == where and not struck:
            struck = True
            os.kill(os.getpid(), signal_number)

    try:
        print(Fold(url, retention=Retention(4000), owner=f"stopping-{os.getpid()}", pause=strike).step())
    except StoreError as error:
        print(error)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
