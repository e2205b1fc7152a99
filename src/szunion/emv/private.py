"""Know how a word about a person is kept from printing 个人信息掩码.

``repr``, ``str`` and ``format`` are masked; the plain word must be asked for. It does not pickle.
"""

from __future__ import annotations

from typing import NoReturn

from attrs import field, frozen

MASK = "●●●●"


@frozen(repr=False)
class Private:
    """Text that identifies a person, or a secret. Subclasses say what may be shown of it."""

    _plain: str = field()

    def __attrs_post_init__(self) -> None:
        self._check()

    def _check(self) -> None:
        """Refuse what the text may not be; every text may be private."""

    def plain(self) -> str:
        """Return the plain text. Whoever calls this answers for where it goes."""
        return self._plain

    def masked(self) -> str:
        """Return what may be shown."""
        return MASK

    def __str__(self) -> str:
        return self.masked()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.masked()!r})"

    def __format__(self, spec: str) -> str:
        return format(self.masked(), spec)

    def __reduce__(self) -> NoReturn:
        msg = f"{type(self).__name__} does not pickle: it would leave plain text behind"
        raise TypeError(msg)
