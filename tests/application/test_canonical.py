"""Requests and notices have one way of being written, and are read back as they were."""

from __future__ import annotations

import pytest
from attrs import evolve
from tests.cardtown import card_town_on
from tests.offices import applicant

from szunion.application.canonical import decode, digest, encode
from szunion.application.office import Office
from szunion.domain.bank import RequestAnswered, RowReason, Told
from szunion.domain.bank_requests import AccountClass, Answer, CardApplicant, OpenCards, Receipt
from szunion.domain.values import Fen, RequestKey
from szunion.errors import StorageError


def test_every_notice_of_a_lively_bank_is_read_back_as_it_was(office: Office) -> None:
    place = card_town_on(office)
    people = place.admit(3)
    batch = place.approve(people)
    place.run()
    rows = [place.row(person).key for person in people]
    place.bank.simulate.reject(rows[2], RowReason.AML, code="R9", text="风险")
    assert batch.key is not None
    place.bank.simulate.produce(batch.key)
    place.bank.simulate.face_sign(batch.key)
    (first, _) = place.bank.truth.cards
    place.bank.simulate.replace(first.card)
    place.bank.simulate.collected_at_branch(first.card)
    place.bank.simulate.daily_list()
    place.bank.simulate.statement()
    told = list(place.bank.truth.told)
    assert len({type(each) for each in told}) >= 7
    for notice in told:
        assert decode(encode(notice)) == notice
        assert encode(decode(encode(notice))) == encode(notice)


def test_a_receipt_that_comes_late_is_read_back(office: Office) -> None:
    now = office.clock.now()
    receipt = Receipt(key=RequestKey("A" * 26), answer=Answer.REFUSED, rows=0, total=Fen(7))
    told = Told(event_id="E", stream="s", sequence=1, effective=now)
    notice = RequestAnswered(told=told, receipt=receipt)
    assert decode(encode(notice)) == notice


@pytest.mark.parametrize("data", [b"", b"{}x", b'["NoSuchThing",{}]', b'["RowVerified",{"x":1}]'])
def test_what_is_none_of_todays_notices_is_refused(data: bytes) -> None:
    with pytest.raises(StorageError, match="E-BANK-012"):
        decode(data)


def test_a_digest_tells_every_field_and_shows_none(office: Office) -> None:
    one = applicant(1)
    row = CardApplicant(
        row=RequestKey("B" * 26), name=one.name, document=one.document, mobile=one.mobile
    )
    request = OpenCards(key=RequestKey("A" * 26), programme="P", rows=(row,))
    others = [
        evolve(request, programme="Q"),
        evolve(request, rows=()),
        evolve(request, rows=(evolve(row, mobile=None),)),
        evolve(request, rows=(evolve(row, name=applicant(2).name),)),
        evolve(request, rows=(evolve(row, account_class=AccountClass.II),)),
        evolve(request, rows=(evolve(row, wish="12351"),)),
    ]
    digests = {digest(office.vault, each) for each in (request, *others)}
    assert len(digests) == 1 + len(others)
    assert digest(office.vault, request) == digest(office.vault, evolve(request))
    assert not any(one.document.number.plain() in each for each in digests)
