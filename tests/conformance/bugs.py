"""Bugs that adapters really have, each put into the correct adapter in a few lines."""

from __future__ import annotations

import json
import logging
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from attrs import evolve
from tests.conformance.plain import CONVERTER, WINDOW, PlainBank, from_json, sign, to_json

from szunion.domain.bank import (
    BankNotice,
    CardChanged,
    CardProduced,
    DailyCardList,
    OrderSettled,
    PlasticMoved,
    RowVerified,
    Statement,
)
from szunion.domain.bank_requests import Answer, BankRequest, OpenCards, PayOut, Receipt, SetCardUse
from szunion.domain.city_time import CITY_TIME
from szunion.domain.values import Fen, RequestKey
from szunion.errors import SignatureInvalid
from szunion.ports.bank import BankInfo, Collected, Cursor, Deadline

BUGS: dict[str, tuple[type[PlainBank], tuple[str, ...]]] = {}
"""Name of the bug → the adapter that has it, and the laws of which at least one must break."""


def caught_by(*laws: str) -> Any:
    def plant(bug: type[PlainBank]) -> type[PlainBank]:
        BUGS[bug.__name__] = (bug, tuple(f"test_{law}" for law in laws))
        return bug

    return plant


def _receipt(request: BankRequest, answer: Answer) -> Receipt:
    return Receipt(key=request.key, answer=answer, rows=0, total=Fen(0))


def _with_key(request: BankRequest, key: RequestKey) -> BankRequest:
    return evolve(request, key=key)


# --- what nobody knows ----------------------------------------------------------------------


@caught_by("a_lost_answer_is_unknown_and_settled_by_asking")
class RetryWithANewKey(PlainBank):
    """The classic double payment."""

    def no_answer(self, request: BankRequest, error: Exception) -> Receipt:
        fresh = RequestKey(request.key.text[::-1])
        return evolve(self.send(_with_key(request, fresh), deadline=Deadline(5)), key=request.key)


@caught_by("a_lost_answer_is_unknown_and_settled_by_asking")
class TimeoutTakenForUnavailable(PlainBank):
    def no_answer(self, request: BankRequest, error: Exception) -> Receipt:
        raise self.unavailable()


@caught_by("a_lost_answer_is_unknown_and_settled_by_asking")
class TimeoutTakenForARefusal(PlainBank):
    def no_answer(self, request: BankRequest, error: Exception) -> Receipt:
        return _receipt(request, Answer.REFUSED)


@caught_by("a_lost_answer_is_unknown_and_settled_by_asking")
class TimeoutTakenForAcceptance(PlainBank):
    def no_answer(self, request: BankRequest, error: Exception) -> Receipt:
        return _receipt(request, Answer.ACCEPTED)


@caught_by("only_two_failures_escape_from_a_bad_wire")
class TimeoutEscapes(PlainBank):
    def no_answer(self, request: BankRequest, error: Exception) -> Receipt:
        raise error


@caught_by("an_error_after_acting_is_unknown")
class ServerErrorTakenForUnavailable(PlainBank):
    def failed(self, request: BankRequest, status: int, body: bytes) -> Receipt:
        raise self.unavailable()


@caught_by("an_error_after_acting_is_unknown")
class ServerErrorTakenForARefusal(PlainBank):
    def failed(self, request: BankRequest, status: int, body: bytes) -> Receipt:
        return _receipt(request, Answer.REFUSED)


@caught_by("unavailable_means_that_it_never_arrived")
class EverythingIsUnavailable(PlainBank):
    def failed(self, request: BankRequest, status: int, body: bytes) -> Receipt:
        raise self.unavailable()

    def no_answer(self, request: BankRequest, error: Exception) -> Receipt:
        raise self.unavailable()


@caught_by("unavailable_means_that_it_never_arrived")
class LooksAwayAndForgets(PlainBank):
    """It says accepted although nothing was reached."""

    def unreached(self, request: BankRequest, error: Exception) -> Receipt:
        return _receipt(request, Answer.ACCEPTED)


@caught_by("nothing_is_believed_that_was_not_read_whole")
class StatusOkIsAcceptance(PlainBank):
    """HTTP 200 is taken for the bank's word, whatever stands in it."""

    def garbled(self, request: BankRequest, body: bytes) -> Receipt:
        return _receipt(request, Answer.ACCEPTED)


@caught_by("nothing_is_believed_that_was_not_read_whole")
class GarbledIsARefusal(PlainBank):
    def garbled(self, request: BankRequest, body: bytes) -> Receipt:
        return _receipt(request, Answer.REFUSED)


