"""Know what a person has answered to one purpose, one recipient and one notice text (同意)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
                "同一事务内停止处理；发件箱中未发出的取消；告知接收方；此前的处理仍合法",
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


class ConsentPurpose(Labelled):
    """What a person is asked for, each by itself and never with another (单独同意)."""

    BANK = "bank", "向发卡银行提供个人信息", "handing data to the issuing bank"
    INSURER = "insurer", "向承保机构提供个人信息", "handing data to an insurer"
    MERCHANT = "merchant", "向优惠商户提供会员资格核验", "confirming membership to merchants"
    MEDICAL = "medical", "处理医疗健康信息", "processing medical data"
    CHILD = "child", "处理不满十四周岁子女的信息", "processing data of a child under 14"
    PUBLICITY = "hardship_publicity", "困难帮扶公示", "making aid in hardship public"

    @property
    def of_a_child(self) -> bool:
        """Whether it is a guardian's to give, whoever asks: article 31."""
        return self is ConsentPurpose.CHILD


UNION: Final = "union"
"""The recipient of what stays with the union."""

RECIPIENTS: Final[Mapping[ConsentPurpose, str]] = {
    ConsentPurpose.BANK: "bank",
    ConsentPurpose.INSURER: "insurer",
    ConsentPurpose.MERCHANT: "merchant",
    ConsentPurpose.MEDICAL: UNION,
    ConsentPurpose.CHILD: UNION,
    ConsentPurpose.PUBLICITY: "public",
}
"""Who receives the data, where nobody in particular is named."""


class Channel(Labelled):
    """How an answer came (同意途径)."""

    PORTAL = "portal", "本人在门户确认", "by the person in a portal"
    FACE_TO_FACE = "face_to_face", "面签时确认", "at a signing face to face"
    PAPER = "paper", "本人签字纸件，由工会录入", "signed paper, entered by the union"
    LIST = "list", "随花名册录入，未经本人确认", "with a roster: the person has not confirmed"


@frozen(kw_only=True)
class Proof:
    """What proves an answer (证明): never the thing itself, only where it is."""

    login: str = ""
    """The portal's session, or the login of the officer who entered the paper."""
    device: str = ""
    """The hash of the device."""
    paper: str = ""
    """The file number of signed paper."""
    image: str = ""
    """SHA-256 of the picture of the signature."""


@frozen(kw_only=True)
class ConsentWord:
    """One word of an answer's history: only ever added (同意流水)."""

    id: int
    consent: int
    """The answer that it belongs to."""
    person: PersonId
    event: ConsentEvent
    purpose: ConsentPurpose
    recipient: str
    notice: str
    """Which text was shown: its id and version."""
    sha256: str
    """The hash of that text."""
    channel: Channel
    at: datetime
    by_guardian: bool = False
    proof: Proof = Proof()
    follows: int | None = None


@frozen(kw_only=True)
class Consent:
    """One answer (同意记录). It is computed from its words, and never stored."""

    id: int
    person: PersonId
    purpose: ConsentPurpose
    recipient: str
    notice: str
    sha256: str
    asked: datetime
    channel: Channel
    state: ConsentState = ConsentState.ASKED
    answered: datetime | None = None
    by_guardian: bool = False
    proof: Proof = Proof()
    follows: int | None = None
    """The record that this one replaces."""

    def after(self, word: ConsentWord) -> Consent:
        """Return the record after *word* (E-STATE-001 if the table has no such step)."""
        return evolve(
            self, state=CONSENT.after(self.state, word.event), answered=word.at,
            channel=word.channel, by_guardian=word.by_guardian, proof=word.proof,
        )  # fmt: skip


def folded(words: Iterable[ConsentWord]) -> tuple[Consent, ...]:
    """Return the answers that *words* make, oldest first."""
    found: dict[int, Consent] = {}
    for word in sorted(words, key=lambda each: (each.at, each.id)):
        known = found.get(word.consent)
        if known is None:
            known = Consent(
                id=word.consent, person=word.person, purpose=word.purpose,
                recipient=word.recipient, notice=word.notice, sha256=word.sha256,
                asked=word.at, channel=word.channel, state=CONSENT.after(None, word.event),
                by_guardian=word.by_guardian, proof=word.proof, follows=word.follows,
            )  # fmt: skip
        else:
            known = known.after(word)
        found[word.consent] = known
    return tuple(found.values())


