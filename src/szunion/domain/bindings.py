"""Know how a portal account is tied to a person, and how real a name is: levels 0 to 3."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from szunion.domain.machine import Actor, Machine, Owner, command, engine
from szunion.domain.values import BindingId, Labelled, PersonId
from szunion.text import Text


class BindingState(Labelled):
    """Where a portal account stands (绑定状态)."""

    UNBOUND = "UNBOUND", "未绑定", "unbound"
    PROVING = "PROVING", "认证中", "proving"
    BOUND = "BOUND", "已绑定", "bound"
    LOCKED = "LOCKED", "已锁定", "locked"


class BindingEvent(Labelled):
    """What happens to a portal account's binding."""

    BEGIN = "begin", "发起认证", "begin"
    PROVE = "prove", "认证通过", "proved"
    FAIL = "fail", "认证未通过", "not proved"
    GIVE_UP = "give_up", "放弃", "give up"
    TOO_MANY = "too_many", "次数超限", "too many attempts"
    RELEASE = "release", "核身解锁", "unlock after identifying"
    COOL_DOWN = "cool_down", "到期解锁", "lock ran out"
    UNBIND = "unbind", "本人解绑", "unbind"
    DISPLACE = "displace", "被新绑定取代", "displaced by a newer binding"
    REVOKE = "revoke", "撤销绑定", "revoke"
    LOCK = "lock", "保护性锁定", "lock protectively"
    RECHECK = "recheck", "重新认证", "prove again"
    CLOSE = "close", "终止", "end"


_S = BindingState
_E = BindingEvent

BINDING: Final = Machine(
    name="binding",
    text=Text("实名认证与绑定", "portal identity binding"),
    instance=Text(
        "一个门户的一个账号（微信、APP、网站；热线为一次通话）",
        "one account of one portal (WeChat, app, website; for the hotline one call)",
    ),
    owner=Owner.UNION,
    states=BindingState,
    events=BindingEvent,
    start=_S.UNBOUND,
    final=frozenset({_S.UNBOUND}),
    moves=(
        command(
            _S.UNBOUND,
            _E.BEGIN,
            _S.PROVING,
            Actor.MEMBER,
            guard=Text(
                "姓名、证件加一样本人持有的东西（登记手机验证码、卡尾号、门户自有实名）；限频；回答不透露有无此人",
                "name, document and a second thing the person has (code to the mobile on file, "
                "card tail, the portal's own proof); rate-limited; the answer does not tell "
                "whether the person exists",
            ),
            effect=Text("计次", "attempt counted"),
        ),
        engine(
            _S.PROVING,
            _E.PROVE,
            _S.BOUND,
            guard=Text(
                "当前身份版本核验通过；账号未绑他人；未超过该门户的账号数",
                "the present identity version was confirmed; the account is bound to nobody else; "
                "fewer accounts than the portal's limit",
            ),
            effect=Text(
                "用已知的联系方式通知本人", "message to the person on channels known before"
            ),
        ),
        engine(
            _S.PROVING,
            _E.FAIL,
            _S.UNBOUND,
            guard=Text(
                "不符或超时；认证方不答不算不符",
                "wrong, or out of time; a provider that does not answer is not counted as wrong",
            ),
        ),
        command(_S.PROVING, _E.GIVE_UP, _S.UNBOUND, Actor.MEMBER),
        engine(
            _S.PROVING,
            _E.TOO_MANY,
            _S.LOCKED,
            guard=Text("时段内多次不符", "too many wrong proofs in the window"),
            effect=Text("通知本人", "the person is told"),
        ),
        command(
            _S.LOCKED,
            _E.RELEASE,
            _S.UNBOUND,
            Actor.HOTLINE,
            Actor.CITY,
            guard=Text("经其他渠道核实身份", "identified by a channel other than this account"),
        ),
        engine(
            _S.LOCKED,
            _E.COOL_DOWN,
            _S.UNBOUND,
            guard=Text("锁定有期限且已过", "the lock had an end, and it passed"),
        ),
        command(
            _S.BOUND, _E.UNBIND, _S.UNBOUND, Actor.MEMBER, effect=Text("退出登录", "logged out")
        ),
        engine(
            _S.BOUND,
            _E.DISPLACE,
            _S.UNBOUND,
            guard=Text(
                "同一人绑定了更新的账号而门户不容许更多；换了机主的手机号不绑定任何人",
                "the same person proved a newer account and the portal allows fewer; a number that "
                "changed owner binds nobody",
            ),
            effect=Text("退出登录；两个账号都通知", "logged out; both accounts told"),
        ),
        command(
            _S.BOUND,
            _E.REVOKE,
            _S.UNBOUND,
            Actor.CITY,
            guard=Text(
                "绑错人或被盗用，有证据", "bound to the wrong person, or taken over; evidence"
            ),
            effect=Text("退出登录；其间所办列入复核", "logged out; what was done goes to a review"),
        ),
        command(
            _S.BOUND,
            _E.LOCK,
            _S.LOCKED,
            Actor.HOTLINE,
            Actor.CITY,
            guard=Text("保护性；热线须有期限", "protective; the hotline only with an end"),
            effect=Text("退出登录", "logged out"),
        ),
        engine(
            _S.BOUND,
            _E.RECHECK,
            _S.PROVING,
            guard=Text(
                "身份版本变更，或门户实名过期", "identity version changed, or the proof ran out"
            ),
            effect=Text(
                "等级降到仍成立的一级；可查询，申请服务要等",
                "level falls to what still stands; reading goes on, asking for services waits",
            ),
        ),
        engine(
            (_S.BOUND, _S.PROVING, _S.LOCKED),
            _E.CLOSE,
            _S.UNBOUND,
            guard=Text(
                "人员合并、清除或去世；仅退会不解绑（理赔和个人信息权利仍在）",
                "person merged, erased or deceased; leaving the union alone does not unbind",
            ),
            effect=Text("退出登录", "logged out"),
        ),
    ),
)