@caught_by("nothing_is_believed_that_was_not_read_whole")
class GarbledIsUnavailable(PlainBank):
    def garbled(self, request: BankRequest, body: bytes) -> Receipt:
        raise self.unavailable()


@caught_by("only_two_failures_escape_from_a_bad_wire")
class JsonErrorEscapes(PlainBank):
    def garbled(self, request: BankRequest, body: bytes) -> Receipt:
        return CONVERTER.structure(json.loads(body), Receipt)


@caught_by("a_lost_question_is_not_an_answer")
class SilenceIsNever(PlainBank):
    def no_answer_to_a_question(self, key: RequestKey) -> Receipt | None:
        return None


@caught_by(
    "a_key_the_bank_never_saw_is_not_found", "a_lost_answer_is_unknown_and_settled_by_asking"
)
class NeverAsksTheBank(PlainBank):
    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        return None


@caught_by("a_key_the_bank_never_saw_is_not_found")
class NotFoundIsARefusal(PlainBank):
    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        found = super().ask(key, deadline=deadline)
        return found or Receipt(key=key, answer=Answer.REFUSED, rows=0, total=Fen(0))


# --- what is sent ---------------------------------------------------------------------------


@caught_by("money_is_whole_fen_from_end_to_end")
class FloatMoney(PlainBank):
    def write(self, request: BankRequest) -> bytes:
        if isinstance(request, PayOut):
            lines = [
                evolve(line, fen=Fen(int(line.fen.amount / 100 * 100))) for line in request.lines
            ]
            request = evolve(request, lines=tuple(lines))
        return super().write(request)


@caught_by("rare_characters_survive")
class QuestionMarks(PlainBank):
    def write(self, request: BankRequest) -> bytes:
        return super().write(request).decode().encode("gbk", "replace").decode("gbk").encode()


@caught_by("rare_characters_survive")
class NamesAreTidiedUp(PlainBank):
    """It means well: unicode normalisation, and no dots."""

    def write(self, request: BankRequest) -> bytes:
        text = super().write(request).decode()
        return unicodedata.normalize("NFKC", text).replace("·", ".").encode()


@caught_by("what_is_sent_is_what_arrives")
class PsnIsForgotten(PlainBank):
    def write(self, request: BankRequest) -> bytes:
        plain = to_json(request)
        if isinstance(request, SetCardUse):
            plain["card"]["psn"] = 0
        return json.dumps(plain).encode()


@caught_by("what_is_sent_is_what_arrives")
class AllowedTheWrongWayRound(PlainBank):
    def write(self, request: BankRequest) -> bytes:
        if isinstance(request, SetCardUse):
            request = evolve(request, allowed=not request.allowed)
        return super().write(request)


@caught_by("what_is_sent_is_what_arrives")
class ReasonsAreDropped(PlainBank):
    def write(self, request: BankRequest) -> bytes:
        if isinstance(request, SetCardUse):
            request = evolve(request, reason="-")
        return super().write(request)


@caught_by("a_full_request_is_taken")
class CutsAtAHundred(PlainBank):
    def write(self, request: BankRequest) -> bytes:
        if isinstance(request, OpenCards):
            request = evolve(request, rows=request.rows[:100])
        return super().write(request)


@caught_by("a_deadline_that_has_passed_sends_nothing")
class DeadlineIsIgnored(PlainBank):
    def too_late(self, deadline: Deadline) -> bool:
        return False


@caught_by("a_killed_adapter_goes_on_where_it_was")
class KeysOfThisProcess(PlainBank):
    """The bank hears a key of this process's own, which is gone with it."""

    count = 0

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        own = self.__dict__.setdefault("own", {})
        if request.key not in own:
            KeysOfThisProcess.count += 1
            tail = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[KeysOfThisProcess.count % 32]
            own[request.key] = RequestKey(request.key.text[:-1] + tail)
        receipt = super().send(_with_key(request, own[request.key]), deadline=deadline)
        return evolve(receipt, key=request.key)


@caught_by("the_same_again_is_harmless_when_it_is_declared")
class ClaimsToBeIdempotent(PlainBank):
    """It declares idempotent_send, and makes a new key for the second copy."""

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        tries = self.__dict__.setdefault("tries", {})
        tries[request.key] = tries.get(request.key, 0) + 1
        key = request.key if tries[request.key] == 1 else RequestKey(request.key.text[::-1])
        receipt = super().send(_with_key(request, key), deadline=deadline)
        return evolve(receipt, key=request.key)


