"""Know what an adapter promises of the callbacks that its bank sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from szunion.domain.bank import BankNotice, NotUnderstood
from szunion.errors import SignatureInvalid
from szunion.ports.bank import ReceivesCallbacks
from szunion.testing.bank.base import Promises, unsupported
from szunion.testing.bank.behind import BankBehind
from szunion.testing.bank.differing import differing
from szunion.testing.bank.notices import let_everything_happen
from szunion.testing.bank.world import BankWorld

Callback = tuple[Mapping[str, str], bytes]

_MUTATIONS: Final = 60
"""So many places of each part of a callback are changed, spread over its length."""
_MANY: Final = 3
"""So many notices are brought in one call."""
_TOO_OLD: Final = timedelta(hours=1)
_SPELLINGS: Final = ("", " ", "0", "\x00", "１", "A" * 10_000, "é", "-1", "1e9", "0x10")


class CallbackPromises(Promises):
    """Read what is genuine, refuse everything else, and never say why."""

    def make_callback(
        self,
        behind: BankBehind,  # noqa: ARG002 - for whoever overrides it
        notices: Sequence[BankNotice],  # noqa: ARG002
    ) -> Callback:
        """Return headers and body with which your bank would call, signed now.

        Override it if your adapter receives callbacks. A bank that tells one notice a call takes
        the first of *notices*. Pass the body through ``behind.wire`` before it is signed, and the
        kit lets the bank use words in it that nobody knows.
        """
        unsupported("没有给出 make_callback", "no make_callback was given")

    def test_a_genuine_callback_is_read(self, world: BankWorld) -> None:
        """A callback that the bank signed becomes its notices: of every kind, all of them."""
        receiver = _receiver(world)
        self._news(world)
        of_kinds = {type(each): each for each in world.truth.told if type(each) in self.tells}
        for notice in of_kinds.values():
            _read(world, receiver, self.make_callback(world.behind, [notice]), [notice])
        for word, other in self.strange.items():
            for notice in of_kinds.values():
                world.behind.strange, world.behind.strangers = {word: other}, 0
                call = self.make_callback(world.behind, [notice])
                world.behind.strange = {}
                if world.behind.strangers:
                    _not_nothing(world, receiver, call, notice)
        many = list(of_kinds.values())[:_MANY]
        first = self.make_callback(world.behind, many[:1])
        together = self.make_callback(world.behind, many)
        if together != first:  # a bank that tells one notice a call has told the first alone
            _read(world, receiver, together, many)

    def test_a_forged_callback_is_refused(self, world: BankWorld) -> None:
        """One change anywhere is refused, with SignatureInvalid and nothing else."""
        receiver = _receiver(world)
        headers, body = self.make_callback(world.behind, self._news(world))
        count = 0
        for changed, text in _mutations(headers, body):
            count += 1
            try:
                receiver.receive(changed, text)
            except SignatureInvalid:
                continue
            except Exception as error:  # noqa: BLE001 - whatever escapes is the finding
                world.broken(
                    f"第 {count} 种改动：只能抛出 SignatureInvalid",
                    f"change {count}: SignatureInvalid is the only answer", cause=error,
                )  # fmt: skip
            world.broken(f"第 {count} 种改动被当作真的", f"change {count} was taken for genuine")

    def test_a_callback_from_another_time_is_refused(self, world: BankWorld) -> None:
        """The window is shut at both ends: too old and too new are refused."""
        receiver = _receiver(world)
        notices = self._news(world)
        for step, zh, en in (
            (_TOO_OLD, "一小时前的回调被接受", "a callback an hour old was taken"),
            (-_TOO_OLD, "一小时后的回调被接受", "a callback from an hour ahead was taken"),
        ):
            headers, body = self.make_callback(world.behind, notices)
            world.clock.jump(step)
            try:
                receiver.receive(headers, body)
            except SignatureInvalid:
                world.tell("← SignatureInvalid")
            else:
                world.broken(zh, en)
            world.clock.jump(-step)

    def _news(self, world: BankWorld) -> list[BankNotice]:
        let_everything_happen(world)
        return [each for each in world.truth.told if type(each) in self.tells][:3]


def _read(
    world: BankWorld,
    receiver: ReceivesCallbacks,
    call: Callback,
    notices: Sequence[BankNotice],
) -> None:
    world.tell(f"→ 回调 {'、'.join(type(each).__name__ for each in notices)}")
    try:
        told = list(receiver.receive(*call))
    except Exception as error:  # noqa: BLE001 - whatever escapes is the finding
        world.broken("真回调没有被接受", "a genuine callback was not taken", cause=error)
    where = differing(list(notices), told)
    world.expect(
        told == list(notices),
        f"真回调没有原样成为通知：{where}",
        f"a genuine callback did not become its notices: {where}",
    )


def _not_nothing(
    world: BankWorld, receiver: ReceivesCallbacks, call: Callback, notice: BankNotice
) -> None:
    """Expect that a signed call with a word nobody knows is refused, or told as not understood."""
    world.tell(f"→ 回调 {type(notice).__name__}，用了没约定的代码")
    try:
        told = list(receiver.receive(*call))
    except SignatureInvalid:
        return
    except Exception as error:  # noqa: BLE001 - whatever escapes is the finding
        world.broken(
            "只能抛出 SignatureInvalid", "SignatureInvalid is the only answer", cause=error
        )
    world.expect(
        [each.told.event_id for each in told] == [notice.told.event_id]
        and isinstance(told[0], NotUnderstood),
        "读不懂的真回调被当作收到了",
        "a genuine call that it could not read was taken for heard",
    )


def _receiver(world: BankWorld) -> ReceivesCallbacks:
    if not isinstance(world.bank, ReceivesCallbacks):
        unsupported("不接收回调", "it receives no callbacks")
    return world.bank


def _mutations(headers: Mapping[str, str], body: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    for name in headers:
        # a header that the signature does not need may be anything; its absence decides
        rest = {each: value for each, value in headers.items() if each != name}
        if name.lower() in {"content-type", "content-length", "host", "user-agent", "accept"}:
            continue
        yield rest, body
        for spelling in _SPELLINGS:
            if spelling != headers[name]:
                yield {**headers, name: spelling}, body
        for place in _places(len(headers[name])):
            value = headers[name]
            other = "0" if value[place] != "0" else "1"
            yield {**headers, name: value[:place] + other + value[place + 1 :]}, body
    for place in _places(len(body)):
        for bit in (0x01, 0x80):
            yield dict(headers), body[:place] + bytes([body[place] ^ bit]) + body[place + 1 :]
        yield dict(headers), body[:place] + body[place + 1 :]
    yield dict(headers), b""
    yield dict(headers), body + b" "
    yield dict(headers), body[: len(body) // 2]


def _places(length: int) -> range:
    return range(0, length, max(1, length // _MUTATIONS))
