"""The signed HTTP adapter against a bank in process: what each answer, and each silence, means."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest
from attrs import evolve, field, frozen
from tests.adapters.bank.sample import SOON, CarefulClient, applicant, batch, key, payout, stop
from tests.adapters.bank.wired import (
    CALLBACK,
    PATH,
    Wired,
    adapter,
    put_on_the_wire,
    ring_of_bank,
    wired,
)
from tests.application.test_bank_orders import end_of, news, produced, trial
from tests.cardtown import card_town_on
from tests.offices import office_on

from szunion.adapters.bank.faults import Fault, FaultKind, FaultPlan
from szunion.adapters.bank.http_peer import Callback, HttpPeer, PeerLine
from szunion.adapters.bank.json_text import read_json, write_json
from szunion.adapters.bank.json_wire import notice_to_plain, receipt_to_plain
from szunion.adapters.bank.server.storm import storm_of
from szunion.adapters.bank.signatures import sign
from szunion.adapters.bank.simulated import SIMULATED
from szunion.adapters.http import HttpAnswer, MayHaveArrived, NeverArrived
from szunion.application.bank_desk import BankDesk
from szunion.application.office import Office
from szunion.domain.bank import BankNotice, BankState, NotUnderstood
from szunion.domain.bank_requests import Answer, BankRequest, OpenCards, SetCardUse
from szunion.domain.inbox import Hearing
from szunion.domain.rows import RowState
from szunion.domain.values import CardRef, CardToken
from szunion.errors import (
    BankOutcomeUnknown,
    BankUnavailable,
    InvalidInput,
    NotFound,
    SignatureInvalid,
)
from szunion.ports.bank import BankAdapter, Cursor, Deadline, ReceivesCallbacks
from szunion.testing import Findings, check_bank, check_collected, check_effects, shrink
from szunion.testing.clock import SimClock


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = office_on("sqlite", tmp_path)
    yield made
    made.storage.close()


def test_it_is_a_bank_adapter_that_receives_callbacks() -> None:
    line: BankAdapter = wired().line
    assert isinstance(line, ReceivesCallbacks)
    assert line.info.name == "signed_http"


def test_a_request_goes_and_its_receipt_comes_back() -> None:
    both = wired()
    request = batch("batch")
    receipt = both.line.send(request, deadline=SOON)
    assert receipt.answer is Answer.ACCEPTED
    assert receipt.rows == 3
    assert both.line.send(request, deadline=SOON) == receipt
    assert both.line.ask(request.key, deadline=SOON) == receipt
    assert both.line.ask(key("never"), deadline=SOON) is None
    assert both.bank.truth.effects[request.key] == 1


def test_the_same_key_with_other_content_is_refused_by_the_bank() -> None:
    both = wired()
    both.line.send(batch("batch"), deadline=SOON)
    receipt = both.line.send(batch("batch", count=2), deadline=SOON)
    assert (receipt.answer, receipt.bank_code) == (Answer.REFUSED, "B001")


def test_what_the_bank_tells_comes_page_by_page_and_goes_on_from_any_cursor() -> None:
    both = wired()
    both.line.send(batch("batch", count=500), deadline=SOON)
    both.bank.simulate.produce(key("batch"))
    there = list(both.bank.collect(after=None))
    here = list(both.line.collect(after=None))
    assert here == there
    assert len(here) == 1000
    for at in (0, 1, 199, 200, 201, 998, 999):
        assert list(both.line.collect(after=here[at].cursor)) == there[at + 1 :]
    with pytest.raises(InvalidInput) as raised:
        list(both.line.collect(after=Cursor("p1&most=9")))
    assert raised.value.code == "E-BANK-061"
    with pytest.raises(BankUnavailable):
        list(both.line.collect(after=Cursor("p99999")))


def test_a_request_that_the_bank_cannot_read_is_refused_for_good() -> None:
    both = wired(info=evolve(SIMULATED, accepts=frozenset({OpenCards})))
    receipt = both.line.send(stop("stop", CardRef(CardToken("T" * 20))), deadline=SOON)
    assert (receipt.answer, receipt.bank_code) == (Answer.REFUSED, "NOT_ACCEPTED")


# --- what an answer must be -------------------------------------------------------------------


@frozen
class Between:
    """A line on which somebody sits and changes the answers."""

    peer: HttpPeer
    change: Callable[[HttpAnswer], HttpAnswer]
    seen: list[HttpAnswer] = field(factory=list)

    def call(
        self, method: str, target: str, *, headers: Mapping[str, str], body: bytes = b"",
        seconds: float,
    ) -> HttpAnswer:  # fmt: skip
        answer = PeerLine(self.peer).call(
            method, target, headers=headers, body=body, seconds=seconds
        )
        self.seen.append(answer)
        return self.change(answer)


def _flip(answer: HttpAnswer) -> HttpAnswer:
    return evolve(answer, body=answer.body.replace(b'"rows":3', b'"rows":4'))


def _unsigned(answer: HttpAnswer) -> HttpAnswer:
    return evolve(answer, headers={})


def _other_id(answer: HttpAnswer) -> HttpAnswer:
    return evolve(answer, headers={**answer.headers, "szunion-id": "other"})


CHANGES: dict[str, Callable[[HttpAnswer], HttpAnswer]] = {
    "another body": _flip,
    "no signature": _unsigned,
    "another id": _other_id,
    "another status": lambda answer: evolve(answer, status=201),
    "a server error": lambda answer: evolve(answer, status=500),
    "a page in HTML": lambda _: HttpAnswer(status=200, headers={}, body=b"<html></html>"),
    "half": lambda answer: evolve(answer, body=answer.body[: len(answer.body) // 2]),
    "more": lambda answer: evolve(answer, body=answer.body + b" "),
    "nothing": lambda _: HttpAnswer(status=204, headers={}, body=b""),
    "not found by a gateway": lambda _: HttpAnswer(status=404, headers={}, body=b"not found"),
    "NOT_SEEN without a signature": lambda _: HttpAnswer(
        status=404, headers={}, body=b'{"error":"NOT_SEEN"}'
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_an_answer_that_is_not_the_banks_own_says_nothing(
    change: Callable[[HttpAnswer], HttpAnswer],
) -> None:
    both = wired()
    request = batch("batch")
    line = adapter(Between(both.peer, change), both.clock)
    with pytest.raises(BankOutcomeUnknown) as unknown:
        line.send(request, deadline=SOON)
    assert unknown.value.code == "E-BANK-002"
    if change is not _flip:  # there are no rows to change in what was never seen
        for asked in (request.key, key("never")):
            with pytest.raises(BankUnavailable):
                line.ask(asked, deadline=SOON)
    if change is not _flip:
        with pytest.raises(BankUnavailable):
            list(line.collect(after=None))
    assert both.bank.truth.effects[request.key] == 1


def test_an_earlier_answer_played_back_is_refused() -> None:
    """Each answer is bound to its own question: "never seen" of another key is not ours."""
    both = wired()
    played: list[HttpAnswer] = []
    between = Between(both.peer, lambda answer: played[0] if played else answer)
    line = adapter(between, both.clock)
    assert line.ask(key("a"), deadline=SOON) is None
    line.send(batch("b"), deadline=SOON)
    played.append(between.seen[0])
    for asked in (key("a"), key("b")):
        with pytest.raises(BankUnavailable):
            line.ask(asked, deadline=SOON)


def test_an_answer_outside_the_window_is_refused() -> None:
    both = wired()

    def late(answer: HttpAnswer) -> HttpAnswer:
        both.clock.advance(seconds=301)
        return answer

    with pytest.raises(BankOutcomeUnknown):
        adapter(Between(both.peer, late), both.clock).send(batch("batch"), deadline=SOON)


def test_a_receipt_for_another_key_is_no_answer() -> None:
    both = wired()
    both.line.send(batch("other"), deadline=SOON)

    @frozen
    class Confused:
        """A bank that signs the receipt of another request."""

        def call(
            self, method: str, target: str, *, headers: Mapping[str, str], body: bytes = b"",
            seconds: float,
        ) -> HttpAnswer:  # fmt: skip
            del method, body, seconds
            receipt = both.bank.truth.receipts[key("other")]
            said = write_json(receipt_to_plain(receipt))
            signed = sign(
                ring_of_bank(), id_=headers["szunion-id"], now=both.clock.now(), word="200",
                path=target, body=said,
            )  # fmt: skip
            return HttpAnswer(status=200, headers=signed, body=said)

    line = adapter(Confused(), both.clock)
    with pytest.raises(BankOutcomeUnknown):
        line.send(batch("mine"), deadline=SOON)
    with pytest.raises(BankUnavailable):
        line.ask(key("mine"), deadline=SOON)


@pytest.mark.parametrize(
    ("failure", "sends"),
    [(NeverArrived, BankUnavailable), (MayHaveArrived, BankOutcomeUnknown)],
)
def test_a_failed_call_means_what_the_line_says(
    failure: type[Exception], sends: type[Exception]
) -> None:
    @frozen
    class Fails:
        def call(self, *_: object, **__: object) -> HttpAnswer:
            raise failure

    line = adapter(Fails(), SimClock())
    with pytest.raises(sends):
        line.send(batch("batch"), deadline=SOON)
    with pytest.raises(BankUnavailable):
        line.ask(key("batch"), deadline=SOON)
    with pytest.raises(BankUnavailable):
        list(line.collect(after=None))


def test_a_deadline_is_handed_to_the_line() -> None:
    given: list[float] = []

    @frozen
    class Notes:
        def call(self, *_: object, seconds: float, **__: object) -> HttpAnswer:
            given.append(seconds)
            raise NeverArrived

    with pytest.raises(BankUnavailable):
        adapter(Notes(), SimClock()).send(batch("batch"), deadline=Deadline(2.5))
    assert given == [2.5]


# --- faults -----------------------------------------------------------------------------------

_SENDING = {
    FaultKind.UNREACHABLE: BankUnavailable,
    **dict.fromkeys(
        (
            FaultKind.DROP_REQUEST,
            FaultKind.DELAY_REQUEST,
            FaultKind.DROP_RESPONSE,
            FaultKind.ERROR_AFTER_ACTING,
            FaultKind.HTML_ANSWER,
            FaultKind.TRUNCATE_ANSWER,
            FaultKind.SLOW_ANSWER,
            FaultKind.WRONG_CHARSET,
            FaultKind.FORGED_ANSWER,
            FaultKind.STALE_ANSWER,
        ),
        BankOutcomeUnknown,
    ),
}


def always(kind: str) -> FaultPlan:
    """Return the plan under which one fault strikes whatever it can."""
    return FaultPlan.from_json(json.dumps({"seed": 1, kind: 1.0}))


@pytest.mark.parametrize("kind", _SENDING)
def test_each_fault_of_the_line_is_one_of_the_two_failures(kind: FaultKind) -> None:
    both = wired(always(kind))
    with pytest.raises(_SENDING[kind]):
        both.line.send(batch("batch"), deadline=SOON)
    happened = [fault.kind for fault in (*both.bank.happened, *both.peer.happened)]
    assert kind in happened
    acted = key("batch") in both.bank.truth.effects
    never = {FaultKind.UNREACHABLE, FaultKind.DROP_REQUEST, FaultKind.DELAY_REQUEST}
    assert acted is (kind not in never)


def test_a_swapped_answer_is_one_of_the_two_failures_once_there_is_one_to_swap() -> None:
    both = wired()
    both.line.send(batch("first"), deadline=SOON)
    both.bank.faults = FaultPlan(seed=1, swapped_answer=1.0)
    with pytest.raises(BankOutcomeUnknown):
        both.line.send(batch("second", applicant(9)), deadline=SOON)


def test_through_a_storm_on_the_wire_nothing_is_doubled_lost_or_stuck() -> None:
    both = wired(FaultPlan.storm(3))
    client = CarefulClient(both.line, both.clock)
    for start in range(0, 300, 5):
        rows = (applicant(number) for number in range(start, start + 5))
        client.want(batch(f"batch-{start}", *rows))
    for _ in range(20 * 24):
        client.turn()
        both.clock.advance(hours=1)
    both.bank.heal()
    for _ in range(5):
        client.turn()
        both.clock.advance(days=1)
    assert client.waiting == {}
    assert check_bank(both.bank.truth) == Findings()
    assert check_collected(both.bank.truth, client.collected) == Findings()
    effects = {one: both.bank.truth.effects.get(one, 0) for one in client.attempted}
    assert check_effects(
        attempted=client.attempted, acknowledged=client.acknowledged, effects=effects,
        now=client.clock.now(),
    ) == Findings()  # fmt: skip
    kinds = {fault.kind for fault in both.peer.happened}
    assert len(kinds) >= 5


class Careless:
    """Planted: a client that takes "unknown" for "failed" and pays again under a new key."""

    def __init__(self, both: Wired) -> None:
        self.both = both

    def pay(self, order: str, card: CardRef) -> None:
        for again in range(5):
            try:
                self.both.line.send(
                    payout(f"{order}-{again}", (f"{order}-{again}", card, 100)), deadline=SOON
                )
            except BankUnavailable:
                continue
            except BankOutcomeUnknown:
                continue  # this is the bug
            return


def test_a_failing_storm_on_the_wire_is_shrunk_to_the_one_fault_that_matters() -> None:
    """Of everything that happened, one lost answer is left, and it alone fails again."""

    def run(plan: FaultPlan) -> tuple[bool, list[Fault]]:
        both = wired()
        both.line.send(batch("batch"), deadline=SOON)
        both.bank.simulate.produce(key("batch"))
        both.bank.simulate.face_sign(key("batch"))
        both.bank.faults = plan
        client = Careless(both)
        for number, card in enumerate(both.bank.truth.cards):
            client.pay(f"order-{number}", card.card)
        paid = len(both.bank.truth.orders)
        return paid > 3, [*both.bank.happened, *both.peer.happened]

    plan = FaultPlan.storm(5)
    failed, happened = run(plan)
    assert failed
    assert len(happened) > 1
    least = shrink(plan, happened, lambda attempt: run(attempt)[0])
    assert least.kept is not None
    assert len(least.kept) == 1
    replayed = storm_of(
        {"seed": 5, "begin_with": "storm", "replay": [list(one.to_json()) for one in least.kept]}
    )
    assert run(replayed)[0]
    assert not run(plan.only(frozenset()))[0]


# --- callbacks --------------------------------------------------------------------------------


def _told(count: int = 1) -> tuple[list[BankNotice], HttpPeer, SimClock, ReceivesCallbacks]:
    both = wired()
    both.line.send(batch("batch", count=count), deadline=SOON)
    both.bank.simulate.produce(key("batch"))
    return list(both.bank.truth.told), both.peer, both.clock, both.line


def test_a_callback_brings_the_notice_that_the_bank_told() -> None:
    told, peer, _, line = _told()
    for notice in told:
        (call,) = peer.callbacks(notice)
        assert line.receive(call.headers, call.body) == (notice,)


@pytest.mark.parametrize("kind", ["forge_callback", "replay_callback", "stale_callback"])
def test_what_others_send_in_front_of_a_callback_changes_nothing(kind: str) -> None:
    both = wired(always(kind))
    both.line.send(batch("batch"), deadline=SOON)
    both.bank.simulate.produce(key("batch"))
    heard: list[BankNotice] = []
    faults: list[Callback] = []
    for notice in both.bank.truth.told:
        *others, genuine = both.peer.callbacks(notice)
        for other in others:
            faults.append(other)
            if other.fault is FaultKind.REPLAY_CALLBACK:
                assert both.line.receive(other.headers, other.body) == (heard[-1],)
            else:
                with pytest.raises(SignatureInvalid):
                    both.line.receive(other.headers, other.body)
        heard += both.line.receive(genuine.headers, genuine.body)
    assert heard == list(both.bank.truth.told)
    assert len(faults) >= len(heard) - 1


def test_the_id_in_the_header_is_the_notices_own() -> None:
    told, _, clock, line = _told()
    body = write_json(notice_to_plain(told[0]))
    headers = sign(ring_of_bank(), id_="E9", now=clock.now(), word="POST", path=CALLBACK, body=body)
    with pytest.raises(SignatureInvalid):
        line.receive(headers, body)


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1,"a":1}', b"NaN", b"\xff", b"[" * 50_000])
def test_a_signed_callback_that_is_no_strict_json_is_refused(body: bytes) -> None:
    _, _, clock, line = _told()
    headers = sign(ring_of_bank(), id_="E9", now=clock.now(), word="POST", path=CALLBACK, body=body)
    with pytest.raises(SignatureInvalid):
        line.receive(headers, body)


@pytest.mark.parametrize(
    ("seconds", "good"), [(-301, False), (-299, True), (299, True), (301, False)]
)
def test_a_callback_is_taken_within_five_minutes_both_ways(seconds: int, *, good: bool) -> None:
    told, peer, clock, line = _told()
    (call,) = peer.callbacks(told[0])
    clock.jump(timedelta(seconds=seconds))
    if good:
        assert line.receive(call.headers, call.body) == (told[0],)
    else:
        with pytest.raises(SignatureInvalid):
            line.receive(call.headers, call.body)


@pytest.mark.parametrize("after", [1, 299, 86_400, 399 * 86_400])
def test_a_genuine_callback_played_back_has_no_second_effect(after: int, tmp_path: Path) -> None:
    """Within the window the inbox knows its event id; later the time in it is refused too."""
    place, kept = produced(office_on("memory", tmp_path))
    place, peer, line = put_on_the_wire(place)
    place.bank.simulate.activate(kept.card.ref)
    (call,) = peer.callbacks(place.bank.truth.told[-1])
    ear = place.worker.desk.ear
    ear.receive(line.receive(call.headers, call.body))
    before = end_of(place.office, kept)
    place.clock.advance(seconds=after)
    if after > 300:
        with pytest.raises(SignatureInvalid):
            line.receive(call.headers, call.body)
        return
    ear.receive(line.receive(call.headers, call.body))
    assert end_of(place.office, kept) == before
    event = place.bank.truth.told[-1].told.event_id
    heard = place.look(lambda work, scope: work.inbox.get(scope, "signed_http", event))
    assert heard is not None
    assert heard.copies == 1


# --- through the bank desk --------------------------------------------------------------------


def test_all_720_orders_of_6_notices_with_duplicates_have_one_end_over_the_wire(
    tmp_path: Path,
) -> None:
    """Each notice is signed, sent, verified and read anew each time it is told."""
    place, kept = produced(office_on("memory", tmp_path))
    place, peer, line = put_on_the_wire(place)
    told = news(place)
    (card,) = place.bank.truth.cards
    place.bank.simulate.unfreeze(card.card)
    place.bank.simulate.dormant(card.card)
    told = list(place.bank.truth.told)[-6:]
    calls = [peer.callbacks(notice)[0] for notice in told]
    ends = set()
    for number, order in enumerate(permutations(calls)):
        doubled = (*order[: number % 6 + 1], order[number % 6], *order[number % 6 + 1 :], order[0])

        def then(office: Office, story: tuple[Callback, ...] = doubled) -> None:
            ear = BankDesk(office=office, bank=line).ear
            for call in story:
                ear.receive(line.receive(call.headers, call.body))
            ends.add(repr(end_of(office, kept)))

        with trial(place.office, then):
            pass
    (end,) = ends
    assert "DORMANT" in end


def _with_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bank speak a later version: one kind is new, and one notice is rubbish."""

    def later(notice: BankNotice) -> dict[str, object]:
        plain = notice_to_plain(notice)
        if notice.told.event_id.endswith("1"):
            plain |= {"type": "row_photographed", "photo": "金额与姓名不在日志里"}
        if notice.told.event_id.endswith("2"):
            return {"rubbish": 5}
        return plain

    monkeypatch.setattr("szunion.adapters.bank.http_peer.notice_to_plain", later)