@caught_by("one_key_does_the_work_once", "a_receipt_counts_rows_and_fen")
class AnswersFromItsLastReceipt(PlainBank):
    """A cache without a key."""

    def read_receipt(self, request: BankRequest, body: bytes) -> Receipt:
        kept: Receipt = self.__dict__.setdefault("kept", super().read_receipt(request, body))
        return evolve(kept, rows=kept.rows + 1)


# --- what is answered -----------------------------------------------------------------------


@caught_by("a_receipt_counts_rows_and_fen")
class TotalsAreLeftOut(PlainBank):
    def read_receipt(self, request: BankRequest, body: bytes) -> Receipt:
        return evolve(super().read_receipt(request, body), total=Fen(0), rows=0)


@caught_by("a_refusal_is_told_as_a_refusal")
class BanksWordsAreDropped(PlainBank):
    def read_receipt(self, request: BankRequest, body: bytes) -> Receipt:
        return evolve(super().read_receipt(request, body), bank_text="")


@caught_by("a_refusal_is_told_as_a_refusal")
class EverythingIsAccepted(PlainBank):
    def read_receipt(self, request: BankRequest, body: bytes) -> Receipt:
        return evolve(super().read_receipt(request, body), answer=Answer.ACCEPTED)


# --- what is told ---------------------------------------------------------------------------


@caught_by("a_sequence_is_the_banks_own")
class SequenceIgnored(PlainBank):
    """Order is made of arrival."""

    def read_page(self, body: bytes) -> list[tuple[int, BankNotice]]:
        return [
            (place, evolve(notice, told=evolve(notice.told, sequence=place)))
            for place, notice in super().read_page(body)
        ]


@caught_by("every_notice_comes_through_unchanged")
class EventIdsOfItsOwn(PlainBank):
    def read_page(self, body: bytes) -> list[tuple[int, BankNotice]]:
        return [
            (place, evolve(notice, told=evolve(notice.told, event_id=f"N{place}")))
            for place, notice in super().read_page(body)
        ]


@caught_by("rows_answer_by_key_not_by_line")
class RowsByLine(PlainBank):
    """The first card is the first row's."""

    def read_page(self, body: bytes) -> list[tuple[int, BankNotice]]:
        read = super().read_page(body)
        order = [each.row for _, each in read if isinstance(each, RowVerified)]
        made = iter(order)
        return [
            (
                place,
                evolve(each, row=next(made, each.row)) if isinstance(each, CardProduced) else each,
            )
            for place, each in read
        ]


@caught_by("every_notice_comes_through_unchanged")
class PlasticIsNotWorthTelling(PlainBank):
    def read_page(self, body: bytes) -> list[tuple[int, BankNotice]]:
        return [each for each in super().read_page(body) if not isinstance(each[1], PlasticMoved)]


@caught_by("every_notice_comes_through_unchanged")
class OneLossIsEnough(PlainBank):
    """Notices of one kind about one card are taken for copies."""

    def read_page(self, body: bytes) -> list[tuple[int, BankNotice]]:
        seen: dict[object, tuple[int, BankNotice]] = {}
        for place, each in super().read_page(body):
            same = (each.card, each.state) if isinstance(each, CardChanged) else place
            seen.setdefault(same, (place, each))
        return list(seen.values())


@caught_by("every_notice_comes_through_unchanged")
class ShanghaiTimeForUtc(PlainBank):
    def read_notice(self, plain: Any) -> BankNotice:
        notice: BankNotice = from_json(plain)
        late = notice.told.effective + timedelta(hours=8)
        return evolve(notice, told=evolve(notice.told, effective=late))


@caught_by("every_notice_comes_through_unchanged")
class LastFourAsANumber(PlainBank):
    def read_notice(self, plain: Any) -> BankNotice:
        notice: BankNotice = from_json(plain)
        if isinstance(notice, CardProduced):
            return evolve(notice, last_four=str(int("0" + notice.last_four) % 1000))
        return notice


@caught_by("collecting_goes_on_from_any_cursor")
class CursorInMemory(PlainBank):
    """It goes on where this object was, and not where it is told."""

    place = 0

    def begin(self, after: Cursor | None) -> int:
        return self.place

    def cursor(self, place: int) -> Cursor:
        self.place = place
        return Cursor(str(place))


@caught_by("collecting_goes_on_from_any_cursor")
class CursorSkipsOne(PlainBank):
    def begin(self, after: Cursor | None) -> int:
        return int(after) + 1 if after else 0


@caught_by("collecting_goes_on_from_any_cursor")
class CursorRepeatsOne(PlainBank):
    def begin(self, after: Cursor | None) -> int:
        return max(int(after or 0) - 1, 0)


