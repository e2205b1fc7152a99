"""The log: sealed in the order of commits, and checked from outside by its lines alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.offices import Town, applicant, clock_of, engine, office_on, officer, town_on

from szunion.adapters.keys.file import signed_by
from szunion.application.audit import AuditLog
from szunion.domain.access import Role
from szunion.domain.audit import Checkpoint
from szunion.domain.audit_export import Finding, Verified, verify
from szunion.errors import NotAllowed


def log_of(town: Town) -> AuditLog:
    return AuditLog(town.office, engine())


def checked(town: Town, lines: Sequence[str], known: Checkpoint | None = None) -> Verified:
    return verify(lines, town.office.signer.public, signed_by, known)


def test_every_change_is_sealed_once_and_the_export_verifies(town: Town) -> None:
    town.admit(0, applicant(1))
    first = log_of(town).seal()
    town.admit(1, applicant(2))
    second = log_of(town).seal_all()

    assert first is not None
    assert second is not None
    assert first.size < second.size
    assert log_of(town).seal() is None
    lines = list(log_of(town).export())
    result = checked(town, lines, first)
    assert result.sound
    assert result.entries == second.size
    assert result.root == second.frontier.root
    assert result.checkpoints == 2


def test_the_unsealed_tail_is_told(town: Town) -> None:
    log_of(town).seal_all()
    assert log_of(town).state().unsealed == 0
    town.admit(0, applicant(1))
    clock_of(town.office).advance(seconds=2)
    state = log_of(town).state()

    assert state.unsealed == 2
    assert state.oldest_unsealed_seconds == 2.0


def test_a_cut_tail_and_a_fork_are_found_by_who_kept_a_checkpoint(town: Town) -> None:
    town.admit(0, applicant(1))
    early = log_of(town).seal_all()
    before = list(log_of(town).export())
    town.admit(0, applicant(2))
    late = log_of(town).seal_all()

    assert checked(town, before).sound
    assert [p.finding for p in checked(town, before, late).problems] == [Finding.CUT]
    other = town_on(office_on("memory", town.office.storage.__class__, seed=9))  # type: ignore[arg-type]
    for index in range(3, 9):
        other.admit(0, applicant(index))
    log_of(other).seal_all()
    forked = checked(other, list(log_of(other).export()), early)
    assert [p.finding for p in forked.problems] == [Finding.FORK]


def test_only_the_log_s_own_signer_counts(town: Town) -> None:
    log_of(town).seal_all()
    result = verify(list(log_of(town).export()), bytes(32), signed_by)

    assert [problem.finding for problem in result.problems] == [Finding.SIGNATURE]


def test_who_may_not_read_the_log_does_not(town: Town) -> None:
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        list(AuditLog(town.office, officer("g", Role.GRASSROOTS, town.unions[0])).export())


@pytest.fixture(scope="module")
def lines() -> tuple[Town, list[str], Checkpoint]:
    town = town_on(office_on("memory", None))  # type: ignore[arg-type]
    early = None
    for index in range(6):
        town.admit(index % 3, applicant(index))
        early = early or log_of(town).seal()
    log_of(town).seal_all()
    assert early is not None
    return town, list(log_of(town).export()), early


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    at=st.integers(0, 9_999),
    kind=st.sampled_from(["flip", "remove", "swap", "double", "cut"]),
    place=st.integers(0, 99_999),
)
def test_every_flipped_character_removed_swapped_or_doubled_line_is_found(
    lines: tuple[Town, list[str], Checkpoint], at: int, kind: str, place: int
) -> None:
    town, good, early = lines
    changed = list(good)
    at = 1 + at % (len(good) - 1)
    match kind:
        case "flip":
            place %= len(good[at])
            new = chr(ord(good[at][place]) ^ 1)
            changed[at] = good[at][:place] + new + good[at][place + 1 :]
        case "remove":
            del changed[at]
        case "swap":
            other = 1 + (at + place) % (len(good) - 1)
            changed[at], changed[other] = changed[other], changed[at]
        case "double":
            changed.insert(at, good[at])
        case _:
            del changed[at:]
    if changed == good or _only_a_doubled_checkpoint(changed, good):
        return
    last = Checkpoint(
        origin=early.origin, at=early.at, frontier=early.frontier, signer=early.signer,
        signature=early.signature,
    )  # fmt: skip
    whole = verify(good, town.office.signer.public, signed_by, last)
    assert whole.sound
    final = [line for line in good if "checkpoint" in line][-1]
    from szunion.domain.audit_export import checkpoint_from

    result = checked(town, changed, checkpoint_from(final))
    assert not result.sound


def _only_a_doubled_checkpoint(changed: list[str], good: list[str]) -> bool:
    """The same checkpoint said twice, or one the fewer: no entry is touched by that."""
    entries = [line for line in good if '"entry"' in line]
    return entries == [line for line in changed if '"entry"' in line] and set(changed) <= set(good)
