"""The log: sealed in the order of commits, and checked from outside by its lines alone."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from tests.application.everything import everything_on
from tests.canaries import found_in_text
from tests.counting import counted, grown
from tests.log_edits import EDITS, History
from tests.offices import ENGINES, Town, applicant, clock_of, engine, office_on, officer, town_on

from szunion.adapters.keys.checks import signature_holds
from szunion.application.access import authorise
from szunion.application.audit import AuditLog
from szunion.application.office import Office
from szunion.domain.access import Operation, Role, Scope
from szunion.domain.audit import AuditEntry, commitment
from szunion.domain.audit_export import Finding, Verified, verify
from szunion.domain.merkle import proves_consistency
from szunion.domain.signed_notes import Checkpoint, Inclusion, NoteKey
from szunion.errors import InvalidInput, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork


@pytest.fixture(params=ENGINES)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """Every engine: the order of commits is each one's own business, the promise is the same."""
    made = office_on(request.param, tmp_path)
    yield made
    made.storage.close()


def log_of(town: Town) -> AuditLog:
    return AuditLog(town.office, engine())


def checked(town: Town, lines: Sequence[str], known: Checkpoint | None = None) -> Verified:
    return verify(lines, [log_of(town).key], signature_holds, known)


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
    assert result.root == second.root
    assert result.checkpoints == 2


def test_a_checkpoint_is_a_signed_note_that_others_read(town: Town) -> None:
    """Three lines, an empty one, and a signature under the key that the verifier key names."""
    log_of(town).seal_all()
    point = log_of(town).checkpoint()
    assert point is not None

    text, _, signed = point.note.partition("\n\n")
    assert text.split("\n")[0] == log_of(town).key.name
    assert signed.startswith(f"— {log_of(town).key.name} ")
    assert Checkpoint.of(point.note) == point
    assert NoteKey.of(str(log_of(town).key)) == log_of(town).key
    assert point.signed_by(log_of(town).key, signature_holds)


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
    stranger = NoteKey(name=log_of(town).origin, public=bytes(32))
    result = verify(list(log_of(town).export()), [stranger], signature_holds)

    assert [problem.finding for problem in result.problems] == [Finding.SIGNATURE]


def test_a_changed_key_is_a_second_key(town: Town) -> None:
    """Checkpoints of either key are believed by whoever was told of both."""
    log_of(town).seal_all()
    stranger = NoteKey(name=log_of(town).origin, public=bytes(32))
    both = [stranger, log_of(town).key]

    assert verify(log_of(town).export(), both, signature_holds).sound


def test_who_may_not_read_the_log_does_not(town: Town) -> None:
    log = AuditLog(town.office, officer("g", Role.GRASSROOTS, town.unions[0]))
    for ask in (
        lambda: list(log.export()),
        lambda: log.prove(1),
        lambda: log.consistency(1, 1),
        lambda: list(log.touched("g", clock_of(town.office).now(), clock_of(town.office).now())),
    ):
        with pytest.raises(NotAllowed, match="E-ACCESS-001"):
            ask()


# --- proofs ---------------------------------------------------------------------------------------


def test_every_entry_is_proved_and_no_fresh_or_unknown_one(town: Town) -> None:
    for index in range(5):
        town.admit(index % 3, applicant(index))
        log_of(town).seal()
    ids = [
        json.loads(json.loads(line)["entry"])[1]
        for line in log_of(town).export()
        if '"entry"' in line
    ]
    for index, id_ in enumerate(ids):
        text = log_of(town).prove(id_).text
        proof = Inclusion.of(text)
        assert proof.text == text
        assert proof.index == index
        assert proof.holds(log_of(town).key, signature_holds)
        assert not proof.holds(NoteKey(name=log_of(town).origin, public=bytes(32)), signature_holds)
    town.admit(0, applicant(9))
    fresh = town.office.storage.read(
        lambda work: [json.loads(e)[1] for e in work.audit.unsealed(_scope(work), 9)]
    )
    for unknown in (fresh[0], 12345):
        with pytest.raises(NotFound, match="E-AUDIT-002"):
            log_of(town).prove(unknown)


