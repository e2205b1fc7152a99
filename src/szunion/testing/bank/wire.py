"""Know what an adapter promises when the wire is bad: no answer, half of one, or none in time."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from szunion.domain.bank_requests import BankRequest
from szunion.errors import BankOutcomeUnknown, BankUnavailable
from szunion.ports.bank import Deadline
from szunion.testing.bank.base import Promises, each_request, sample, unsupported
from szunion.testing.bank.behind import TroubleKind
from szunion.testing.bank.differing import differing
from szunion.testing.bank.world import BankWorld

_HOURS: Final = 24
_EVERY: Final = 6
"""So many hours apart a request is followed until it is done."""
_BAD_WIRES: Final = (TroubleKind.HALF, TroubleKind.HTML, TroubleKind.CHARSET)


class WirePromises(Promises):
    """The truth about what nobody knows: unknown is neither done nor failed."""

    @each_request
    def test_a_lost_answer_is_unknown_and_settled_by_asking(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """A lost answer is BankOutcomeUnknown; asking tells, and nothing is done twice."""
        self._unknown_then_asked(world, kind, TroubleKind.NO_ANSWER)

    @each_request
    def test_an_error_after_acting_is_unknown(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """An error of the bank's after it acted is unknown, never a failure."""
        self._unknown_then_asked(world, kind, TroubleKind.SERVER_ERROR)

    @each_request
    def test_unavailable_means_that_it_never_arrived(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """What the adapter calls BankUnavailable has not reached the bank."""
        for trouble in (TroubleKind.NEVER_ARRIVED, TroubleKind.NO_ANSWER, TroubleKind.SERVER_ERROR):
            request = sample(world, kind, f"away-{trouble.value}")
            world.trouble(trouble)
            try:
                world.send(request)
            except BankOutcomeUnknown:
                pass
            except BankUnavailable:
                world.pass_time()
                world.expect(
                    world.arrived(request.key) == 0,
                    f"{trouble.value}：说“不可用”，银行却收到了",
                    f"{trouble.value}: called unavailable, and yet the bank has it",
                )
            world.behind.calm()
            world.done(request)
            world.one_effect(request)

    @each_request
    def test_a_lost_question_is_not_an_answer(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """A question without an answer raises BankUnavailable; it never says None."""
        request = sample(world, kind, "asked")
        world.done(request)
        for trouble in (*TroubleKind,):
            world.trouble(trouble)
            try:
                answer = world.ask(request.key)
            except (BankUnavailable, BankOutcomeUnknown):
                continue
            finally:
                world.behind.calm()
            world.expect(
                answer is not None,
                f"{trouble.value}：没有答复，却说银行无此笔",
                f"{trouble.value}: without an answer it says that the bank never saw it",
            )

    @each_request
    def test_only_two_failures_escape_from_a_bad_wire(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """Half an answer, a web page, bytes that are no text: unavailable or unknown, no more."""
        for trouble in (*TroubleKind,):
            request = sample(world, kind, f"bad-{trouble.value}")
            world.trouble(trouble)
            try:
                world.send(request)
                world.pass_time()
                world.ask(request.key)
            except (BankUnavailable, BankOutcomeUnknown):
                pass
            world.behind.calm()

    @each_request
    def test_nothing_is_believed_that_was_not_read_whole(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """An answer that was not read whole is neither acceptance nor refusal."""
        for trouble in _BAD_WIRES:
            request = sample(world, kind, f"part-{trouble.value}")
            world.trouble(trouble)
            try:
                receipt = world.send(request)
            except BankOutcomeUnknown:
                world.behind.calm()
                continue
            except BankUnavailable:
                world.expect(
                    world.arrived(request.key) == 0,
                    f"{trouble.value}：银行已收到，却说“不可用”",
                    f"{trouble.value}: the bank has it, and it is called unavailable",
                )
                world.behind.calm()
                continue
            believed = world.behind.troubles_left == 0
            world.behind.calm()
            world.expect(
                not believed,
                f"{trouble.value}：没有读全的应答被当作 {receipt.answer.value}",
                f"{trouble.value}: half an answer was taken for {receipt.answer.value}",
            )

    @each_request
    def test_a_deadline_that_has_passed_sends_nothing(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """With no time left nothing is sent, and it is known."""
        request = sample(world, kind, "late")
        try:
            world.send(request, deadline=Deadline(0.0))
            sent = "回执"
        except BankOutcomeUnknown:
            sent = "结果未知"
        except BankUnavailable:
            sent = ""
        world.pass_time()
        world.expect(
            not sent and world.arrived(request.key) == 0,
            f"期限已过仍然发送了（{sent or '银行已收到'}）",
            "with no time left it was sent all the same",
        )

    @each_request
    def test_the_same_again_is_harmless_when_it_is_declared(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """Who declares idempotent_send may be sent the same while it is unknown: one effect."""
        if not world.bank.info.idempotent_send:
            unsupported("未声明 idempotent_send", "idempotent_send is not declared")
        request = sample(world, kind, "again")
        world.trouble(TroubleKind.NO_ANSWER)
        for _ in range(3):
            try:
                world.send(request)
            except (BankUnavailable, BankOutcomeUnknown):
                world.pass_time()
        world.done(request)
        world.one_effect(request)

    @each_request
    def test_it_never_sends_again_by_itself(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """Without idempotent_send one call of send reaches the bank once, whatever happens."""
        if world.bank.info.idempotent_send:
            unsupported("声明了 idempotent_send", "idempotent_send is declared")
        for trouble in TroubleKind:
            request = sample(world, kind, f"again-{trouble.value}")
            world.trouble(trouble)
            with suppress(BankUnavailable, BankOutcomeUnknown):
                world.send(request)
            world.behind.calm()
            count = world.arrived(request.key)
            world.expect(
                count <= 1,
                f"{trouble.value}：一次 send，银行收到 {count} 次；没有声明幂等就不能自行重发",
                f"{trouble.value}: one call of send reached the bank {count} times; who does not "
                "declare idempotent_send must not send again by itself",
            )

    @each_request
    def test_at_every_hour_what_it_says_is_so(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """A receipt is the bank's at any hour, and what is called unavailable did not arrive."""
        for hour in range(_HOURS):
            request = sample(world, kind, f"hour-{hour}")
            try:
                world.send(request)
            except BankUnavailable:
                world.expect(
                    world.arrived(request.key) == 0,
                    "说“不可用”，银行却收到了", "called unavailable, and yet the bank has it",
                )  # fmt: skip
            except BankOutcomeUnknown:
                pass
            world.clock.advance(minutes=60)
            world.behind.turn()
            if hour % _EVERY == 0:
                world.done(request)
                world.one_effect(request)
            for each in world.behind.of_key(request.key):
                where = differing(request, each)
                world.expect(
                    each == request,
                    f"{hour} 小时后到达银行的请求变了样：{where}",
                    f"after {hour} hours what arrived differs: {where}",
                )

    @each_request
    def test_a_killed_adapter_goes_on_where_it_was(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """An adapter made anew goes on with the keys of the one before."""
        request = sample(world, kind, "killed")
        world.trouble(TroubleKind.NO_ANSWER)
        with suppress(BankUnavailable, BankOutcomeUnknown):
            world.send(request)
        world.killed()
        world.behind.calm()
        receipt = world.done(request)
        world.killed()
        world.expect(
            world.done(request) == receipt,
            "重启后同一个键有了另一种回执", "after a restart the same key has another receipt",
        )  # fmt: skip
        world.one_effect(request)

    # --- within -----------------------------------------------------------------------------

    def _unknown_then_asked(
        self, world: BankWorld, kind: type[BankRequest], trouble: TroubleKind
    ) -> None:
        request = sample(world, kind, trouble.value)
        world.trouble(trouble)
        said = ""
        try:
            receipt = world.send(request)
            said = receipt.answer.value
        except BankUnavailable:
            said = "BankUnavailable"
        except BankOutcomeUnknown:
            pass
        world.expect(
            not said,
            f"没有人知道结果，适配器却说 {said}", f"nobody can know, and the adapter says {said}",
        )  # fmt: skip
        for _ in range(5):
            world.pass_time()
            try:
                found = world.ask(request.key)
            except BankUnavailable:
                continue
            if found is not None:
                break
        else:
            world.broken("查询始终得不到答复", "asking never gets the answer")
        world.one_effect(request)
