"""Know how the figures of a demo become a report: what each picture finds, and its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from szunion.adapters.report.drawing import draw
from szunion.adapters.report.page import page
from szunion.adapters.report.pictures import (
    Bar,
    Bars,
    Columns,
    Days,
    Figure,
    Flows,
    Picture,
    Report,
    Spans,
    Table,
    Tiles,
)
from szunion.domain.bank import BankState
from szunion.errors import code_pages
from szunion.testing.demo_facts import STEPS, DemoFacts, fault_text
from szunion.text import Language, Text

_OWNERS = tuple({step[2].en: step[2] for step in STEPS}.values())
_PEOPLE = Text("人数", "people")


def report_html(facts: DemoFacts, language: Language) -> str:
    """Return the report of a run as one HTML file; the same figures give the same bytes."""
    return page(report_of(facts), language, draw)


def report_of(facts: DemoFacts) -> Report:
    """Return the report of a run."""
    return Report(
        title=Text("工会会员服务卡 · 演示报告", "Union member service card · demo report"),
        subtitle=Text(
            f"模拟银行、模拟卡、SQLite；种子 {facts.seed}；"
            f"虚拟时间 {facts.start} 起 {facts.days} 天",
            f"simulated bank, simulated card, SQLite; seed {facts.seed}; "
            f"{facts.days} days from {facts.start}",
        ),
        figures=tuple(_figures(facts)),
        pictures=tuple(_pictures(facts)),
        tables=tuple(_tables(facts)),
        footer=Text(
            f"szunion {facts.version}。全部数据为模拟，没有任何真实个人或卡号。",
            f"szunion {facts.version}. All synthetic: no real person, no real card number.",
        ),
    )


def _figures(facts: DemoFacts) -> Iterator[Figure]:
    def zero(zh: str, en: str, count: int) -> Figure:
        return Figure(label=Text(zh, en), value=f"{count:,}", good=count == 0)

    active = facts.funnel[-1].people
    yield Figure(label=Text("花名册人数", "on the rosters"), value=f"{facts.rows:,}")
    yield Figure(label=Text("已激活", "active"), value=f"{active:,}")
    yield zero("重复发卡", "issued twice", facts.issued_twice)
    yield zero("重复付款", "paid twice", facts.paid_twice)
    yield zero("对账差异", "unexplained differences", facts.differences)
    yield Figure(label=Text("审计记录", "audit entries"), value=f"{facts.log_entries:,}")


def _pictures(facts: DemoFacts) -> Iterator[Picture]:
    yield _funnel(facts)
    yield _waiting(facts)
    yield _unions(facts)
    yield _calendar(facts)
    if facts.card_flows:
        yield _card_flows(facts)
    yield _mistakes(facts)
    yield _batches(facts)


def _funnel(facts: DemoFacts) -> Picture:
    steps = list(zip(STEPS, facts.funnel, strict=True))
    losses = [
        (before.people - now.people, names[1], before.people)
        for (_, before), (names, now) in pairwise(steps)
    ]
    lost, where, of = max(losses, key=lambda each: each[0])
    share = f"{lost / max(of, 1):.1%}"
    bars = tuple(
        Bar(label=names[1], value=now.people, group=_OWNERS.index(names[2])) for names, now in steps
    )
    before = [None, *(now.people for _, now in steps)]
    rows = tuple(
        (
            names[1], now.people, None if was is None else round(100 * now.people / max(was, 1), 1),
            now.slowest_days, names[2],
        )
        for (names, now), was in zip(steps, before, strict=False)
    )  # fmt: skip
    return Picture(
        key="funnel",
        finding=Text(
            f"最大损失在“{where.zh}”：{lost:,} 人，占上一步 {share}",
            f"Most people are lost at “{where.en}”: {lost:,}, {share} of the step before",
        ),
        shape=Bars(bars=bars, groups=_OWNERS),
        table=Table(
            head=(
                Text("环节", "step"), _PEOPLE, Text("占上一步 %", "% of the step before"),
                Text("最慢用时（天）", "slowest (days)"), Text("谁办", "who acts"),
            ),
            rows=rows,
            meter=1,
        ),
    )  # fmt: skip


def _waiting(facts: DemoFacts) -> Picture:
    whole = sum(count for _, count in facts.waiting)
    late = dict(facts.waiting)[">30"]
    label = {group: Text(f"{group} 天", f"{group} days") for group, _ in facts.waiting}
    return Picture(
        key="waiting",
        finding=Text(
            f"{whole:,} 张卡已制好、等会员面签，其中 {late:,} 张超过 30 天",
            f"{whole:,} cards wait to be signed for, {late:,} of them for more than 30 days",
        ),
        shape=Bars(bars=tuple(Bar(label=label[g], value=n, group=0) for g, n in facts.waiting)),
        table=Table(
            head=(Text("已等候", "waiting for"), Text("卡（张）", "cards")),
            rows=tuple((label[group], count) for group, count in facts.waiting),
            meter=1,
        ),
    )


def _unions(facts: DemoFacts) -> Picture:
    shares = [(each.union, each.accepted / each.rows, each) for each in facts.files]
    worst = min(shares, key=lambda each: each[1])
    tiles = tuple(Bar(label=Text(name, name), value=share) for name, share, _ in shares)
    return Picture(
        key="unions",
        finding=Text(
            f"{len(shares)} 家工会一次通过率 {worst[1]:.1%} 起，最低的是{worst[0]}",
            f"{worst[1]:.1%} or more of each roster passes at once; {worst[0]} is lowest",
        ),
        shape=Tiles(tiles=tiles),
        table=Table(
            head=(
                Text("工会", "union"), Text("文件", "file"), Text("行数", "rows"),
                Text("通过", "accepted"), Text("自动修正", "mended"),
            ),
            rows=tuple(
                (each.union, each.form, each.rows, each.accepted, each.fixes)
                for each in facts.files
            ),
            meter=3,
        ),
    )  # fmt: skip


def _calendar(facts: DemoFacts) -> Picture:
    best, most = max(facts.activations, key=lambda each: each[1])
    return Picture(
        key="activations",
        finding=Text(
            f"激活最多的一天是 {best}：{most:,} 人",
            f"{best} saw most activations: {most:,}",
        ),
        shape=Days(days=facts.activations),
        table=Table(
            head=(Text("日期", "day"), Text("激活", "activated")),
            rows=tuple(facts.activations),
            meter=1,
        ),
    )


def _card_flows(facts: DemoFacts) -> Picture:
    flows = tuple(
        (BankState(before).text, BankState(after).text, count)
        for before, after, count in facts.card_flows
        if before != BankState.ISSUED.value
    ) or tuple(
        (BankState(before).text, BankState(after).text, count)
        for before, after, count in facts.card_flows
    )
    lost = sum(n for _, after, n in facts.card_flows if after.startswith("LOSS"))
    back = sum(n for b, after, n in facts.card_flows if b.startswith("LOSS") and after == "ACTIVE")
    return Picture(
        key="cards",
        finding=Text(
            f"{lost} 张卡挂失，{back} 张找回，{facts.replaced} 张换卡；没有一张卡在两边状态不同",
            f"{lost} cards reported lost, {back} found again, {facts.replaced} replaced; "
            "no card stands differently on the two sides",
        ),
        shape=Flows(flows=flows),
        table=Table(
            head=(Text("原状态", "from"), Text("新状态", "to"), Text("次数", "times")),
            rows=tuple(
                (BankState(before).text, BankState(after).text, count)
                for before, after, count in facts.card_flows
            ),
            meter=2,
        ),
    )


def _mistakes(facts: DemoFacts) -> Picture:
    codes: Counter[str] = Counter()
    for each in facts.files:
        codes.update(dict(each.bad))
    ordered = sorted(codes.items(), key=lambda each: (-each[1], each[0]))
    pages = code_pages()
    whole = sum(codes.values())
    first = pages[ordered[0][0]].what if ordered else Text("无", "none")
    return Picture(
        key="mistakes",
        finding=Text(
            f"{whole} 行要改（{whole / facts.rows:.1%}），最多的是：{_short(first).zh}",
            f"{whole} rows to mend ({whole / facts.rows:.1%}); most often: {_short(first).en}",
        ),
        shape=Columns(bars=tuple(Bar(label=Text(code, code), value=n) for code, n in ordered)),
        table=Table(
            head=(Text("代码", "code"), Text("含义", "what it means"), Text("行数", "rows")),
            rows=tuple((code, _short(pages[code].what), count) for code, count in ordered),
            meter=2,
        ),
        note=Text("说明：szunion explain 代码", "more: szunion explain CODE"),
    )


def _short(text: Text) -> Text:
    """Return a code's title without what only an actual row could fill in."""
    return Text(_without_names(text.zh), _without_names(text.en))


