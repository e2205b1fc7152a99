"""Know what people call each action of the log and each message, in both languages (用语)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from szunion.domain.bank import RowReason
from szunion.domain.batches import BATCH
from szunion.domain.bindings import BINDING
from szunion.domain.bookings import BOOKING
from szunion.domain.cards import CARD_UNION, UnionReason
from szunion.domain.claims import CLAIM
from szunion.domain.consent import CONSENT
from szunion.domain.custody import CUSTODY
from szunion.domain.enrolments import ENROLMENT
from szunion.domain.facets import CARD_BANK
from szunion.domain.holds import HOLD, HoldReason
from szunion.domain.inbox import Hearing
from szunion.domain.instructions import INSTRUCTION
from szunion.domain.joinings import JOINING
from szunion.domain.machine import Machine
from szunion.domain.members import MEMBERSHIP, MembershipReason
from szunion.domain.orders import DISBURSEMENT
from szunion.domain.organisations import ORGANISATION, OrganisationReason
from szunion.domain.rows import ROW
from szunion.domain.tickets import TICKET
from szunion.domain.transfers import TRANSFER
from szunion.domain.values import Labelled
from szunion.text import Text

_MACHINES: Final[Mapping[str, tuple[Machine[Any, Any], ...]]] = MappingProxyType(
    {
        "organisation": (ORGANISATION,),
        "membership": (MEMBERSHIP,),
        "transfer": (TRANSFER,),
        "binding": (BINDING,),
        "consent": (CONSENT,),
        "batch": (BATCH,),
        "row": (ROW,),
        "application": (ROW,),
        "card": (CARD_BANK, CARD_UNION),
        "card.bank": (CARD_BANK,),
        "card.union": (CARD_UNION,),
        "custody": (CUSTODY,),
        "hold": (HOLD,),
        "instruction": (INSTRUCTION,),
        "booking": (BOOKING,),
        "joining": (JOINING,),
        "enrolment": (ENROLMENT,),
        "claim": (CLAIM,),
        "order": (DISBURSEMENT,),
        "disbursement": (DISBURSEMENT,),
        "ticket": (TICKET,),
        "referral": (TICKET,),
    }
)
"""The machines whose events (or states) follow the noun of an action."""

_REASONS: Final[tuple[type[Labelled], ...]] = (
    Hearing, MembershipReason, UnionReason, HoldReason, OrganisationReason, RowReason,
)  # fmt: skip

_ACTIONS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "person.update": Text("人员档案：更新", "file: brought up to date"),
        "person.correct": Text("人员档案：更正", "file: corrected"),
        "person.mobile": Text("人员档案：更换手机号", "file: mobile changed"),
        "person.link_document": Text("人员档案：关联证件", "file: document linked"),
        "person.quarantine": Text("人员档案：待核重复", "file: waits as a possible duplicate"),
        "person.keep_apart": Text("人员档案：核实不是同一人", "file: found to be another person"),
        "person.merge": Text("人员档案：合并", "file: merged"),
        "person.double": Text(
            "人员档案：列为疑似重复", "file: told as a possible double of another node's"
        ),
        "pack.carry": Text(
            "激活大礼包：删除前已领，不再发放",
            "activation pack: given before an erasure, not again",
        ),
        "person.copy": Text("人员档案：制作本人副本", "file: a copy was made for the person"),
        "person.access_log": Text("人员档案：查看访问记录", "file: its access log was looked at"),
        "person.erase": Text("人员档案：删除", "file: erased"),
        "person.erase_again": Text(
            "人员档案：恢复后重新删除", "file: erased again after a restore"
        ),
        "person.erase_rest": Text("人员档案：销毁到期的留存", "file: what was kept is destroyed"),
        "rights.ask": Text("权利请求：提出", "request about own data: asked"),
        "rights.verify": Text("权利请求：核实身份", "request about own data: identity verified"),
        "rights.done": Text("权利请求：办结", "request about own data: done"),
        "rights.refuse": Text("权利请求：拒绝", "request about own data: refused"),
        "rights.withdraw": Text("权利请求：撤回", "request about own data: taken back"),
        "member.export": Text("会员名册：导出", "members: exported"),
        "member.doubles": Text("会员：跨节点查重", "members: nodes compared for doubles"),
        "person.export": Text("人员档案：随名册导出（掩码）", "file: exported with a list, masked"),
        "person.reveal": Text("人员档案：查看明文", "file: plain text shown"),
        "emergency.ask": Text("应急查看：申请", "emergency: a file asked for"),
        "emergency.open": Text("应急查看：打开档案", "emergency: a file opened"),
        "emergency.alarm": Text("应急查看：告警并告知本人", "emergency: alarm, the member told"),
        "emergency.file": Text("应急查看：查看档案", "emergency: the file read"),
        "emergency.reveal": Text("应急查看：查看明文", "emergency: plain text shown"),
        "officer.appoint": Text("经办人：任职", "officer: appointed"),
        "officer.leave": Text("经办人：离任", "officer: left"),
        "delegation.give": Text("委托代办：给出", "delegation: given"),
        "delegation.end": Text("委托代办：提前结束", "delegation: ended"),
        "ticket.take": Text("12351 工单：接听", "hotline ticket: taken"),
        "ticket.open": Text("12351 工单：核身通过，打开档案", "hotline ticket: caller identified"),
        "ticket.wrong": Text("12351 工单：核身不符", "hotline ticket: caller not identified"),
        "ticket.file": Text("12351 工单：查看来电会员", "hotline ticket: the caller's file read"),
        "referral.make": Text("热线派单：派给工会", "hotline: matter passed on to a union"),
        "referral.read": Text("热线派单：查看", "hotline: matter read by the union"),
        "referral.ask": Text("申请办理（法律服务等）", "case asked for in a portal"),
        "referral.take": Text("热线派单：坐席接手、回访", "hotline: matter taken in hand"),
        "referral.missed": Text("热线派单：回访未接通", "hotline: member not reached"),
        "referral.hand_over": Text("热线派单：移交接管工会", "hotline: matter given to the heir"),
        "referral.term_over": Text("热线派单：期满销毁", "hotline: the matter's term was over"),
        "joining.ask": Text("集体参与：报名", "collective joining: signed up"),
        "joining.list": Text("集体参与：名单变更", "collective joining: list changed"),
        "joining.members": Text("集体参与：查看名单", "collective joining: list read"),
        "joining.hand_over": Text(
            "集体参与：移交接管工会", "collective joining: given to the heir"
        ),
        "membership.move": Text("会籍：转到新工会", "membership: moved to another union"),
        "membership.follow_union": Text(
            "会籍：随工会合并或撤销转移", "membership: moved as its union ended"
        ),
        "membership.import": Text("会籍：花名册导入入会", "membership: admitted from a roster"),
        "roster.import": Text("花名册：导入", "roster: imported"),
        "row.add": Text("申办明细：列入批次", "application row: put into a batch"),
        "row.check": Text("申办明细：校验", "application row: checked"),
        "row.queue": Text("申办明细：待报送", "application row: queued"),
        "card.current": Text("银行卡：成为当前卡", "card: now the current one"),
        "card.bank.reconciled": Text(
            "银行状态：对账更正", "bank's state: set right by the daily list"
        ),
        "instruction.stop": Text("联动指令：停用", "instruction: stop the card"),
        "instruction.restore": Text(
            "联动指令：恢复使用", "instruction: let the card be used again"
        ),
        "outbox.send": Text("发件箱：送出", "outbox: sent"),
        "outbox.done": Text("发件箱：办结", "outbox: done"),
        "outbox.unknown": Text("发件箱：结果未知", "outbox: outcome unknown"),
        "chip.reveal": Text("芯片：查看明文", "chip: plain text shown"),
        "card.born": Text("银行卡：建档", "card: on file"),
        "batch.draft": Text("批量申办：起草", "batch: drafted"),
        "batch.row_feedback": Text("批量申办：银行回盘", "batch: answered by the bank"),
        "budget.set": Text("预算：设定", "budget: set"),
        "grant.decide": Text("帮扶：核准", "grant: decided"),
        "grant.grant": Text("帮扶：核准发放", "grant: granted"),
        "payout.draft": Text("拨付：制单", "pay-out: drafted"),
        "payout.approve": Text("拨付：复核", "pay-out: approved"),
        "payout.cancel": Text("拨付：作废", "pay-out: cancelled"),
        "statement.check": Text("流水：核对", "statement: compared"),
        "statement.explain": Text("流水：说明差异", "statement: difference explained"),
        "obligation.create": Text("应付：生成", "obligation: created"),
        "claim.term_over": Text("申领：期满销毁卷宗", "claim: its file's term was over"),
        "disclosure.term_over": Text("明文与导出：期满销毁", "disclosures: their term was over"),
        "claim.remind": Text("申领：催补", "claim: reminded of papers"),
        "heir.name": Text("继承人：指明", "heir: named"),
        "heir.put": Text("继承人：登记", "heir: on file"),
        "enrolment.accept_auto": Text(
            "参保：随激活大礼包承保", "enrolment: came with the activation pack"
        ),
        "pack.grant": Text("激活大礼包：发放", "activation pack: granted"),
        "batch.shrink": Text("批量申办：剔除明细", "batch: rows left out"),
        "batch.hand_over": Text("批量申办：移交接管工会", "batch: handed to the heir of its union"),
        "instruction.supersede": Text("联动指令：被取代", "instruction: superseded"),
        "recon.run": Text("对账：执行", "reconciliation: run"),
        "recon.resolve": Text("对账：处理差异", "reconciliation: difference resolved"),
        "outbox.retry": Text("发件箱：重新发送", "outbox: tried again"),
        "audit.export": Text("审计日志：导出", "the audit log: exported"),
        "audit.scope": Text("审计日志：查泄露范围", "the audit log: what an account touched"),
        "policy.note": Text("政策：登记新版本", "policy: a new version noted"),
        "counter.tap": Text("服务点：刷卡", "counter: card tapped"),
        "offer.put_up": Text("可预约项目：发布", "put up for booking"),
        "wish.add": Text("心愿：提出", "wish: asked for"),
        "wish.withdraw": Text("心愿：撤回", "wish: withdrawn"),
        "rating.give": Text("评价：提交", "rating: given"),
        "project.write": Text("项目：立项、更新", "project: argued, brought up to date"),
        "points.issue": Text("离线状态清单：签发", "offline status list: signed"),
        "points.take_in": Text("离线记录：收下", "offline record: taken in"),
        "inbox.hear": Text("银行来报：收到", "notice of the bank: received"),
        "inbox.refuse": Text("银行来报：拒收，签名不成立", "notice refused: no valid signature"),
    }
)
_VERBS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "propose": Text("提请", "proposed"),
        "confirm": Text("第二人确认", "confirmed by a second person"),
        "refuse": Text("第二人未同意", "refused by a second person"),
        "drop": Text("撤销提请", "proposal dropped"),
    }
)


@cache
def action_text(action: str) -> Text:
    """Return what people call an action of the log, such as ``membership.approve``.

    What no table knows keeps its dotted name: the timeline leaves nothing out.
    """
    noun, _, rest = action.partition(".")
    verb, _, step = rest.partition(".")
    known = _ACTIONS.get(action)
    if known is None and step in _VERBS:
        known = _ACTIONS.get(f"{noun}.{verb}")
    if known is not None:
        return _with_step(known, step)
    if f"{noun}.{verb}" in _MACHINES:
        noun, (verb, _, step) = f"{noun}.{verb}", step.partition(".")
    for machine in _MACHINES.get(noun, ()):
        found = _word(machine, verb)
        if found is not None:
            whole = Text(f"{machine.text.zh}：{found.zh}", f"{machine.text.en}: {found.en}")
            return _with_step(whole, step)
    return Text(action, action)


def state_text(action: str, words: str) -> Text:
    """Return what people call the states of the log, such as ``ACTIVE`` or ``ACTIVE/ENABLED/1``.

    The last part of a card's is how many locks stand. What no table knows stays as it is.
    """
    noun, _, rest = action.partition(".")
    known = _MACHINES.get(f"{noun}.{rest.partition('.')[0]}", ()) + _MACHINES.get(noun, ())
    if noun == "card":
        known = _MACHINES[noun]
    said = [found for part in words.split("/") if (found := _state(known, part)) is not None]
    return Text(" · ".join(each.zh for each in said), " · ".join(each.en for each in said))


def _state(machines: Sequence[Machine[Any, Any]], word: str) -> Text | None:
    if word in {"", "-", "0"}:
        return None
    if machines and word.isdecimal():
        return Text(f"锁定 {word} 项", f"{word} locks")
    word, star = word.removesuffix("!"), "!" if word.endswith("!") else ""
    for machine in machines:
        for each in machine.states:
            if each.value == word:
                found: Text = each.text
                return Text(found.zh + star, found.en + star)
    return Text(word + star, word + star)


def reason_text(words: str) -> Text:
    """Return what people call the reason of an action, if it is one of a table."""
    for table in _REASONS:
        for each in table:
            if each.value == words:
                return each.text
    return Text(words, words)


def _with_step(text: Text, step: str) -> Text:
    said = _VERBS.get(step)
    return text if said is None else Text(f"{text.zh}（{said.zh}）", f"{text.en} ({said.en})")


def _word(machine: Machine[Any, Any], verb: str) -> Text | None:
    """Return what *verb* is among the machine's events, or else among its states."""
    for table in (machine.events, machine.states):
        for each in table:
            if verb in {each.value, each.name.lower()}:
                found: Text = each.text
                return found
    return None


