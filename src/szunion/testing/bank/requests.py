"""Know what an adapter promises of the requests it carries to its bank."""

from __future__ import annotations

import codecs
from datetime import timedelta
from typing import Final, get_args

from szunion.domain.bank_requests import (
    Answer,
    AskCardList,
    AskStatement,
    BankRequest,
    OpenCards,
    PayOut,
    ReserveNumber,
    SetCardUse,
)
from szunion.domain.values import Fen
from szunion.testing.bank.base import (
    Promises,
    accepts,
    each_request,
    other_content,
    sample,
)
from szunion.testing.bank.differing import differing
from szunion.testing.bank.sample import TORTURE_FEN, TORTURE_NAMES, batch, key, payment, person
from szunion.testing.bank.world import BankWorld, BrokenPromise

_FULL: Final = 1000
"""A full request is tried up to this many rows."""


class RequestPromises(Promises):
    """One key, one effect, and every word of it as it was."""

    @each_request
    def test_what_is_sent_is_what_arrives(self, world: BankWorld, kind: type[BankRequest]) -> None:
        """Every field of a request reaches the bank as it is."""
        request = sample(world, kind, "first")
        world.done(request)
        arrived = list(world.behind.of_key(request.key))
        world.expect(bool(arrived), "请求没有到达银行", "the request never reached the bank")
        for each in arrived:
            where = differing(request, each)
            world.expect(
                each == request,
                f"到达银行的请求与发出的不同：{where}",
                f"what arrived differs from what was sent: {where}",
            )

    @each_request
    def test_one_key_does_the_work_once(self, world: BankWorld, kind: type[BankRequest]) -> None:
        """Sending twice with one key gives one receipt and one effect."""
        request = sample(world, kind, "once")
        first = world.done(request)
        again = world.done(request)
        world.expect(first == again, "同一个键得到两种回执", "one key has two receipts")
        world.one_effect(request)

    @each_request
    def test_another_content_under_the_same_key_changes_nothing(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """Another content under a used key changes nothing at the bank."""
        request = sample(world, kind, "twisted")
        world.done(request)
        before = _standing(world, request)
        world.done(other_content(request))
        world.expect(
            _standing(world, request) == before,
            "同键异文改变了银行的账", "another content under the same key changed the bank's books",
        )  # fmt: skip
        world.one_effect(request)

    @each_request
    def test_a_refusal_is_told_as_a_refusal(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """What the bank refuses is a receipt that keeps the bank's code and words."""
        request = sample(world, kind, "refused")
        world.simulate.refuse_next()
        receipt = world.done(request)
        truth = world.truth.receipts[request.key]
        world.expect(
            receipt.answer is Answer.REFUSED,
            "银行拒绝了，适配器却说受理", "the bank refused, and the adapter says accepted",
        )  # fmt: skip
        world.expect(
            (receipt.bank_code, receipt.bank_text) == (truth.bank_code, truth.bank_text),
            "银行的代码或原话没有保留", "the bank's code or words were not kept",
        )  # fmt: skip

    @each_request
    def test_a_receipt_counts_rows_and_fen(self, world: BankWorld, kind: type[BankRequest]) -> None:
        """A receipt has the key, the rows and the total of its request."""
        request = sample(world, kind, "counted")
        receipt = world.done(request)
        truth = world.truth.receipts[request.key]
        world.expect(
            (receipt.key, receipt.rows, receipt.total) == (request.key, truth.rows, truth.total),
            f"回执为 {receipt.rows} 笔 {receipt.total}，银行为 {truth.rows} 笔 {truth.total}",
            "the receipt's key, rows or total are not the bank's",
        )

    @each_request
    def test_a_key_the_bank_never_saw_is_not_found(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """Asking for a key the bank never saw gives None; for one it saw, its receipt."""
        world.expect(
            world.ask(key("never")) is None,
            "从未见过的键有了答复", "a key that the bank never saw has an answer",
        )  # fmt: skip
        request = sample(world, kind, "seen")
        receipt = world.done(request)
        world.expect(
            world.ask(request.key) == receipt,
            "查询得到的与当初的回执不同", "asking gives another answer than sending gave",
        )  # fmt: skip

    @accepts(PayOut)
    def test_money_is_whole_fen_from_end_to_end(self, world: BankWorld) -> None:
        """Every fen arrives; no float is on the way."""
        cards = world.cards(len(TORTURE_FEN))
        lines = [(f"fen-{fen}", card, fen) for fen, card in zip(TORTURE_FEN, cards, strict=True)]
        receipt = world.done(payment("torture", lines))
        world.expect(
            receipt.total == Fen(sum(TORTURE_FEN)), "回执总额不符", "the receipt's total is wrong"
        )
        for order, card, fen in lines:
            known = world.truth.order(key(order))
            world.expect(
                known is not None and known.fen == Fen(fen) and known.card == card,
                f"{Fen(fen)} 没有原样到达", f"{Fen(fen)} did not arrive as it was",
            )  # fmt: skip

    @accepts(OpenCards)
    def test_rare_characters_survive(self, world: BankWorld) -> None:
        """A name arrives as it is or not at all; never with a question mark."""
        charset = world.bank.info.charset
        for number, name in enumerate(TORTURE_NAMES):
            request = batch(f"name-{number}", [person(500 + number, name=name)])
            fits = _fits(name, charset)
            try:
                world.done(request)
            except BrokenPromise:
                if fits:
                    raise
            arrived = [row.name for each in world.behind.of_key(request.key) for row in each.rows]  # type: ignore[union-attr]
            world.expect(
                bool(arrived) or not fits,
                f"第 {number + 1} 个姓名能用 {charset} 表示，却没有到达",
                f"name {number + 1} fits {charset} and did not arrive",
            )
            world.expect(
                all(each == request.rows[0].name for each in arrived),
                f"第 {number + 1} 个姓名到达时变了样", f"name {number + 1} arrived changed",
            )  # fmt: skip

    @accepts(OpenCards)
    def test_a_full_request_is_taken(self, world: BankWorld) -> None:
        """A request of info.most_rows rows arrives."""
        count = min(world.bank.info.most_rows, _FULL)
        receipt = world.done(batch("full", [person(n) for n in range(count)]))
        world.expect(
            receipt.answer is Answer.ACCEPTED and receipt.rows == count,
            f"{count} 行的请求没有受理", f"a request of {count} rows was not accepted",
        )  # fmt: skip

    def test_what_it_says_of_itself_is_sound(self, world: BankWorld) -> None:
        """Info is the same each time; its charset exists, its limits are positive."""
        info = world.bank.info
        world.expect(info == world.bank.info, "info 前后不同", "info changes")
        known = frozenset(get_args(BankRequest))
        world.expect(
            bool(info.name) and bool(info.accepts) and info.accepts <= known,
            "名称或请求类型不对", "the name or the accepted requests are wrong",
        )  # fmt: skip
        world.expect(
            info.most_rows >= 1 and info.settling >= timedelta(0),
            "笔数上限或等待时间不对", "the limit or the settling time is wrong",
        )  # fmt: skip
        world.expect(_known(info.charset), "没有这种字符集", "there is no such charset")


def _standing(world: BankWorld, request: BankRequest) -> object:
    """Return what the bank's books say of what *request* is about."""
    match request:
        case OpenCards(rows=rows):
            return [world.truth.row(row.row) for row in rows], len(world.truth.rows)
        case SetCardUse(card=card):
            seen = world.truth.card(card)
            return seen and seen.allowed
        case PayOut(lines=lines):
            return [world.truth.order(line.order) for line in lines], len(world.truth.orders)
        case ReserveNumber() | AskCardList() | AskStatement():
            return len(world.truth.told)


def _fits(name: str, charset: str) -> bool:
    try:
        return name.encode(charset).decode(charset) == name
    except UnicodeError:
        return False


def _known(charset: str) -> bool:
    try:
        codecs.lookup(charset)
    except LookupError:
        return False
    return True