@caught_by("half_a_file_changes_nothing", "doubled_and_reordered_notices_all_arrive")
class HalfAPageMovesTheCursor(PlainBank):
    """Of a broken page it takes what it can read, and then goes on behind the whole of it."""

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        status, body = self.transport(f"/news?after={self.begin(after)}", b"")
        try:
            news = json.loads(body)["news"]
        except (ValueError, KeyError):
            news = []
            if status == 200 and body[:2] == b'{"':
                yield Collected(notice=from_json(_first_of(body)), cursor=Cursor("99999"))
                return
            raise self.unavailable() from None
        for place, plain in news:
            yield Collected(notice=from_json(plain), cursor=Cursor(str(place)))


def _first_of(body: bytes) -> Any:
    text = body.decode("utf-8", "ignore")
    start = text.index("{", 2)
    plain, _ = json.JSONDecoder().raw_decode(text, start)
    return plain


@caught_by("half_a_file_changes_nothing")
class GarbledNewsEscapes(PlainBank):
    def page(self, after: int) -> list[tuple[int, BankNotice]]:
        _, body = self.transport(f"/news?after={after}", b"")
        return self.read_page(body)


@caught_by("nothing_new_is_nothing")
class SilenceIsAnError(PlainBank):
    def read_page(self, body: bytes) -> list[tuple[int, BankNotice]]:
        read = super().read_page(body)
        if not read:
            raise KeyError("news")
        return read


# --- callbacks ------------------------------------------------------------------------------


@caught_by("a_callback_from_another_time_is_refused")
class WindowOneSided(PlainBank):
    """Old ones are refused; one from the future is taken."""

    def timely(self, at: int) -> bool:
        return self.clock.now() - datetime.fromtimestamp(at, self.clock.now().tzinfo) <= WINDOW


@caught_by("a_callback_from_another_time_is_refused")
class WindowShutOnlyAhead(PlainBank):
    def timely(self, at: int) -> bool:
        return datetime.fromtimestamp(at, self.clock.now().tzinfo) - self.clock.now() <= WINDOW


@caught_by("a_forged_callback_is_refused")
class SignatureNotLookedAt(PlainBank):
    def genuine(self, at: str, body: bytes, signature: str) -> bool:
        return True


@caught_by("a_forged_callback_is_refused")
class SignatureComparedInPart(PlainBank):
    def genuine(self, at: str, body: bytes, signature: str) -> bool:
        return sign(at, body)[:8] == signature[:8]


@caught_by("a_forged_callback_is_refused")
class SignatureOverWhatWasParsed(PlainBank):
    """The body is parsed and written again before it is verified, so that white space is free."""

    def genuine(self, at: str, body: bytes, signature: str) -> bool:
        again = json.dumps(json.loads(body), ensure_ascii=False).encode()
        return sign(at, again) == signature


@caught_by("a_forged_callback_is_refused")
class ParsedBeforeVerified(PlainBank):
    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[BankNotice]:
        notices = [from_json(each) for each in json.loads(body)]
        if not self.genuine(headers["x-at"], body, headers["x-signature"]):
            raise SignatureInvalid("E-SIG-001")
        return notices


# --- secrets and claims ---------------------------------------------------------------------


@caught_by("no_secret_is_in_a_log_line_or_error")
class BodiesInTheLog(PlainBank):
    def write(self, request: BankRequest) -> bytes:
        body = super().write(request)
        logging.getLogger("szunion.bank.plain").debug("send %s", body.decode())
        return body


@caught_by("no_secret_is_in_a_log_line_or_error")
class BodiesInErrors(PlainBank):
    def no_answer(self, request: BankRequest, error: Exception) -> Receipt:
        raise self.unknown(request.key) from TimeoutError(self.write(request).decode())


@caught_by("no_secret_is_in_a_log_line_or_error")
class LastRequestInTheRepr(PlainBank):
    last = ""

    def write(self, request: BankRequest) -> bytes:
        body = super().write(request)
        self.last = body.decode()
        return body

    def __repr__(self) -> str:
        return f"PlainBank(last={self.last})"


@caught_by("what_it_says_of_itself_is_sound")
class ACharsetThatIsNone(PlainBank):
    @property
    def info(self) -> BankInfo:
        return evolve(super().info, charset="gb-18030-2022")


@caught_by("what_it_says_of_itself_is_sound")
class ChangesItsMind(PlainBank):
    asked = 0

    @property
    def info(self) -> BankInfo:
        self.asked += 1
        return evolve(super().info, most_rows=500 + self.asked)