def newest(answers: Iterable[Consent], purpose: ConsentPurpose, recipient: str) -> Consent | None:
    """Return the newest answer to *purpose* and *recipient*: it is the one that counts."""
    fitting = [each for each in answers if (each.purpose, each.recipient) == (purpose, recipient)]
    return max(fitting, key=lambda each: (each.asked, each.id), default=None)


class ConsentStanding(Labelled):
    """Whether something may be done on the ground of a consent (同意是否有效)."""

    GIVEN = "given", "有效", "given"
    NONE = "none", "没有征求过", "never asked"
    PENDING = "pending_member_confirmation", "待本人确认", "waits for the person"
    REFUSED = "refused", "本人不同意", "refused"
    WITHDRAWN = "withdrawn", "已撤回", "withdrawn"
    OLD_TEXT = "old_text", "告知文本已更新，须重新同意", "given to a text that has changed"
    ENDED = "ended", "已终止", "ended"


_STANDS: Final[Mapping[ConsentState, ConsentStanding]] = {
    ConsentState.ASKED: ConsentStanding.PENDING,
    ConsentState.EXPIRED: ConsentStanding.PENDING,
    ConsentState.REFUSED: ConsentStanding.REFUSED,
    ConsentState.WITHDRAWN: ConsentStanding.WITHDRAWN,
    ConsentState.SUPERSEDED: ConsentStanding.OLD_TEXT,
    ConsentState.ENDED: ConsentStanding.ENDED,
}


def standing_of(answer: Consent | None, sha256: str) -> ConsentStanding:
    """Return how the newest *answer* stands to the text that is shown now."""
    if answer is None:
        return ConsentStanding.NONE
    if answer.state is ConsentState.GIVEN:
        return ConsentStanding.GIVEN if answer.sha256 == sha256 else ConsentStanding.OLD_TEXT
    return _STANDS[answer.state]


#: How each standing but a given one is told: its code.
REFUSALS: Final[Mapping[ConsentStanding, str]] = {
    ConsentStanding.NONE: "E-CONSENT-001",
    ConsentStanding.PENDING: "E-CONSENT-001",
    ConsentStanding.REFUSED: "E-CONSENT-002",
    ConsentStanding.WITHDRAWN: "E-CONSENT-002",
    ConsentStanding.ENDED: "E-CONSENT-002",
    ConsentStanding.OLD_TEXT: "E-CONSENT-003",
}


@frozen(kw_only=True)
class Gate:
    """An operation that is not done without a consent (须经同意的操作)."""

    operation: str
    """Its name in the audit log."""
    purpose: ConsentPurpose
    when: Text
    """When the operation needs it, and who does not."""


#: Every operation of the product that rests on consent. What is not here rests on another basis
#: (domain/lawful.py); purposes without a line wait for a city's own operation and are asked for
#: at the rights desk.
GATES: Final = (
    Gate(
        operation="batch.check",
        purpose=ConsentPurpose.BANK,
        when=Text(
            "每一行：姓名、证件、手机将交给银行；没有同意的行校验不通过",
            "each row: name, document and mobile go to the bank; a row without it is not valid",
        ),
    ),
    Gate(
        operation="batch.approve",
        purpose=ConsentPurpose.BANK,
        when=Text(
            "每一行：提交之后撤回的，须退回重提",
            "each row: where it was withdrawn since, the batch goes back",
        ),
    ),
    Gate(
        operation="number.reserve",
        purpose=ConsentPurpose.BANK,
        when=Text("预留卡号也要告诉银行是谁", "a reserved number names the person to the bank"),
    ),
    Gate(
        operation="plan.join",
        purpose=ConsentPurpose.INSURER,
        when=Text(
            "保障由另一机构承保的（目录中写有 insurer）",
            "where another handler insures the plan (the catalogue names an insurer)",
        ),
    ),
    Gate(
        operation="claim.ask",
        purpose=ConsentPurpose.MEDICAL,
        when=Text(
            "按住院天数给付的；去世会员的继承人另有依据（第四十九条）",
            "benefits by days in hospital; heirs of the dead have another ground (article 49)",
        ),
    ),
    Gate(
        operation="claim.ask",
        purpose=ConsentPurpose.CHILD,
        when=Text(
            "按子女计的：由作为监护人的会员同意；继承人另有依据",
            "benefits by child: the member consents as guardian; heirs have another ground",
        ),
    ),
)
