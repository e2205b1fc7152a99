"""The crowd of a process, and what a fork leaves of it."""

from __future__ import annotations

import subprocess
import sys

FORKED = """
import os, sys
from threading import Event

from szunion.adapters.crowd import Combiner

crowd, decided, told, inside, go = Combiner(), [], [], Event(), Event()

def parents(wishes):
    inside.set()
    go.wait()
    decided.extend(wishes)
    return wishes

def childs(wishes):
    decided.extend(wishes)
    return wishes

crowd.ask_soon("first", parents, lambda answer: told.append(answer()))
inside.wait()
crowd.ask_soon("second", parents, lambda answer: told.append(answer()))
child = os.fork()
if not child:
    answered = crowd.ask("third", childs)
    crowd.close()
    os._exit((answered, decided, told) != ("third", ["third"], []))
status = os.waitpid(child, 0)[1]
go.set()
crowd.close()
sys.exit(status or told != ["first", "second"] or decided != told)
"""


def test_who_waits_at_a_fork_is_decided_by_the_parent_alone() -> None:
    ran = subprocess.run([sys.executable, "-c", FORKED], check=False, timeout=60)
    assert ran.returncode == 0