MESSAGES: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "membership.approved": Text("您已成为工会会员。", "You are a union member now."),
        "membership.rejected": Text(
            "您的入会申请未获批准，您可以向上级工会申诉。",
            "Your application to join was not approved; you may appeal to the union above.",
        ),
        "membership.retained": Text(
            "您的会籍已办理保留（{reason}）。", "Your membership is retained ({reason_en})."
        ),
        "membership.resumed": Text("您的会籍已恢复。", "Your membership is active again."),
        "membership.ended": Text(
            "您的会籍已终止（{reason}）。如有疑问请联系工会或拨打 12351。",
            "Your membership has ended ({reason_en}). Ask your union or call 12351.",
        ),
        "membership.reinstated": Text(
            "您的会籍此前误办终止，现已更正恢复，敬请谅解。",
            "Your membership was ended by mistake and has been restored; we apologise.",
        ),
        "membership.follow_union": Text(
            "您所在的“{union}”已合并或撤销，您的会籍已随之转移，权益不变。",
            "Your union “{union}” was merged or dissolved; your membership was moved with it and "
            "your rights stay the same.",
        ),
        "person.corrected": Text(
            "您的姓名或证件信息已更正；如非您本人要求，请联系工会。",
            "Your name or identity document was corrected; contact your union if you did not ask "
            "for this.",
        ),
        "person.mobile_changed": Text(
            "您登记的手机号已更换；如非您本人要求，请联系工会。",
            "Your registered mobile number was changed; contact your union if you did not ask for "
            "this.",
        ),
        "binding.bound": Text(
            "您的{portal}账号已完成实名绑定；如非您本人操作，请拨打 12351。",
            "A {portal_en} account was bound to you; call 12351 if it was not you.",
        ),
        "binding.displaced": Text(
            "您的{portal}账号绑定已被新的绑定取代；如非您本人操作，请拨打 12351。",
            "Your {portal_en} binding was replaced by a newer one; call 12351 if it was not you.",
        ),
        "emergency.opened": Text(
            "工会经两人批准，按应急程序查看您的档案，时限 {minutes} 分钟，每次查看均有记录；"
            "如有疑问，请拨打 12351。",
            "Your file was opened under the emergency procedure for {minutes} minutes; two persons "
            "approved it and every use is on record. Call 12351 if you have questions.",
        ),
        **{
            f"transfer.{state.value.lower()}": Text(
                f"您的会籍接转进度：{state.text.zh}。", f"Your transfer: {state.text.en}."
            )
            for state in TRANSFER.states
        },
    }
)
"""What a message's template says; other nouns keep their own beside their use cases."""