def _scope(work: UnitOfWork) -> Scope:
    return authorise(work, engine(), Operation.AUDIT_READ)


def test_any_two_checkpoints_are_proved_consistent(town: Town) -> None:
    points = []
    for index in range(6):
        town.admit(index % 3, applicant(index))
        points.append(log_of(town).seal())
    for at, old in enumerate(points):
        for new in points[at:]:
            assert old is not None
            assert new is not None
            proof = log_of(town).consistency(old.size, new.size)
            assert proves_consistency(old.size, old.root, new.size, new.root, proof)
    with pytest.raises(NotFound, match="E-AUDIT-003"):
        log_of(town).consistency(1, 10_000)


@pytest.mark.parametrize("text", ["", "nothing", "a\n1\nAA==\n\n— a AA==\n", "a\n01\n\n\n"])
def test_what_is_no_checkpoint_no_key_and_no_proof_is_refused(text: str) -> None:
    for read in (Checkpoint.of, NoteKey.of, Inclusion.of):
        with pytest.raises(InvalidInput, match="E-AUDIT-001"):
            read(text)


def test_whoever_takes_the_log_away_or_asks_after_somebody_is_in_it(town: Town) -> None:
    """An export and a breach scope are entries, written before the first line leaves."""
    now = clock_of(town.office).now()
    log = AuditLog(town.office, officer("city-1", Role.AUDITOR))
    next(log.export())
    list(log.touched("g-0", now, now))
    log_of(town).seal_all()

    said = [json.loads(json.loads(line)["entry"]) for line in log.lines() if '"entry"' in line]
    assert [(each[3], each[7], each[11]) for each in said[-2:]] == [
        ("city-1", "audit.export", ""), ("city-1", "audit.scope", "g-0"),
    ]  # fmt: skip


# --- what is in it --------------------------------------------------------------------------------


def test_the_scope_of_a_breach_is_every_entry_of_that_account_in_that_time(town: Town) -> None:
    clock = clock_of(town.office)
    town.admit(0, applicant(1))
    clock.advance(days=1)
    start = clock.now()
    taken = [town.admit(0, applicant(2)), town.admit(0, applicant(3))]
    town.admit(1, applicant(4))
    end = clock.advance(days=1)
    town.admit(0, applicant(5))

    found = list(log_of(town).touched("g-0", start, end))
    assert {each.entry.person for each in found} == set(taken)
    assert {each.actor for each in found} == {"g-0"}
    assert not list(log_of(town).touched("nobody", start, end))


@pytest.mark.parametrize("sealed", [True, False])
def test_the_scope_of_a_breach_is_asked_in_pages(town: Town, *, sealed: bool) -> None:
    """However much the account touched: the store is not asked once an entry."""
    log, start, index, asked = log_of(town), clock_of(town.office).now(), 0, []
    for size in (2, 5):
        for _ in range(size):
            town.admit(0, applicant(index := index + 1))
        if sealed:
            log.seal_all()
        with counted() as each:
            found = list(log.touched("g-0", start, start + timedelta(days=1)))
        assert len({entry.entry.person for entry in found} - {0}) == index
        asked.append(each)
    assert grown(*asked) == {}


def test_nothing_personal_is_in_a_leaf_even_where_a_clerk_typed_it(town: Town) -> None:
    """Numbers that people type where a paper's number belongs are masked before they are hashed."""
    one = applicant(1)
    person = town.admit(0, one)
    number, mobile = one.document.number.plain(), one.mobile.plain() if one.mobile else ""
    entry = AuditEntry(
        action="person.correct", subject=person, person=person,
        reason=f"身份证{number}，电话{mobile}，卡6222021234567890123，粤工字12345678号",
    )  # fmt: skip
    town.office.storage.run(lambda work: work.audit.add(_scope(work), entry))
    log_of(town).seal_all()

    text = "\n".join(log_of(town).export())
    assert not found_in_text(text)
    assert "粤工字12345678号" in text
    assert "6222021234567890123" not in text