def _without_names(words: str) -> str:
    while "{" in words and "}" in words:
        head, _, rest = words.partition("{")
        words = head + "…" + rest.partition("}")[2]
    return words


def _batches(facts: DemoFacts) -> Picture:
    slowest = max(facts.batches, key=lambda each: each.last_card - each.sent)
    days = slowest.last_card - slowest.sent
    groups = (
        Text("审核", "approval"), Text("银行办理", "at the bank"), Text("制卡到齐", "cards told"),
    )  # fmt: skip
    rows = tuple(
        (
            Text(each.union, each.union),
            (
                (each.submitted, each.approved, 0),
                (each.sent, each.first_card, 1),
                (each.first_card, each.last_card, 2),
            ),
        )
        for each in facts.batches
    )
    return Picture(
        key="batches",
        finding=Text(
            f"银行最慢 {days:.1f} 天交齐一批卡（{slowest.union}，{slowest.rows:,} 张）",
            f"The bank took {days:.1f} days at most for a whole batch "
            f"({slowest.union}, {slowest.rows:,} cards)",
        ),
        shape=Spans(rows=rows, groups=groups, unit=Text("第 {d} 天", "day {d}")),
        table=Table(
            head=(
                Text("工会", "union"), Text("行数", "rows"), Text("提交", "submitted"),
                Text("审核", "approved"), Text("报送", "sent"), Text("首张制成", "first card"),
                Text("末张制成", "last card"),
            ),
            rows=tuple(
                (
                    each.union, each.rows, each.submitted, each.approved, each.sent,
                    each.first_card, each.last_card,
                )
                for each in facts.batches
            ),
        ),
        note=Text("单位：开始后的天数", "unit: days after the first"),
    )  # fmt: skip


