"""szunion: the system behind a city trade-union federation's member service card.

The front door is lazy: importing it, or :mod:`szunion.emv`, loads nothing else.
"""

from szunion.door import lazy

TYPE_CHECKING = False  # checkers take it for true; importing typing would cost more than all this
if TYPE_CHECKING:
    from szunion.bootstrap import UnionSystem
    from szunion.errors import SzunionError
    from szunion.nodes import Nodes
    from szunion.settings import Settings

__all__ = ["Nodes", "Settings", "SzunionError", "UnionSystem", "__version__"]
__version__ = "0.1.0"

_ROOMS = {
    ".bootstrap": "UnionSystem",
    ".errors": "SzunionError",
    ".nodes": "Nodes",
    ".settings": "Settings",
}

if not TYPE_CHECKING:  # a type checker sees the names above, and no others
    __getattr__, __dir__ = lazy(__name__, __all__, _ROOMS)