def test_a_commitment_is_provable_with_the_salt_and_says_nothing_without_it(town: Town) -> None:
    """The leaf stays when the salt goes: the tree is valid, the link to the value is cut."""
    salt, other = b"s" * 16, b"o" * 16
    said = commitment(salt, "name", "旧名")
    entry = AuditEntry(action="person.correct", subject=7, committed={"name": said})
    town.office.storage.run(lambda work: work.audit.add(_scope(work), entry))
    log_of(town).seal_all()
    lines = list(log_of(town).export())

    assert checked(town, lines).sound
    assert any(said in line for line in lines)
    assert commitment(salt, "name", "旧名") == said
    assert commitment(other, "name", "旧名") != said
    assert commitment(salt, "document", "旧名") != said


# --- edits ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def history() -> History:
    town = town_on(office_on("memory", None))  # type: ignore[arg-type]
    log, sizes = log_of(town), []
    for index in range(12):
        town.admit(index % 3, applicant(index))
        if index % 3 == 0:
            sealed = log.seal()
            sizes.append(sealed.size if sealed else 0)
    log.seal_all()
    lines = list(log.export())
    made = History(
        entries=tuple(json.loads(line)["entry"] for line in lines if line.startswith('{"entry"')),
        sizes=tuple(sizes), signer=town.office.signer, origin=log.origin,
    )  # fmt: skip
    assert made.lines() == lines, "the edits start from what was really exported"
    return made


def not_found(log: History, kind: str, rounds: int) -> list[list[str]]:
    """Make edits; return those that a verifier with one older checkpoint does not find."""
    chance, missed = random.Random(kind), []
    for _ in range(rounds):
        known = chance.choice(log.sizes)
        lines = EDITS[kind](log, known, chance)
        held = log.checkpoint(log.entries[:known])
        if verify(lines, [log.key], signature_holds, held).sound:
            missed.append(lines)
    return missed


@pytest.mark.parametrize("kind", EDITS)
def test_every_edit_is_found_by_who_holds_one_older_checkpoint(history: History, kind: str) -> None:
    assert not_found(history, kind, 150) == []


@pytest.mark.soak
@pytest.mark.parametrize("kind", EDITS)
def test_ten_thousand_edits_of_each_kind_are_found(history: History, kind: str) -> None:
    assert not_found(history, kind, 10_000) == []


def test_a_stolen_key_is_found_out_by_the_checkpoint_alone(history: History) -> None:
    """Without one, what was signed again looks whole: it is the outside that tells."""
    chance = random.Random(1)
    for kind in ("fork", "older backup", "signed again with the stolen key"):
        lines = EDITS[kind](history, history.sizes[0], chance)
        assert verify(lines, [history.key], signature_holds).sound


#: What these entries name is an item or a number, and no state.
STATELESS = {"pack", "number"}


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_the_log_tells_the_life_of_each_thing_without_a_hole(kind: str, tmp_path: Path) -> None:
    """Of all that a member has, each entry begins with the state in which the last one ended."""
    full = everything_on(office_on(kind, tmp_path))
    full.end()

    def look(work: UnitOfWork) -> list[AuditEntry]:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        return [each.entry for each in work.audit.of_person(scope, full.person)]

    ends: dict[tuple[int, str], str] = {}
    for entry in full.office.storage.read(look):
        thing = (entry.subject, entry.action.split(".")[0])
        if thing[1] not in STATELESS and (entry.before or entry.after):
            assert entry.before == ends.get(thing, entry.before), entry.action
            assert entry.after, entry.action
            ends[thing] = entry.after
    assert len({noun for _, noun in ends}) > 9, "else little is looked at"
    full.office.storage.close()