def test_a_kind_that_nobody_knows_is_set_aside_and_blocks_nobody(
    monkeypatch: pytest.MonkeyPatch, office: Office
) -> None:
    place = card_town_on(office)
    place, _, line = put_on_the_wire(place)
    people = place.admit(5)
    asked = place.approve(people)
    place.run()
    assert asked.key is not None
    _with_a_stranger(monkeypatch)
    place.bank.simulate.verify(asked.key)
    place.run()
    told = [each.notice for each in line.collect(after=None)]
    assert sum(isinstance(each, NotUnderstood) for each in told) == 2
    aside = place.look(lambda work, scope: work.inbox.listed(scope, [Hearing.ASIDE]))
    assert {each.reason for each in aside} == {"E-BANK-060"}
    assert {each.kind for each in aside} == {"NotUnderstood"}
    states = [place.row(person).state for person in people]
    assert states.count(RowState.VERIFIED) == 3, "all whose notice can be read"
    with pytest.raises(InvalidInput) as raised:
        place.worker.desk.ear.retry_aside(aside[0].event_id)
    assert raised.value.code == "E-BANK-060"
    with pytest.raises(NotFound):
        place.worker.desk.ear.retry_aside("unheard-of")


def test_the_whole_way_of_a_card_goes_over_the_wire(office: Office) -> None:
    place = card_town_on(office)
    place, _, _ = put_on_the_wire(place)
    people = place.admit(3)
    kept = place.activate(people)
    assert [one.card.bank.state for one in kept] == [BankState.ACTIVE] * 3
    assert check_bank(place.bank.truth) == Findings()


def test_no_personal_data_is_in_what_an_adapter_shows() -> None:
    both = wired()
    request: BankRequest = batch("batch")
    both.line.send(request, deadline=SOON)
    for each in (repr(both.line), repr(both.peer), repr(both.line.info)):
        assert "测试" not in each
    assert SetCardUse in SIMULATED.accepts
    assert PATH == "/union/v1"
    assert json.loads(write_json({"a": 1})) == read_json(b'{"a":1}')
