"""Know how a door hands out its names: each is loaded when it is first used 门."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # checkers take it for true; importing typing would cost more than all this
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def lazy(
    door: str, promised: Sequence[str], rooms: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for the package *door*.

    Args:
        door: The name of the package.
        promised: Its ``__all__``.
        rooms: What each module has: its names, with spaces between. A module below the package
            begins with a dot.
    """
    homes = {name: room for room, names in rooms.items() for name in names.split()}

    def loaded(name: str) -> object:
        if name not in homes:
            msg = f"module {door!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module(homes[name], door), name)

    return loaded, lambda: list(promised)
