"""Know how a test runs command lines in a child process with real readers: a JSON line for each.

libpcsclite reads the name of its socket once, so the commands that go over a daemon of ours live
in a process of their own: ``{"words": [...], "stdin": ""}`` in, ``{"status": .., "out": ..,
"err": ..}`` out.
"""

# ruff: noqa: T201 - it speaks with its parent over stdout

from __future__ import annotations

import json
import sys

from tests.cli.speaking import say


def main() -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        told = say(order["words"], order.get("stdin", ""))
        answer = {"status": told.status, "out": told.out, "err": told.err}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
