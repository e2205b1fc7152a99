"""A command that needs no system loads none: looking up a code is quick."""

from __future__ import annotations

import subprocess
import sys


def test_a_code_is_explained_without_loading_the_system() -> None:
    script = (
        "import sys, szunion.cli.explain;"
        "print(sorted(name for name in sys.modules if name.startswith('szunion.')))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    for heavy in (b"szunion.bootstrap", b"szunion.application", b"szunion.adapters"):
        assert heavy not in loaded.stdout
