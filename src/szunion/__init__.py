"""szunion: the system behind a city trade-union federation's member service card.

The front door is lazy: importing it, or :mod:`szunion.emv`, loads nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from szunion.bootstrap import UnionSystem
    from szunion.errors import SzunionError
    from szunion.nodes import Nodes
    from szunion.settings import Settings

__all__ = ["Nodes", "Settings", "SzunionError", "UnionSystem", "__version__"]
__version__ = "0.1.0"

_BEHIND = {
    "Nodes": "szunion.nodes",
    "Settings": "szunion.settings",
    "SzunionError": "szunion.errors",
    "UnionSystem": "szunion.bootstrap",
}


def __getattr__(name: str) -> object:
    if name in _BEHIND:
        return getattr(import_module(_BEHIND[name]), name)
    msg = f"module 'szunion' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