def _tables(facts: DemoFacts) -> Iterator[tuple[Text, Table]]:
    faults = tuple((fault_text(kind), count) for kind, count in facts.faults)
    yield (
        Text(
            f"注入的故障 {sum(count for _, count in facts.faults)} 次，没有一次造成错账",
            f"{sum(count for _, count in facts.faults)} faults injected, none did harm",
        ),
        Table(head=(Text("故障", "fault"), Text("次数", "times")), rows=faults, meter=1),
    )
    closed = sum(each.closed for each in facts.recons)
    runs = tuple(
        (each.day, each.ours, each.theirs, each.agreed, each.closed)
        for each in facts.recons
        if each.closed or each.agreed != each.ours or each.ours != each.theirs
    )
    yield (
        Text(
            f"日终对账 {len(facts.recons)} 次：先后 {closed} 处不同，全部核平；下面是有不同的日子",
            f"{len(facts.recons)} daily comparisons found {closed} differences and settled all; "
            "these are the days that had any",
        ),
        Table(
            head=(
                Text("日期", "day"), Text("工会", "ours"), Text("银行", "bank's"),
                Text("一致", "agreed"), Text("核平", "settled"),
            ),
            rows=runs,
        ),
    )  # fmt: skip
    story = tuple(
        (at, Text(zh, en), before or None, after or None)
        for at, zh, en, before, after in facts.story
    )
    yield (
        Text("一名会员的经过（模拟）", "What happened to one member (simulated)"),
        Table(
            head=(
                Text("时间", "when"), Text("事项", "what"), Text("之前", "before"),
                Text("之后", "after"),
            ),
            rows=story,
        ),
    )  # fmt: skip