class Portal(Labelled):
    """A door through which members come (四大门户)."""

    HOTLINE = "HOTLINE", "12351热线", "12351 hotline"
    WECHAT = "WECHAT", "微信", "WeChat"
    APP = "APP", "APP", "app"
    WEBSITE = "WEBSITE", "网站", "website"


class RealNameLevel(Labelled):
    """How real a name is (实名等级); asked for by services, never typed in by hand."""

    ROSTER = "0", "花名册信息", "on a union's roster"
    VERIFIED = "1", "银行核验通过", "name and document confirmed by the bank"
    FACE_SIGNED = "2", "银行面签通过", "signed face to face at the bank"
    BOUND = "3", "门户实名绑定", "this account bound by the person's own proof"

    @property
    def number(self) -> int:
        """0 to 3."""
        return int(self.value)


@frozen(kw_only=True)
class Binding:
    """One account of one portal (门户账号). A mobile number is no identity: it changes owners."""

    id: BindingId
    portal: Portal
    account: str
    """The portal's own opaque id of the account."""
    state: BindingState = BindingState.UNBOUND
    person: PersonId | None = None
    identity_version: int = 0
    """The version of the identity that was proved; 0: none."""
    wrong: int = 0
    """Wrong proofs in the present window."""
    window_began: datetime | None = None
    since: datetime | None = None
    locked_until: datetime | None = None
    version: int = 0

    def after(self, event: BindingEvent) -> Binding:
        """Return the account after *event*; an unbound one has no person (E-STATE-001 if none)."""
        state = BINDING.after(self.state, event)
        if state is BindingState.UNBOUND:
            return evolve(
                self, state=state, person=None, identity_version=0, since=None, locked_until=None
            )
        return evolve(self, state=state)

    def proved(self, person: PersonId, identity_version: int, at: datetime) -> Binding:
        """Return the account bound to *person* by a proof of the given identity version."""
        return evolve(
            self.after(BindingEvent.PROVE),
            person=person,
            identity_version=identity_version,
            wrong=0,
            since=at,
        )


@frozen(kw_only=True)
class Evidence:
    """What is recorded of a person that a real-name level can rest on (实名依据)."""

    present_version: int
    """The number of the present identity version."""
    verified_versions: frozenset[int] = frozenset()
    """Identity versions that the bank's name check confirmed."""
    face_signed_versions: frozenset[int] = frozenset()
    """Identity versions with which a card was activated face to face."""


def real_name_level(evidence: Evidence, binding: Binding | None) -> RealNameLevel:
    """Return the level that stands for the **present** identity version.

    A corrected name or number drops what rested on the old one. Without a bound account there is
    no level 3.
    """
    now = evidence.present_version
    if now not in evidence.verified_versions | evidence.face_signed_versions:
        return RealNameLevel.ROSTER
    if now not in evidence.face_signed_versions:
        return RealNameLevel.VERIFIED
    bound = (
        binding is not None
        and binding.state is BindingState.BOUND
        and binding.identity_version == now
    )
    return RealNameLevel.BOUND if bound else RealNameLevel.FACE_SIGNED
