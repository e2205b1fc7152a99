"""Know the manual's glossary: one word for one thing, in both languages, and what is not written.

``tests/architecture/test_glossary.py`` holds the program and the manual to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import frozen

from szunion.text import Language, Text

_TITLE: Final = Text("术语", "Glossary")
_INTRO: Final = Text(
    "一个事物只用一个词：手册、命令、错误说明和通知都照此书写，持续集成逐条检查。"
    "“代码”一栏是程序里的名称；“不写作”一栏的词不出现在任何中文文字里。",
    "One word for one thing: the manual, the commands, the error texts and the messages keep to "
    "it, and CI checks each. The column “code” has the name in the program; the words under “not” "
    "stand in no Chinese text.",
)
_HEAD: Final = (
    Text("中文", "Chinese"),
    Text("英文", "English"),
    Text("代码", "code"),
    Text("含义", "meaning"),
    Text("不写作", "not"),
)


@frozen
class Term:
    """One word of the trade."""

    zh: str
    en: str
    code: str
    """A name that a door exports, or ``""``."""
    meaning: Text
    never: tuple[str, ...] = ()
    """Other words for the same thing that are not written."""


@frozen
class Chapter:
    """The words of one trade."""

    title: Text
    terms: Sequence[Term]


GLOSSARY: Final = (
    Chapter(
        Text("工会", "Unions"),
        (
            Term("基层工会", "grassroots union", "OrganisationKind", Text(
                "一个单位的工会；采集信息、统一申办", "the union of a workplace; it collects the "
                "data and applies for cards")),
            Term("会籍", "membership", "Membership", Text(
                "一段会员资格，从入会到终止", "one episode, from joining to its end"), ("会员籍",)),
            Term("入会", "joining", "MembershipEvent", Text(
                "批准后在籍", "active once approved")),
            Term("接转", "transfer", "Transfer", Text(
                "会籍从一家工会转到另一家；接收之前仍在原工会", "a membership moves to another "
                "union; until it is accepted it stays with the old one"), ("转会籍", "移籍")),
            Term("保留会籍", "retained membership", "MembershipState", Text(
                "退休、失业、服兵役期间：不缴会费，无表决权", "while retired, unemployed or in "
                "military service: no dues, no vote"), ("冻结会籍",)),
            Term("经办人", "officer", "Principal", Text(
                "在工会任职、用工作台办理业务的人", "somebody who holds a post and works at a "
                "desk"), ("办事员",)),
            Term("工作台", "desk", "Desk", Text(
                "一个人办理业务的地方，带有角色、范围和用途", "where one person works, with a "
                "role, a reach and a purpose"), ("办公桌",)),
            Term("提请", "proposal", "Proposal", Text(
                "须由第二人确认的事项", "what a second person must confirm"), ("提议", "提案")),
            Term("锁定", "lock", "Hold", Text(
                "一家工会暂停一张卡；有锁定方、原因和期限", "a union suspends a card; it has an "
                "owner, a reason and an end")),
            Term("坐席", "operator", "", Text(
                "12351 热线的接听人", "who answers the hotline 12351"), ("话务员", "座席")),
            Term("工单", "ticket", "Ticket", Text(
                "一次来电，凭核身打开一名会员", "one call; it opens one member once the caller is "
                "identified")),
            Term("派单", "referral", "Referral", Text(
                "热线转给工会办理的事项，有时限", "a matter passed on to a union; it has a "
                "deadline")),
            Term("心愿", "wish", "Wish", Text(
                "会员想要的服务，汇总成需求", "a service that a member asks for; together they are "
                "the demand")),
            Term("参保", "enrolment", "Enrolment", Text(
                "一名会员参加一个保障计划", "a member joins a plan")),
            Term("申领", "claim", "Claim", Text(
                "一个计划下的一件事，由审核人核定", "one event under a plan, decided by a "
                "reviewer")),
            Term("审核人", "reviewer", "", Text(
                "评审机构里核定申领的人", "who decides claims in the review body"), ("评审人",)),
            Term("集体参与", "joining collectively", "Joining", Text(
                "基层工会为会员报名的项目", "an item for which a union signs its members up")),
            Term("继承人", "heir", "Heir", Text(
                "已故会员未领款项的收款人", "who receives what was owed to a deceased member"),
                ("继承受领人",)),
        ),
    ),
    Chapter(
        Text("银行与资金", "Bank and money"),
        (
            Term("面签", "face-to-face signing", "FaceSign", Text(
                "本人到银行核实身份并激活", "the member identifies and activates in person")),
            Term("挂失", "loss report", "BankState", Text(
                "口头挂失有期限，书面挂失至换卡；挂失后可解挂", "oral: for some days; written: "
                "until replacement; it can be undone")),
            Term("冻结", "freeze", "BankState", Text(
                "银行依法停止账户的支付", "the bank stops payments from an account as the law "
                "has it")),
            Term("销卡", "cancellation", "BankState", Text(
                "卡的终局，不能恢复", "the end of a card"), ("注销卡",)),
            Term("来报", "notice", "BankNotice", Text(
                "银行报告的一个事实：推送、收取或来盘文件", "one fact that the bank reports: "
                "pushed, fetched or in a file"), ("银行消息", "银行的通知")),
            Term("回执", "receipt", "Receipt", Text(
                "银行对一个请求整体的答复", "the bank's answer to a request as a whole")),
            Term("请求键", "request key", "RequestKey", Text(
                "由业务算出；键相同，银行只办一次（幂等）", "follows from the business; the bank "
                "acts once for one key (idempotent)"), ("请求号", "幂等号")),
            Term("结果未知", "outcome unknown", "BankOutcomeUnknown", Text(
                "可能已送达；按键询问，不重发", "it may have arrived; the bank is asked by the "
                "key, nothing is sent again"), ("结果不明",)),
            Term("应付", "obligation", "Obligation", Text(
                "应付给谁多少，金额不变", "what is owed to whom; the amount does not change")),
            Term("拨付", "pay-out", "PayoutBatch", Text(
                "一人制单、另一人复核的一批付款", "payments made by one person and approved by "
                "another")),
            Term("代发", "pay-out by the bank", "PayOut", Text(
                "交给银行办理的付款请求", "the request with which the bank pays")),
            Term("退票", "returned payment", "OrderReturned", Text(
                "已付出又被银行退回的一笔；应付重新打开", "a payment that the bank returned; it is "
                "owed again"), ("退汇",)),
            Term("对账", "reconciliation", "ReconRun", Text(
                "与银行的清单和流水逐一核对", "our books against the bank's lists and statements")),
            Term("流水", "statement", "Statement", Text(
                "银行逐笔的入账记录", "the bank's record of each payment")),
            Term("核平", "settled", "ReconRun", Text(
                "差异已有说明或更正", "a difference that is explained or set right"), ("对平",)),
        ),
    ),
    Chapter(
        Text("卡", "Cards"),
        (
            Term("个人化", "personalisation", "", Text(
                "把持卡人的数据和密钥写入芯片", "the holder's data and keys are written to the "
                "chip"), ("个性化制卡",)),
            Term("应用密文", "application cryptogram", "", Text(
                "卡对一笔交易的应答：ARQC、TC、AAC", "what the card says of a transaction: ARQC, "
                "TC, AAC")),
            Term("联机", "online", "", Text("由发卡行主机判断", "the issuer's host decides")),
            Term("脱机", "offline", "", Text(
                "由卡和终端判断，如脱机认证", "card and terminal decide, as in offline "
                "authentication")),
            Term("离线", "without a network", "OfflineRecord", Text(
                "服务点断网时办理，事后补交", "a counter works without a line and hands in its "
                "records later")),
            Term("圈存", "load", "", Text(
                "把账户的钱存入卡上的电子现金", "money of the account goes into the card's "
                "electronic cash")),
            Term("可信等级", "assurance", "Assurance", Text(
                "凭什么相信是真卡", "why a card is believed to be genuine")),
            Term("令牌", "token", "CardToken", Text(
                "代替卡号的代码", "a code that stands for a card number")),
        ),
    ),
    Chapter(
        Text("软件", "Software"),
        (
            Term("发件箱", "outbox", "Dispatch", Text(
                "与业务同一次提交、等待送往银行的请求", "requests for the bank, committed with the "
                "business and sent afterwards"), ("出站", "待发事项")),
            Term("收件箱", "inbox", "HeardNotice", Text(
                "已收到的来报，一条只处理一次", "notices that came; each is obeyed once")),
            Term("后台作业", "worker", "Worker", Text(
                "发送、询问、收取、到期处理、封存日志", "sends, asks, fetches, ends what is due, "
                "seals the log"), ("工人", "工作进程")),
            Term("迁移", "migration", "", Text(
                "升级数据库结构的一步", "one step of an upgrade of the schema"), ("升级模式",)),
            Term("串行化", "serialisable", "", Text(
                "同时进行的决定，结果如同逐个进行", "decisions at one moment end as if one "
                "followed the other"), ("序列化失败",)),
            Term("同步备库", "synchronous standby", "", Text(
                "提交须由它确认的备用服务器", "the server that confirms every commit"),
                ("同步备机",)),
            Term("节点", "node", "Node", Text(
                "带着自己的数据库的一台服务器；节点图说明谁在哪里", "a server with a database of "
                "its own; the node map says who is where")),
            Term("分片", "shard", "", Text(
                "一座城市的会员分成 1024 份", "a city's members in 1024 parts")),
            Term("密钥", "key", "KeyStore", Text(
                "主密钥包装数据密钥，数据密钥加密数据", "the master key wraps data keys, which "
                "encrypt data"), ("钥匙",)),
            Term("盲索引", "blind index", "IndexField", Text(
                "号码的带密钥散列，只用来查找", "a keyed hash of a number, for look-ups alone")),
            Term("散列", "hash", "", Text(
                "单向的摘要算法及其结果", "a one-way digest"), ("哈希",)),
            Term("墓碑", "tombstone", "", Text(
                "删除后只能回答“是不是这个证件”", "after an erasure it can only tell whether a "
                "document is the same")),
            Term("见证人", "witness", "Witness", Text(
                "在外部为日志的检查点签名的人", "who signs the log's checkpoints from outside"),
                ("见证方",)),
            Term("掩码", "mask", "Masked", Text(
                "只显示一部分的姓名、证件和号码", "names, documents and numbers shown in part")),
            Term("缺省", "default", "", Text(
                "没有写明时的取值", "what holds where nothing is said"), ("默认",)),
            Term("退出码", "exit code", "", Text(
                "命令结束时的数字", "the number with which a command ends"), ("返回码",)),
        ),
    ),
)  # fmt: skip


def glossary_page(language: Language, made: str) -> str:
    """Return the page of the words that are fixed."""
    lines = [f"# {_TITLE.say(language)}", "", made, "", _INTRO.say(language), ""]
    for chapter in GLOSSARY:
        lines += [f"## {chapter.title.say(language)}", "", *_table(chapter, language), ""]
    return "\n".join(lines)


def _table(chapter: Chapter, language: Language) -> Iterator[str]:
    yield "| " + " | ".join(title.say(language) for title in _HEAD) + " |"
    yield "|---|---|---|---|---|"
    for term in chapter.terms:
        code = f"`{term.code}`" if term.code else "—"
        never = "、".join(term.never) or "—"
        yield f"| {term.zh} | {term.en} | {code} | {term.meaning.say(language)} | {never} |"