@caught_by("another_content_under_the_same_key_changes_nothing")
class ANewKeyForOtherContent(PlainBank):
    """The key is made of the content, so that a mended request is a second one."""

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        tail = {"kept": self.__dict__.setdefault("kept", {})}["kept"]
        known = tail.setdefault(request.key, request)
        key = request.key if known == request else RequestKey(request.key.text[::-1])
        return evolve(super().send(_with_key(request, key), deadline=deadline), key=request.key)


@caught_by("a_whole_union_believes_what_the_bank_did")
class GivesUpTheThirdTime(PlainBank):
    """What has had no answer three times is reported as refused, so that somebody looks at it."""

    unanswered = 0

    def no_answer(self, request: BankRequest, error: Exception) -> Receipt:
        self.unanswered += 1
        if self.unanswered % 3 == 0:
            return _receipt(request, Answer.REFUSED)
        return super().no_answer(request, error)


@caught_by("the_same_seed_gives_the_same_story")
class ADiceOfItsOwn(PlainBank):
    """It tries some requests twice, when it feels like it."""

    calls = 0

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        ADiceOfItsOwn.calls += 1
        if ADiceOfItsOwn.calls % 7 == 0:
            raise self.unavailable()
        return super().send(request, deadline=deadline)


# --- again, at night, to the day, by callback, in other words -----------------------------------


class NotIdempotent(PlainBank):
    """A correct adapter of a bank that must not be sent the same twice unasked."""

    @property
    def info(self) -> BankInfo:
        return evolve(super().info, idempotent_send=False)


@caught_by("it_never_sends_again_by_itself")
class SendsAgainOnATimeout(NotIdempotent):
    """It hopes that the bank looks at the key."""

    def no_answer(self, request: BankRequest, error: Exception) -> Receipt:
        with suppress(OSError):
            self.transport("/requests", self.write(request))
        raise self.unknown(request.key)


@caught_by("at_every_hour_what_it_says_is_so")
class ClosedAtNightIsARefusal(PlainBank):
    """After the cut-off it refuses by itself, and the bank has never heard of it."""

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        if self.clock.now().astimezone(CITY_TIME).hour == 23:
            return _receipt(request, Answer.REFUSED)
        return super().send(request, deadline=deadline)


@caught_by("a_day_is_the_banks_own_day")
class DayByTheWrongClock(PlainBank):
    """It takes the day of a list from its time, in UTC: right from eight o'clock on."""

    def read_notice(self, plain: Any) -> BankNotice:
        notice: BankNotice = from_json(plain)
        if isinstance(notice, DailyCardList | Statement):
            return evolve(notice, day=notice.told.effective.astimezone(UTC).date())
        return notice


@caught_by("a_genuine_callback_is_read")
class TakesTheFirstOfACall(PlainBank):
    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[BankNotice]:
        return super().receive(headers, body)[:1]


@caught_by("a_genuine_callback_is_read")
class MoneyIsFetchedAnyway(PlainBank):
    """It drops what it believes to be told again elsewhere."""

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[BankNotice]:
        told = super().receive(headers, body)
        return [each for each in told if not isinstance(each, OrderSettled)]


@caught_by("a_word_that_nobody_knows_is_no_answer_and_not_nothing")
class SkipsWhatItDoesNotKnow(PlainBank):
    def read_page(self, body: bytes) -> list[tuple[int, BankNotice]]:
        news = json.loads(body)["news"]
        known = {kind.__name__ for kind in get_args(BankNotice)}
        return [(at, from_json(plain)) for at, plain in news if plain["what"] in known]


@caught_by("a_word_that_nobody_knows_is_no_answer_and_not_nothing")
class WhatIsNoRefusalIsAccepted(PlainBank):
    def read_receipt(self, request: BankRequest, body: bytes) -> Receipt:
        plain = json.loads(body)
        if plain["answer"] != Answer.REFUSED.value:
            plain["answer"] = Answer.ACCEPTED.value
        return super().read_receipt(request, json.dumps(plain).encode())


@caught_by("half_a_file_changes_nothing")
class BytesThatAreNoTextAreLeftOut(PlainBank):
    """A byte that was lost in an amount makes another amount of it."""

    def read_page(self, body: bytes) -> list[tuple[int, BankNotice]]:
        return super().read_page(body.decode("utf-8", "ignore").encode())


@caught_by("a_genuine_callback_is_read")
class WhatCannotBeReadIsThankedFor(PlainBank):
    """The bank hears 204 and never tells it again."""

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[BankNotice]:
        try:
            return super().receive(headers, body)
        except SignatureInvalid:
            if self.genuine(headers.get("x-at", ""), body, headers.get("x-signature", "")):
                return []
            raise
