"""Know what every store promises of what desks count, end and keep: rights, calls, sign-ups.

Part of :class:`szunion.testing.storage.StoragePromises`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import pytest
from attrs import evolve

from szunion.domain.access import Operation, Purpose, Role, Scope
from szunion.domain.calls import Ticket, Tries
from szunion.domain.disclosures import Disclosure, DisclosureKind
from szunion.domain.joinings import OPEN as OPEN_JOININGS
from szunion.domain.joinings import Joining, JoiningEvent
from szunion.domain.lawful import Retention
from szunion.domain.officers import Delegation, Post
from szunion.domain.referrals import OPEN, Referral
from szunion.domain.rights import Erasure, ErasureLine, Fate
from szunion.domain.tickets import TicketEvent, TicketState
from szunion.domain.values import OrganisationId, PersonId
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork
from szunion.testing.storage_world import DAY, NOON, StorageWorld, union

_HOUR: Final = timedelta(hours=1)


class DeskPromises:
    """What every store promises of what desks count, end and keep for a term."""

    # --- disclosures --------------------------------------------------------------------------

    def test_a_day_has_so_many_rows_for_an_officer_and_no_more(self, world: StorageWorld) -> None:
        """What would pass the day's most is not kept, and does not count; another day is free."""

        def step(work: UnitOfWork, scope: Scope) -> None:
            box, kind = work.disclosures, DisclosureKind.REVEAL
            assert box.add(scope, _shown(1, rows=2), 3)
            assert not box.add(scope, _shown(2, rows=2), 3)
            assert box.add(scope, _shown(3, rows=1), 3)
            assert box.add(scope, _shown(4, rows=3, day=DAY + timedelta(days=1)), 3)
            assert [box.counted(scope, who, DAY, kind) for who in ("w", "x")] == [3, 0]
            assert [each.id for each in box.listed(scope, kind)] == [1, 3, 4]
            assert [each.id for each in box.listed(scope, kind, after=1, most=1)] == [3]

        world.run(step)

    def test_old_disclosures_end_with_their_counts_and_younger_ones_stay(
        self, world: StorageWorld
    ) -> None:
        """What is of before a day ends, the oldest first, so many at most; that day stays."""

        def step(work: UnitOfWork, scope: Scope) -> None:
            box, kind = work.disclosures, DisclosureKind.REVEAL
            for number in range(3):
                day = DAY + timedelta(days=number)
                assert box.add(scope, _shown(number + 1, rows=1, day=day), 9)
            last = DAY + timedelta(days=2)
            assert (box.older(scope, last, 9), box.older(scope, last, 1)) == (2, 1)
            assert box.older(scope, DAY, 9) == 0
            assert box.end_older(scope, last, 1) == 1
            assert [each.id for each in box.listed(scope, kind)] == [2, 3]
            assert box.end_older(scope, last, 9) == 1
            assert [each.id for each in box.listed(scope, kind)] == [3]
            assert [box.counted(scope, "w", each, kind) for each in (DAY, last)] == [0, 1]

        world.run(step)

    # --- calls ----------------------------------------------------------------------------------

    def test_an_operator_has_one_member_open(self, world: StorageWorld) -> None:
        """A second ticket of one clerk opens nobody until the first is done with."""
        first, second = _ticket(1), _ticket(2)
        until = NOON + _HOUR

        def fill(work: UnitOfWork, scope: Scope) -> None:
            for each in (first, second):
                work.calls.add(scope, each)
            assert work.calls.opening(scope, "clerk") is None
            work.calls.put(scope, first.opened(PersonId(7), until))
            found = work.calls.opening(scope, "clerk")
            assert (found and found.id, found and found.person) == (1, 7)

        world.run(fill)
        with pytest.raises(Conflict, match="E-STORE-004"):
            world.run(lambda w, scope: w.calls.put(scope, second.opened(PersonId(8), until)))

        def after(work: UnitOfWork, scope: Scope) -> None:
            now = work.calls.ticket(1)
            assert now is not None
            work.calls.put(scope, now.answered())
            assert [each.id for each in work.calls.waiting(scope, None, 9)] == [2]
            work.calls.put(scope, second.given("other"))
            assert list(work.calls.waiting(scope, "clerk", 9)) == []
            (given,) = work.calls.waiting(scope, "other", 9)
            work.calls.put(scope, given.opened(PersonId(8), until))

        world.run(after)
        world.loses(lambda work, scope: work.calls.put(scope, second.answered()), to=2)

    def test_wrong_answers_are_counted_for_each_subject(self, world: StorageWorld) -> None:
        """A count is what was kept last; nobody else's."""

        def step(work: UnitOfWork, scope: Scope) -> None:
            for wrong in (1, 2):
                work.calls.count(scope, "clerk", Tries(wrong=wrong, began=NOON))
            assert work.calls.tries(scope, "clerk") == Tries(wrong=2, began=NOON)
            assert work.calls.tries(scope, "other") == Tries()

        world.run(step)

    # --- referrals ------------------------------------------------------------------------------

    def test_a_matter_is_listed_without_words_and_kept_with_them(self, world: StorageWorld) -> None:
        """What was said comes back to who asks for one; lists, breaches and moves leave it be."""
        at, heir = OrganisationId(1), OrganisationId(2)

        def step(work: UnitOfWork, scope: Scope) -> None:
            box = work.referrals
            work.organisations.add_many(scope, [union(at), union(heir)])
            later, first = _referral(1, at, days=5), _referral(2, at, days=3)
            waits = evolve(_referral(3, at, days=9), ticket=0, state=TicketState.NEW)
            for each in (later, first, waits):
                box.add(scope, each)
            assert box.get(scope, first.id) == first
            assert box.get(scope, waits.id) == waits
            box.put(scope, evolve(waits.after(TicketEvent.WITHDRAW, NOON), watch=None))
            assert box.get(scope, first.id + 5) is None
            found = box.listed(scope, OPEN, late=False, most=9)
            assert list(found) == [first.without_words(), later.without_words()]
            assert list(box.listed(scope, OPEN, late=True, most=9)) == []
            assert list(box.due(scope, DAY + timedelta(days=1), 9)) == []
            (due,) = box.due(scope, DAY + timedelta(days=4), 9)
            box.note_breach(scope, due.overdue(DAY + timedelta(days=4), heir, NOON))
            late = box.get(scope, first.id)
            assert late is not None
            assert (late.words, late.breaches, late.raised, late.watch) == ("话", 1, heir, None)
            closed = evolve(later.after(TicketEvent.WITHDRAW, NOON), watch=None)
            box.put(scope, closed)
            assert list(box.move_open(scope, at, heir)) == [(first.id, first.person)]
            moved = box.get(scope, first.id)
            assert moved is not None
            assert (moved.organisation, moved.words) == (heir, "话")
            assert list(box.over(scope, NOON, 9)) == []
            over = list(box.over(scope, NOON + _HOUR, 9))
            assert over == [(each.id, each.person) for each in (later, waits)]
            box.end_files(scope, [id_ for id_, _ in over])
            assert [each.id for each in box.of_person(scope, first.person)] == [first.id]

        world.run(step)
        world.loses(lambda work, scope: work.referrals.put(scope, _referral(2, at, days=3)), to=2)

    # --- joinings -------------------------------------------------------------------------------

    def test_a_list_is_put_in_whole_and_goes_with_its_union(self, world: StorageWorld) -> None:
        """A sign-up comes back as it was kept; its list is replaced; what is open has an heir."""
        at, heir = OrganisationId(1), OrganisationId(2)
        first, second = PersonId((5 << 53) + 99), PersonId((6 << 53) + 98)

        def step(work: UnitOfWork, scope: Scope) -> None:
            box = work.joinings
            work.organisations.add_many(scope, [union(at), union(heir)])
            later, made, done = _joining(1, 5), _joining(2, 3), _joining(3, 1)
            for each in (later, made, done):
                box.add(scope, each)
            assert box.get(scope, made.id) == made
            assert box.get(scope, 9) is None
            assert list(box.listed(scope, OPEN_JOININGS, items=None, most=2)) == [done, made]
            assert list(box.listed(scope, OPEN_JOININGS, items=["other"], most=9)) == []
            same = box.listed(scope, OPEN_JOININGS, items=["other", "item"], most=9)
            assert list(same) == [done, made, later]
            box.put_people(scope, made, {first: False, second: True})
            box.put_people(scope, later, {first: True})
            box.put_people(scope, made, {second: False, first: True})
            assert dict(box.people(scope, made.id)) == {first: True, second: False}
            assert dict(box.of_person(scope, first)) == {later.id: True, made.id: True}
            box.put_people(scope, later, {})
            assert dict(box.people(scope, later.id)) == {}
            assert dict(box.of_person(scope, first)) == {made.id: True}
            ended = done.ended(JoiningEvent.WITHDRAW, NOON + _HOUR, "停产", "g-1")
            box.put(scope, ended)
            assert box.get(scope, done.id) == evolve(ended, version=1)
            assert list(box.past(scope, DAY + timedelta(days=3), 9)) == []
            assert list(box.past(scope, DAY + timedelta(days=6), 9)) == [made, later]
            assert list(box.past(scope, DAY + timedelta(days=6), 1)) == [made]
            assert list(box.move_open(scope, at, heir)) == [later.id, made.id]
            moved = box.get(scope, made.id)
            assert moved == evolve(made, organisation=heir, version=1)
            assert dict(box.people(scope, made.id)) == {first: True, second: False}
            left = box.get(scope, done.id)
            assert left is not None
            assert left.organisation == at

        world.run(step)
        world.loses(lambda work, scope: work.joinings.put(scope, _joining(2, 3)), to=1)

    # --- officers -------------------------------------------------------------------------------

    def test_a_post_is_held_once_and_its_end_is_kept(self, world: StorageWorld) -> None:
        """A login does not hold one post twice; who has left may come again, and both are known."""
        post = Post(id=1, login="w", role=Role.CITY, organisation=None, since=NOON, by="x")
        again = evolve(post, id=2, since=NOON + _HOUR)
        world.run(lambda work, scope: work.officers.add(scope, post))
        with pytest.raises(Conflict, match="E-STORE-004"):
            world.run(lambda work, scope: work.officers.add(scope, again))
        world.run(lambda w, scope: w.officers.put(scope, post.left(NOON + _HOUR, "gone")))
        world.loses(lambda work, scope: work.officers.put(scope, post.left(NOON, "late")), to=1)
        world.run(lambda work, scope: work.officers.add(scope, again))
        known = world.run(lambda work, _: work.officers.posts("w"))
        assert [(each.id, each.until is None) for each in known] == [(1, False), (2, True)]

    def test_who_acts_for_another_is_on_that_one_s_side(self, world: StorageWorld) -> None:
        """So are two who act for a third; what had ended when it was made counts no more."""

        def step(work: UnitOfWork, scope: Scope) -> None:
            for id_, delegate in ((1, "li"), (2, "zhao")):
                given = Delegation(
                    id=id_, delegate=delegate, delegator="wang", since=NOON, until=NOON + _HOUR,
                    operations=frozenset({Operation.PAY_WRITE}), made=NOON,
                )  # fmt: skip
                work.officers.delegate(scope, given)
            sides = [
                work.officers.one_side(*pair, NOON)
                for pair in (("wang", "wang"), ("wang", "li"), ("li", "zhao"), ("li", "sun"))
            ]
            assert sides == [True, True, True, False]
            assert not work.officers.one_side("wang", "li", NOON + _HOUR)

        world.run(step)

    # --- rights ---------------------------------------------------------------------------------

    def test_the_journal_of_erasures_says_what_is_due(self, world: StorageWorld) -> None:
        """A row is written anew, not twice; due is what runs out by a day; names lie apart."""
        line = ErasureLine(
            table="card", fate=Fate.KEPT, count=2, retention=Retention.DISPUTE, until=DAY
        )  # fmt: skip
        kept = Erasure(
            person=PersonId(5), at=NOON, by="me", request=3, lines=(line,),
            next_due=DAY + timedelta(days=1),
        )  # fmt: skip
        other = evolve(kept, person=PersonId(6), next_due=None, lines=())

        def step(work: UnitOfWork, scope: Scope) -> None:
            box = work.erasures
            for each in (other, kept):
                box.put(scope, each)
            assert box.get(scope, kept.person) == kept
            assert list(box.journal(scope, PersonId(0), 9)) == [kept, other]
            assert list(box.journal(scope, kept.person, 9)) == [other]
            assert list(box.due(scope, DAY, 9)) == []
            assert list(box.due(scope, DAY + timedelta(days=1), 9)) == [kept]
            box.put(scope, evolve(kept, next_due=None))
            assert list(box.due(scope, DAY + timedelta(days=9), 9)) == []
            box.keep_name(scope, kept.person, "Somebody", DAY)
            assert box.name_of(scope, kept.person) == ("Somebody", DAY)
            box.drop_name(scope, kept.person)
            assert box.name_of(scope, kept.person) is None

        world.run(step)


def _shown(number: int, *, rows: int, day: date = DAY) -> Disclosure:
    return Disclosure(
        id=number, kind=DisclosureKind.REVEAL, actor="w", role=Role.CITY, node=None,
        purpose=Purpose.SERVE, day=day, at=NOON, rows=rows, person=PersonId(0), what="x",
        reason="r",
    )  # fmt: skip


def _ticket(number: int) -> Ticket:
    return Ticket(id=number, clerk="clerk", topic="legal", taken=NOON)


def _joining(number: int, days: int) -> Joining:
    day = DAY + timedelta(days=days)
    return Joining(
        id=number, item="item", organisation=OrganisationId(1), first=DAY, last=day, session="上午",
        place="三楼", number=30, asked=NOON, asked_by="clerk", changed=NOON,
    )  # fmt: skip


def _referral(number: int, union: OrganisationId, *, days: int) -> Referral:
    due = DAY + timedelta(days=days)
    return Referral(
        id=(5 << 53) + number, ticket=number, person=PersonId((5 << 53) + 99), organisation=union,
        topic="legal", words="话", made=NOON, clerk="clerk", due=due, watch=due,
        notes=("注",), changed=NOON,
    )  # fmt: skip
