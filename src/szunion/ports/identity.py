"""Know what szunion asks of somebody who can say that a person is who they say."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from szunion.domain.identity import IdentityDocument, PersonName
from szunion.domain.officers import Post


class Proof(Enum):
    """What a proof of identity came to. It has no truth value on purpose."""

    PROVED = "PROVED"
    WRONG = "WRONG"
    NO_ANSWER = "NO_ANSWER"
    """The provider did not answer: it is not counted as wrong."""

    def __bool__(self) -> bool:
        msg = "match on the proof: no answer is not wrong"
        raise TypeError(msg)


@frozen(kw_only=True)
class Claimed:
    """Who somebody says they are, and the second thing they have."""

    name: PersonName
    document: IdentityDocument
    second: str = field(repr=False)
    """A code sent to the mobile on file, the card's tail, or the portal's own token."""


class IdentityProofs(Protocol):
    """A provider of real-name proofs (实名认证)."""

    def prove(self, claimed: Claimed) -> Proof:
        """Return whether name, document and the second thing belong to one person."""
        ...


@runtime_checkable
class StepUp(Protocol):
    """Says whether whoever is logged in is there now (二次验证): an optional ability."""

    def confirm(self, login: str, code: str) -> Proof:
        """Return whether *code* is what the holder of *login* was just sent or shown."""
        ...


class Directory(Protocol):
    """The host's own directory of staff (人事目录), in place of the registry at the door."""

    def posts(self, login: str) -> Sequence[Post]:
        """Return the posts of a login as the host knows them now; empty: none."""
        ...
