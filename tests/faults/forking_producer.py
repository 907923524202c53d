"""Run as a program: a gateway that forks workers after it has recorded, as a pre-forking server does.

Arguments: store URL, number of children. Parent and each child record ten requests.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from helix_dash.log.recorder import Recorder
from request_records import a_request


def record_ten(recorder: Recorder, user: str) -> int:
    taken = recorder.record_many([a_request(minute, user=user) for minute in range(10)])
    return 10 - taken + recorder.close(timeout=30)


def main(url: str, children: int) -> int:
    recorder = Recorder(url)
    recorder.record(a_request(user="before"))
    forked = []
    for number in range(children):
        pid = os.fork()
        if pid == 0:
            os._exit(record_ten(recorder, f"child{number}"))
        forked.append(pid)
    failed = [os.waitpid(pid, 0)[1] for pid in forked]
    return sum(failed) + record_ten(recorder, "parent")


raise SystemExit(main(sys.argv[1], int(sys.argv[2])))
