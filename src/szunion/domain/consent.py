"""Know what a person has answered to one purpose, one recipient and one notice text (同意)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from szunion.domain.machine import Actor, Machine, Owner, command, engine
from szunion.domain.values import Labelled, PersonId
from szunion.text import Text


class ConsentState(Labelled):
    """Where an answer stands (同意状态)."""

    ASKED = "ASKED", "待本人确认", "asked"
    GIVEN = "GIVEN", "已同意", "given"
    REFUSED = "REFUSED", "不同意", "refused"
    WITHDRAWN = "WITHDRAWN", "已撤回", "withdrawn"
    SUPERSEDED = "SUPERSEDED", "已被新版取代", "superseded by a new text"
    EXPIRED = "EXPIRED", "逾期未答", "not answered in time"
    ENDED = "ENDED", "目的已实现", "purpose fulfilled"


class ConsentEvent(Labelled):
    """What happens to an answer."""

    ASK = "ask", "告知并征求", "tell and ask"
    GIVE = "give", "同意", "give"
    REFUSE = "refuse", "不同意", "refuse"
    LAPSE = "lapse", "逾期未答", "not answered in time"
    WITHDRAW = "withdraw", "撤回同意", "withdraw"
    SUPERSEDE = "supersede", "告知文本更新", "the notice changed"
    OF_AGE = "of_age", "年满十四周岁", "the child is fourteen"
    END = "end", "目的已实现", "purpose fulfilled"
    DEATH = "death", "去世", "death"


_S = ConsentState
_E = ConsentEvent

CONSENT: Final = Machine(
    name="consent",
    text=Text("同意记录", "consent"),
    instance=Text(
        "一人对一个目的、一个接收方、一版告知的一次回答；新文本或改主意是新的一条",
        "one answer of one person to one purpose, recipient and notice text; a new text or a "
        "change of mind is a new record",
    ),
    owner=Owner.UNION,
    states=ConsentState,
    events=ConsentEvent,
    start=None,
    final=frozenset({_S.REFUSED, _S.WITHDRAWN, _S.SUPERSEDED, _S.EXPIRED, _S.ENDED}),
    moves=(
        command(
            None,
            _E.ASK,
            _S.ASKED,
            Actor.UNION,
            Actor.UPPER,
            Actor.CITY,
            Actor.PROVIDER,
            guard=Text(
                "一个目的、一个接收方；告知的版本和摘要；敏感信息和向他人提供须单独征求",
                "one purpose, one recipient; notice version and hash; sensitive data and giving to "
                "another handler are asked separately",
            ),
            effect=Text("此时还不得据此处理", "nothing may be processed on this ground yet"),
        ),
        command(
            _S.ASKED,
            _E.GIVE,
            _S.GIVEN,
            Actor.MEMBER,
            guard=Text(
                "展示的是现行告知；留有证明（门户登录，或工会录入的签字纸件；花名册上打勾不算）；不满十四周岁由监护人同意",
                "the current notice was shown; proof kept (portal login, or signed paper entered "
                "by the union: a tick in a roster is none); under 14 the guardian gives it",
            ),
            effect=Text(
                "可为此目的、向此接收方处理", "processing for this purpose and recipient is allowed"
            ),
        ),
        command(
            _S.ASKED,
            _E.REFUSE,
            _S.REFUSED,
            Actor.MEMBER,
            effect=Text(
                "不因此拒绝无须该信息的服务", "no service that does not need it is refused"
            ),
        ),
        engine(
            _S.ASKED,
            _E.LAPSE,
            _S.EXPIRED,
            guard=Text("期限内未答", "no answer by the deadline"),
            effect=Text("可再次征求", "may be asked again"),
        ),
        command(
            _S.GIVEN,
            _E.WITHDRAW,
            _S.WITHDRAWN,
            Actor.MEMBER,
            guard=Text("无须理由；与同意一样方便", "no reason needed; as easy as giving"),
            effect=Text(
                "同一事务内停止处理；未发出的出站件取消；告知接收方；此前的处理仍合法",
                "processing stops in the same commit; unsent outbox rows are cancelled; the "
                "recipient is told; what was done before stays lawful",
            ),
        ),
        engine(
            _S.GIVEN,
            _E.SUPERSEDE,
            _S.SUPERSEDED,
            guard=Text(
                "目的、接收方、信息种类或文本有实质变化",
                "purpose, recipient, categories or text changed in substance",
            ),
            effect=Text(
                "新开一条征求并指明本条；处理等待新的同意",
                "a new record is asked that names this one; processing waits for it",
            ),
        ),
        engine(
            _S.GIVEN,
            _E.OF_AGE,
            _S.SUPERSEDED,
            guard=Text("监护人同意的，孩子已满十四周岁", "a guardian gave it; the child is 14 now"),
            effect=Text("改向本人征求", "the person is asked"),
        ),
        engine(
            _S.GIVEN,
            _E.END,
            _S.ENDED,
            guard=Text(
                "目的已实现，或会籍终止且无在途理赔和款项",
                "purpose fulfilled, or membership ended and no claim or money open",
            ),
            effect=Text("开始计算保存期限", "retention clock starts"),
        ),
        engine(
            _S.GIVEN,
            _E.DEATH,
            _S.ENDED,
            guard=Text("会籍因去世终止", "membership ended by death"),
            effect=Text("继承人所需的另有依据", "what the heir needs goes on under its own ground"),
        ),
    ),
)


@frozen(kw_only=True)
class Consent:
    """One answer (同意记录). The current consent is computed from all of them."""

    id: int
    person: PersonId
    purpose: str
    recipient: str
    notice: str
    """Version and hash of the text that was shown."""
    asked: datetime
    state: ConsentState = ConsentState.ASKED
    answered: datetime | None = None
    by_guardian: bool = False
    proof: str = ""
    """What proves the answer: a portal session, or the file number of signed paper."""
    follows: int | None = None
    """The record that this one replaces."""

    def after(self, event: ConsentEvent, at: datetime, proof: str = "") -> Consent:
        """Return the record after *event* (E-STATE-001 if the table has no such step)."""
        state = CONSENT.after(self.state, event)
        return evolve(self, state=state, answered=at, proof=proof or self.proof)


def consents(records: Iterable[Consent], purpose: str, recipient: str) -> bool:
    """Return whether the newest answer to *purpose* and *recipient* is a given one."""
    fitting = [each for each in records if each.purpose == purpose and each.recipient == recipient]
    newest = max(fitting, key=lambda each: (each.asked, each.id), default=None)
    return newest is not None and newest.state is ConsentState.GIVEN
