"""Know how the command line listens to the log: lines on stderr, down to the level of the settings.

The library configures no logging; a host that embeds it listens to ``szunion`` as it likes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from szunion.cli.streams import put
from szunion.log import LEVELS, ROOT, Lines


class _Stderr(logging.Handler):
    """Writes each line to what stderr is then."""

    def emit(self, record: logging.LogRecord) -> None:
        put(self.format(record), err=True)


def listen(word: str) -> Callable[[], None]:
    """Write what is said at a level of :data:`szunion.log.LEVELS` to stderr; return how to stop."""
    logger, handler = logging.getLogger(ROOT), _Stderr(LEVELS[word])
    handler.setFormatter(Lines())
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(min(LEVELS[word], logger.getEffectiveLevel()))  # others may listen, too

    def stop() -> None:
        logger.removeHandler(handler)
        logger.setLevel(before)

    return stop
