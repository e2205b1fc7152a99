"""Notices that are obeyed together come to what they come to one by one, in whatever order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from attrs import evolve
from tests.cardtown import CardTown
from tests.moneytown import MoneyTown, money_town_on
from tests.offices import office_on

from szunion.application import bank_ear
from szunion.domain.access import Scope
from szunion.domain.bank import (
    BankNotice,
    FaceSignResult,
    OrderSettled,
    RowFaceSigned,
    RowReason,
    RowVerified,
    Told,
)
from szunion.domain.payouts import PayoutBatch
from szunion.domain.values import Fen, PersonId, RequestKey
from szunion.ports.storage import UnitOfWork

PEOPLE = 5


def town_with_news(
    kind: str, folder: Path
) -> tuple[MoneyTown, list[PersonId], PayoutBatch, list[BankNotice]]:
    """Return a town, and what its bank has to tell about cards and payments and has not told."""
    folder.mkdir()
    place = money_town_on(office_on(kind, folder))
    cards = place.cards
    first, bank = cards.admit(PEOPLE), cards.bank.simulate
    cards.activate(first)
    for person in first:
        place.grant(person)
    payout = place.pay()
    cards.worker.desk.deliver()
    people = cards.admit(PEOPLE, start=PEOPLE)
    batch = cards.approve(people)
    cards.run()
    assert batch.key is not None
    before = [*cards.bank.collect(after=None)][-1].cursor
    for key in place.request_keys(payout):
        bank.settle(key)
    bank.return_payment(place.orders(payout)[0].key)
    keys = [cards.row(person).key for person in people]
    bank.verify(batch.key, keys[:3])
    bank.reject(keys[3], reason=RowReason.OTHER)  # and of the last the bank says nothing yet
    bank.produce(batch.key, keys[:2])
    bank.face_sign(batch.key, keys[:2])
    bank.report_loss(cards.card(first[0]).card.ref, written=True)
    bank.replace(cards.card(first[0]).card.ref)
    bank.freeze(cards.card(first[1]).card.ref)
    bank.close(cards.card(first[2]).card.ref)
    told = [each.notice for each in cards.bank.collect(after=before)]
    return place, [*first, *people], payout, told


def spoilt(place: CardTown, people: Sequence[PersonId], payout: PayoutBatch) -> list[BankNotice]:
    """Return what no bank should tell: of unknown rows, of another sum, the same in two ways."""
    now = place.clock.now()
    nobody = RequestKey("A" * 26)
    row = place.row(people[-1]).key
    order = place.look(lambda work, scope: work.orders.of_payout(scope, payout.id))[1]
    told = Told(event_id="X1", stream="x", sequence=1, effective=now)
    signed = RowFaceSigned(
        told=evolve(told, event_id="X2", sequence=9), row=row, result=FaceSignResult.SIGNED
    )
    return [
        RowVerified(told=told, row=nobody),
        signed,
        evolve(signed, told=evolve(signed.told, event_id="X3", sequence=8)),
        evolve(signed, result=FaceSignResult.NOT_WILLING),
        OrderSettled(told=evolve(told, event_id="X4"), order=order.key, fen=Fen(1)),
    ]


def standing(place: CardTown, people: Sequence[PersonId], told: Sequence[BankNotice]) -> object:
    """Return everything that notices can change, without the ids that were drawn for it."""

    def look(work: UnitOfWork, scope: Scope) -> object:
        found: dict[object, object] = {}
        for at, person in enumerate(people):
            found["rows", at] = [
                (row.state, row.sequence, row.missing, row.reason, row.bank_code, row.version,
                 row.identity_version, row.card is None, row.changed)
                for row in work.rows.of_person(scope, person)
            ]  # fmt: skip
            cards = sorted(work.cards.of_person(scope, person), key=lambda each: str(each.card.ref))
            found["cards", at] = [
                (kept.card.ref.token.plain(), kept.card.last_four, kept.card.bank, kept.card.union,
                 kept.custody.state, kept.gap, kept.card.current, kept.card.version,
                 kept.card.replaces is None, kept.card.replaced_by is None,
                 [hold.reason for hold in kept.card.holds], work.cards.facts(scope, kept.id))
                for kept in cards
            ]  # fmt: skip
            found["log", at] = [
                (each.entry.action, each.entry.before, each.entry.after, each.at, each.actor)
                for each in work.audit.of_person(scope, person)
            ]
            found["told", at] = [
                (each.template, dict(each.fields))
                for each in work.messages.of_person(scope, person)
            ]
            found["given", at] = work.entitlements.of_person(scope, person) and [
                (each.item, each.since, each.until)
                for each in work.entitlements.of_person(scope, person)
            ]
            found["covers", at] = sorted(
                (each.plan, each.state.value, str(each.since))
                for each in work.enrolments.of_person(scope, person)
            )
            found["signed", at] = [
                (each.sequence, each.result) for each in work.face_signs.of_person(scope, person)
            ]
            owed = work.obligations.of_person(scope, person)
            found["owed", at] = [(each.fen, each.settled, each.in_flight) for each in owed]
            found["paid", at] = [
                (order.state, order.sequence, order.bank_code, order.settlement_missing,
                 order.version)
                for each in owed
                for order in work.orders.of_obligation(scope, each.id)
            ]  # fmt: skip
            found["took part", at] = [
                (each.item, each.occasion == "", each.outcome)
                for each in work.participations.of_person(scope, person)
            ]
        for each in told:
            heard = work.inbox.get(scope, place.bank.info.name, each.told.event_id)
            assert heard is not None
            found["heard", each.told.event_id] = (
                heard.kind, heard.hearing, heard.copies, heard.reason, heard.digest
            )  # fmt: skip
        found["batches"] = [
            (batch.state, batch.version, batch.moved_on, batch.receipt_missing)
            for batch in work.batches.listed(scope)
        ]
        found["waiting"] = [(each.event_id) for each in work.inbox.waiting_longest(scope, 999)]
        found["books"] = work.ledger.whole(scope)
        found["budget"] = work.budgets.get(scope, "ha-spring-festival", 2017)
        return found

    return place.look(look)


def shuffled(notices: Sequence[BankNotice], seed: int) -> list[BankNotice]:
    """Return *notices* as a bad line brings them: some twice, some far too late or early."""
    chance = Random(seed)
    out = [*notices, *chance.sample(list(notices), len(notices) // 3)]
    if seed == 0:
        return out
    if seed == 1:
        return out[::-1]
    chance.shuffle(out)
    return out


MORE = [("sqlite", news, seed) for news in ("sound", "spoilt") for seed in range(12)]
FEW = [("memory", "spoilt", 1), ("sqlite", "sound", 0), ("sqlite", "spoilt", 2)]


@pytest.mark.parametrize(
    ("kind", "news", "seed"),
    [*FEW, *(pytest.param(*each, marks=pytest.mark.soak) for each in MORE)],
)
def test_together_and_one_by_one_come_to_the_same(
    kind: str, news: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = []
    for size, folder in ((512, "together"), (1, "alone")):
        monkeypatch.setattr(bank_ear, "_TOGETHER", size)
        place, people, payout, told = town_with_news(kind, tmp_path / folder)
        notices = [*told, *(spoilt(place.cards, people, payout) if news == "spoilt" else ())]
        place.cards.tell(*shuffled(notices, seed))
        ends.append(standing(place.cards, people, notices))
        place.check_books()
        if kind == "sqlite":
            place.office.storage.close()
    together, alone = ends
    assert together == alone


def test_what_nobody_foresees_is_asked_of_the_store_when_all_is_written(tmp_path: Path) -> None:
    """A repository method without a word of its own sees what was held back before it."""
    from szunion.application.together import obeyed_together

    place, people, _, told = town_with_news("sqlite", tmp_path / "one")
    verified = next(each for each in told if isinstance(each, RowVerified))
    seen: list[str] = []

    def obey(work: UnitOfWork, scope: Scope, notice: BankNotice) -> None:
        assert isinstance(notice, RowVerified)
        row = work.rows.by_key(scope, notice.row)
        assert row is not None
        work.rows.put(scope, evolve(row, bank_code="SEEN"))
        seen.extend(each.bank_code for each in work.rows.of_person(scope, row.person))

    place.cards.office.storage.run(
        lambda work: obeyed_together(
            work, scope := place.cards.worker.desk.ear._scope(work), "simulated", [verified],
            lambda held, each: obey(held, scope, each),
        )
    )  # fmt: skip
    assert seen == ["SEEN"]
    assert "SEEN" in {place.cards.row(person).bank_code for person in people}
    place.office.storage.close()
