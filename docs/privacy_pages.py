"""Write the manual's pages on personal data from their tables: the inventory, consents, the law."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from szunion.domain.consent import GATES, RECIPIENTS, ConsentPurpose
from szunion.domain.consent_notices import current
from szunion.domain.inventory import Table, inventory
from szunion.domain.lawful import FLOORS, GROUNDS, PrivacyRules, Retention, RetentionTerms, Use
from szunion.domain.rights import Refusal, StillOpen
from szunion.text import Language, Text

_COUNSEL: Final = Text(
    "标记：[S] 读过原文或其摘录；[M] 凭记忆或转述，引用为法定义务之前须核对原文。"
    "本库提供功能，一个工会负有哪些义务，由它自己的法律顾问判断。",
    "Marks: [S] read in the text or in an excerpt of it; [M] from memory or second hand, to be "
    "checked in the text before it is quoted as a duty. The library offers features; what a union "
    "owes, its own counsel decides.",
)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _table(head: Sequence[Text], body: Iterable[Sequence[str]], language: Language) -> list[str]:
    titles = [title.say(language) for title in head]
    return [_row(titles), _row("---" for _ in titles), *(_row(cells) for cells in body), ""]


def inventory_page(language: Language, made: str) -> str:
    """Return the page of every column, its tag, and what an erasure does to it."""
    said = Text(
        "库里的每一列：属于谁、哪一级、为什么处理、依据、存多久、本人要求删除时怎么办。"
        "数据在 `domain/inventory.toml`，测试逐列对照迁移后的数据库：缺一列、多一列都不通过。"
        "C3（密码、有效期、磁道、芯片数据）没有列，因为不保存。",
        "Every column of the store: whose data, which class, what for, on which basis, how long, "
        "and what an erasure does. The tags are `domain/inventory.toml`; a test holds them to the "
        "migrated database, column by column. C3 (passwords, expiry, track, chip data) has no "
        "columns, for it is not stored.",
    )
    title = Text("个人信息清单", "Inventory of personal data").say(language)
    lines = [f"# {title}", "", made, "", said.say(language), "", _COUNSEL.say(language), ""]
    head = (
        Text("列", "columns"), Text("级别", "class"), Text("主体", "whose"),
    )  # fmt: skip
    for table in inventory().values():
        if not any(column.personal for column in table.columns):
            continue
        lines += [f"## {table.title.say(language)} `{table.name}`", "", _about(table, language), ""]
        lines += _table(head, _classes(table, language), language)
    none = [f"`{table.name}`" for table in inventory().values()
            if not any(column.personal for column in table.columns)]  # fmt: skip
    words = Text("不含个人信息的表：{names}。", "Tables without personal data: {names}.")
    lines += [words.say(language, names="、".join(none) if language is Language.ZH
                        else ", ".join(none))]  # fmt: skip
    return "\n".join(lines)


def _about(table: Table, language: Language) -> str:
    first = table.columns[0]
    ground = GROUNDS[first.use]
    words = Text(
        "目的：{use}；依据：{basis}（{law}）；期限：{keep}；删除：{fate}。",
        "For {use}; on {basis} ({law}); kept: {keep}; erasure: {fate}.",
    )
    fate = "—"
    if table.fate is not None:
        after = table.after.text.say(language) if table.after is not Retention.NONE else ""
        fate = table.fate.text.say(language) + (f"（{after}）" if after else "")
        if table.note.startswith("destroyed,"):
            fate += Text("；已给付的依法保留", "; kept by law where money was paid").say(language)
    return words.say(
        language, use=first.use.text.say(language), basis=ground.basis.text.say(language),
        law=ground.law.say(language), keep=first.keep.text.say(language), fate=fate,
    )  # fmt: skip


def _classes(table: Table, language: Language) -> list[list[str]]:
    groups: dict[tuple[str, str], list[str]] = {}
    for column in table.columns:
        whose = "、".join(each.text.say(language) for each in column.subjects) or "—"
        kind = f"{column.data_class.value} {column.data_class.text.say(language)}"
        groups.setdefault((kind, whose), []).append(f"`{column.name}`")
    return [[" ".join(names), kind, whose] for (kind, whose), names in groups.items()]


def rights_page(language: Language, made: str) -> str:
    """Return the page of purposes, bases, gates, terms and reasons."""
    title = Text("同意、依据与保存期限", "Consents, bases and terms").say(language)
    lines = [f"# {title}", "", made, "", _COUNSEL.say(language), ""]
    lines += [Text("## 目的与依据", "## Purposes and bases").say(language), ""]
    lines += _table(
        (Text("目的", "purpose"), Text("依据", "basis"), Text("法律", "law")),
        [
            [
                f"{use.text.say(language)} `{use.value}`",
                GROUNDS[use].basis.text.say(language),
                GROUNDS[use].law.say(language),
            ]
            for use in Use
        ],
        language,
    )
    lines += [Text("## 须单独同意的目的", "## Purposes with a consent of their own").say(language)]
    lines += [""]
    notices = current()
    lines += _table(
        (Text("目的", "purpose"), Text("接收方", "recipient"), Text("现行告知", "present notice")),
        [
            [
                f"{purpose.text.say(language)} `{purpose.value}`", f"`{RECIPIENTS[purpose]}`",
                f"{notices[purpose].title.say(language)} `{notices[purpose].version}`",
            ]
            for purpose in ConsentPurpose
        ],
        language,
    )  # fmt: skip
    lines += [
        Text("## 没有同意就不办的操作", "## Operations that wait for a consent").say(language)
    ]
    lines += [""]
    lines += _table(
        (Text("操作", "operation"), Text("目的", "purpose"), Text("何时", "when")),
        [
            [f"`{gate.operation}`", f"`{gate.purpose.value}`", gate.when.say(language)]
            for gate in GATES
        ],
        language,
    )
    lines += _terms(language)
    lines += [Text("## 拒绝一件请求的理由", "## Why a request is refused").say(language), ""]
    lines += _table(
        (Text("代码", "code"), Text("理由", "reason")),
        [[f"`{each.value}`", each.text.say(language)] for each in Refusal],
        language,
    )
    lines += [Text("## 暂不能删除的事项", "## What an erasure waits for").say(language), ""]
    lines += _table(
        (Text("代码", "code"), Text("事项", "what is open")),
        [[f"`{each.value}`", each.text.say(language)] for each in StillOpen],
        language,
    )
    return "\n".join(lines)


def _terms(language: Language) -> list[str]:
    terms, rules = RetentionTerms(), PrivacyRules()
    lines = [Text("## 保存期限", "## Terms").say(language), ""]
    words = Text(
        "写在城市政策的 `[privacy.retention]` 里；低于法定最低的，启动时拒绝（E-POLICY-006）。"
        "权利请求目标 {target} 个工作日、最迟 {limit} 天答复，城市只能缩短。",
        "They stand in `[privacy.retention]` of the city's policy; less than the law's minimum is "
        "refused at load (E-POLICY-006). A request should be answered in {target} working days and "
        "must be in {limit} days; a city may only shorten that.",
    )
    lines += [
        words.say(language, target=rules.answer_target_days, limit=rules.answer_limit_days),
        "",
    ]
    names = {
        "voucher_years": Retention.VOUCHER, "statement_years": Retention.STATEMENT,
        "dispute_years": Retention.DISPUTE, "case_years": Retention.CASE,
        "proof_years": Retention.PROOF, "second_pack_years": Retention.FRAUD,
        "log_months": Retention.LOG,
    }  # fmt: skip
    body = []
    for name, kept in names.items():
        floor = FLOORS.get(name)
        least = f"{floor.least}：{floor.law.say(language)}" if floor else "—"
        body.append([f"`{name}`", kept.text.say(language), str(getattr(terms, name)), least])
    head = (
        Text("键", "key"), Text("内容", "what"), Text("缺省", "default"),
        Text("法定最低", "the law's minimum"),
    )  # fmt: skip
    return lines + _table(head, body, language)
