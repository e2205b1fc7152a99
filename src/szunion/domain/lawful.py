"""Know on which legal basis each purpose of processing rests, and how long the law has it kept.

It offers features and decides nothing: which basis holds, and what a union owes, its own counsel
says. Articles are those of the personal information law (个人信息保护法) unless another is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from szunion.domain.values import Labelled
from szunion.text import Text


class LegalBasis(Labelled):
    """Why something may be processed (合法性基础); article 13."""

    CONSENT = "consent", "本人单独同意", "the person's separate consent"
    CONTRACT = "contract", "订立、履行合同所必需", "needed for a contract with the person"
    STATUTORY = "statutory", "履行法定职责或法定义务所必需", "needed for a duty set by law"
    NOT_PERSONAL = "not_personal", "不是个人信息", "no personal information"


class Use(Labelled):
    """What data are processed for (处理目的)."""

    MEMBERSHIP = "membership", "会籍管理", "keeping memberships"
    CARD = "card", "办卡与用卡", "cards"
    SERVICE = "service", "提供服务", "services"
    CLAIM = "claim", "保障与申领", "covers and claims"
    PAYMENT = "payment", "帮扶与拨付", "aid and payment"
    ACCOUNTS = "accounts", "会计核算", "the accounts"
    FRAUD = "fraud", "防止重复领取", "keeping benefits from being given twice"
    SECURITY = "security", "安全与审计", "security and audit"
    RIGHTS = "rights", "保障个人信息权利", "a person's rights"
    OPERATION = "operation", "系统运行", "operation of the system"


@frozen(kw_only=True)
class Ground:
    """On what one use rests."""

    basis: LegalBasis
    law: Text
    """The text, and how sure we are of it: [S] read in the text, [M] from memory or second hand."""


_B = LegalBasis
GROUNDS: Final[Mapping[Use, Ground]] = {
    Use.MEMBERSHIP: Ground(
        basis=_B.CONTRACT,
        law=Text("第十三条第二项；工会法、工会章程 [M]", "art. 13(2); trade union law [M]"),
    ),
    Use.CARD: Ground(
        basis=_B.CONSENT,
        law=Text("第二十三、二十九条：向银行提供 [S/M]", "arts. 23, 29: to the bank [S/M]"),
    ),
    Use.SERVICE: Ground(
        basis=_B.CONTRACT,
        law=Text("第十三条第二项：本人要求的服务 [M]", "art. 13(2): services asked for [M]"),
    ),
    Use.CLAIM: Ground(
        basis=_B.CONSENT,
        law=Text(
            "第二十八、二十九、三十一条：医疗、儿童 [S]", "arts. 28, 29, 31: medical, children [S]"
        ),
    ),
    Use.PAYMENT: Ground(
        basis=_B.CONTRACT,
        law=Text("第十三条第二项 [M]", "art. 13(2) [M]"),
    ),
    Use.ACCOUNTS: Ground(
        basis=_B.STATUTORY,
        law=Text("会计档案管理办法（第79号令）[S]", "rules on accounting archives, order 79 [S]"),
    ),
    Use.FRAUD: Ground(
        basis=_B.CONTRACT,
        law=Text(
            "第十三条第二项；须写入影响评估 [M]", "art. 13(2); state it in the assessment [M]"
        ),
    ),
    Use.SECURITY: Ground(
        basis=_B.STATUTORY,
        law=Text("第五十一条；网络安全法：日志六个月以上 [M]", "art. 51; logs six months [M]"),
    ),
    Use.RIGHTS: Ground(
        basis=_B.STATUTORY,
        law=Text("第十四至十七、四十四至五十条 [S/M]", "arts. 14-17, 44-50 [S/M]"),
    ),
    Use.OPERATION: Ground(
        basis=_B.NOT_PERSONAL,
        law=Text("不适用", "does not apply"),
    ),
}


class Retention(Labelled):
    """How long something is kept (保存期限)."""

    MEMBERSHIP = "membership", "会籍期间，本人可要求删除", "while a member; erased when asked"
    DISPUTE = "dispute", "争议处理期", "as long as disputes may come"
    CASE = "case", "结案后若干年", "some years after the case is closed"
    VOUCHER = "voucher", "会计凭证、账簿", "vouchers and books"
    STATEMENT = "statement", "银行对账单", "bank statements"
    FRAUD = "fraud", "防止重复领取期", "as long as a second claim is watched for"
    LOG = "log", "审计日志", "the audit log"
    PROOF = "proof", "告知同意与权利请求的证明", "proof of consents and of requests"
    FIGURES = "figures", "去标识后的统计", "figures without a person"
    RUNNING = "running", "用完即清", "until it is done"
    NONE = "none", "不含个人信息", "no personal information"


@frozen(kw_only=True)
class RetentionTerms:
    """How long a city keeps what it must keep; never less than the law's minimum (保存年限)."""

    voucher_years: int = 30
    statement_years: int = 10
    dispute_years: int = 3
    case_years: int = 3
    proof_years: int = 3
    second_pack_years: int = 1
    log_months: int = 18

    def years(self, kept: Retention) -> int | None:
        """Return for how many years something is kept after its end; None: not for a term."""
        return {
            Retention.VOUCHER: self.voucher_years,
            Retention.STATEMENT: self.statement_years,
            Retention.DISPUTE: self.dispute_years,
            Retention.CASE: self.case_years,
            Retention.PROOF: self.proof_years,
            Retention.FRAUD: self.second_pack_years,
        }.get(kept)


@frozen(kw_only=True)
class Floor:
    """The least that the law allows for one term."""

    least: int
    law: Text


FLOORS: Final[Mapping[str, Floor]] = {
    "voucher_years": Floor(
        least=30,
        law=Text("会计档案管理办法附表：凭证、账簿 30 年 [S]", "order 79, annex: 30 years [S]"),
    ),
    "statement_years": Floor(
        least=10,
        law=Text("会计档案管理办法附表：银行对账单 10 年 [S]", "order 79, annex: 10 years [S]"),
    ),
    "log_months": Floor(
        least=6, law=Text("网络安全法：日志六个月 [M]", "cybersecurity law: six months [M]")
    ),
}


@frozen(kw_only=True)
class NoticeText:
    """A city's own version of a notice (告知文本)."""

    purpose: str
    version: str
    title: Text
    body: Text


@frozen(kw_only=True)
class PrivacyRules:
    """What a city decides about people's data (个人信息处理规则)."""

    retention: RetentionTerms = RetentionTerms()
    answer_target_days: int = 15
    """Working days in which a request should be answered."""
    answer_limit_days: int = 30
    """Days in which it must be; never more than 30 (GB/T 35273-2020, 8.7 [M])."""
    notices: tuple[NoticeText, ...] = ()
    """The city's own notices; the newest version of a purpose is the one that is shown."""


MOST_ANSWER_DAYS: Final = 30


def broken_terms(rules: PrivacyRules) -> tuple[str, int, int, Text] | None:
    """Return the first term that breaks the law's limit: its name, what was set, the limit, why."""
    for name, floor in FLOORS.items():
        found = getattr(rules.retention, name)
        if found < floor.least:
            return f"privacy.retention.{name}", found, floor.least, floor.law
    if rules.answer_limit_days > MOST_ANSWER_DAYS:
        law = Text("最长三十天：GB/T 35273-2020 8.7 [M]", "30 days at most: GB/T 35273 8.7 [M]")
        return "privacy.answer_limit_days", rules.answer_limit_days, MOST_ANSWER_DAYS, law
    return None
