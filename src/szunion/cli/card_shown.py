"""Know how what was seen of a card is told to people, masked, and to programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import Enum
from typing import Final

from attrs import frozen

from szunion.cli.frame import Frame
from szunion.cli.streams import put
from szunion.domain.values import Fen
from szunion.emv import explain_words
from szunion.emv.explain_model import Explanation, Said
from szunion.emv.explain_text import as_text
from szunion.emv.files import Signed
from szunion.emv.logs import LogRecord
from szunion.emv.look import PublicData
from szunion.emv.oda_keys import Assurance
from szunion.emv.outcome import Outcome
from szunion.emv.transit import CITIES, Transit

_HIDDEN: Final = Said("已隐藏", "hidden")


@frozen(kw_only=True)
class Seen:
    """Everything one look found."""

    applications: tuple[PublicData, ...]
    transit: Transit | None
    membership: Signed | None
    today: date
    simulated: bool = False
    contactless: bool = False
    root: str = ""
    """The index of the CA key that the card names."""
    reveal: bool = False
    """Show plain values: whoever sets it has written that into the audit log."""


class Conclusion(Enum):
    """What somebody at a counter may make of a look."""

    GENUINE = Said(
        "真卡在场，可用于会员核验；办理资金或礼包业务另须第二种验证",
        "the genuine card is here: enough for a member check; money and packs need a second proof",
    )
    HINT = Said(
        "只作提示：没有认证，复制的卡读出来一样（--authenticate 可认证，ATC +1）",
        "a hint only: not authenticated, a copy reads the same (--authenticate, costs one ATC)",
    )
    REFUSED = Said(
        "不可采信：没有通过脱机认证", "not to be believed: offline authentication did not hold"
    )
    EXPIRED = Said("卡不在有效期内", "the card is not within its dates")
    TRANSIT_ONLY = Said("只有交通应用，没有银行应用", "a transit application only, none of a bank")


def conclusion(seen: Seen) -> Conclusion:
    """Return what to make of the look; the strictest of its applications decides."""
    found = seen.applications
    if not found:
        return Conclusion.TRANSIT_ONLY
    if any(each.verdict is not None and not each.verdict.passed for each in found):
        return Conclusion.REFUSED
    if any(_within(each, seen.today) is False for each in found):
        return Conclusion.EXPIRED
    if all(each.assurance >= Assurance.DDA_OFFLINE for each in found):
        return Conclusion.GENUINE
    return Conclusion.HINT


def _within(found: PublicData, today: date) -> bool | None:
    """Return whether *today* is within the application's dates; None: it told none."""
    if found.expires is None:
        return None
    return (found.begins is None or found.begins <= today) and today <= found.expires


# --- for programs -----------------------------------------------------------------------------


def as_data(seen: Seen) -> dict[str, object]:
    """Return what was seen as plain values for JSON; amounts in fen, days as ISO dates."""
    transit, record = seen.transit, seen.membership
    return {
        "applications": [_application(found, seen) for found in seen.applications],
        "transit": transit and {
            "system": transit.system.name,
            "number": _told(transit.number, reveal=seen.reveal),
            "balance": transit.balance,
            "begins": _day(transit.begins),
            "expires": _day(transit.expires),
            "city": transit.city,
        },
        "membership": record and {
            "organisation": record.membership.organisation,
            "begins": _day(record.membership.begins),
            "expires": _day(record.membership.expires),
        },
        "conclusion": conclusion(seen).name,
    }  # fmt: skip


def _told(value: object, *, reveal: bool) -> str | None:
    """Return a private value in the clear, or as it prints."""
    if value is None:
        return None
    return str(getattr(value, "plain")()) if reveal else str(value)  # noqa: B009


def _application(found: PublicData, seen: Seen) -> dict[str, object]:
    reveal = seen.reveal
    number, document, verdict = found.number, found.document, found.verdict
    return {
        "aid": found.aid.hex().upper(),
        "label": found.label,
        "number": _told(number, reveal=reveal),
        "number_checks": number.checked if number else None,
        "sequence": found.sequence,
        "begins": _day(found.begins),
        "expires": _day(found.expires),
        "within_dates": _within(found, seen.today),
        "name": _told(found.name.name if found.name else None, reveal=reveal),
        "document": document and {
            "kind": document.kind.name if document.kind else None,
            "number": _told(document.number, reveal=reveal),
        },
        "ecash": found.ecash and {"balance": found.ecash.balance, "limit": found.ecash.limit},
        "transactions": [_entry(each, reveal=reveal) for each in found.transactions],
        "loads": len(found.loads),
        "counter": found.counter,
        "assurance": found.assurance.name,
        "method": verdict.method.name if verdict else None,
        "reasons": [reason.name for reason in verdict.reasons] if verdict else [],
    }  # fmt: skip


def _entry(record: LogRecord, *, reveal: bool) -> dict[str, object]:
    return {
        "date": _day(record.date),
        "amount": record.amount,
        "kind": record.kind,
        "counter": record.atc,
        "merchant": record.merchant if reveal else None,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


# --- for people -------------------------------------------------------------------------------


def lines(seen: Seen, frame: Frame) -> Iterator[tuple[str, str]]:
    """Yield what was seen as pairs of a title and words."""
    text = frame.text
    for found in seen.applications:
        yield from _who(found, seen, frame)
        yield from _what(found, seen, frame)
        yield from _trust(found, seen, frame)
    if (transit := seen.transit) is not None:
        name = explain_words.application(transit.system.value)
        said = name.say(frame.language.value) if name else transit.system.name
        shown = _told(transit.number, reveal=seen.reveal)
        zh, _, en = CITIES.get(transit.city or "", "").partition(" ")
        words = " ".join(filter(None, (said, text(zh, en), shown)))
        yield text("交通", "transit"), f"{words}  {_yuan(transit.balance, frame)}"
    if (record := seen.membership) is not None:
        member = record.membership
        yield (
            text("会员凭证", "membership"),
            f"{member.organisation}  {member.begins} – {member.expires}"
            + text("（签名未验）", " (signature not checked)"),
        )
    yield text("结论", "conclusion"), conclusion(seen).value.say(frame.language.value)


def _who(found: PublicData, seen: Seen, frame: Frame) -> Iterator[tuple[str, str]]:
    text = frame.text
    known = explain_words.application(found.aid)
    kind = f"  {known.say(frame.language.value)}" if known else ""
    yield text("应用", "application"), f"{found.label}  {found.aid.hex().upper()}{kind}"
    if found.number is not None:
        right = text("校验位正确", "check digit right")
        wrong = text("校验位不符", "check digit wrong")
        shown = _told(found.number, reveal=seen.reveal)
        yield text("卡号", "number"), f"{shown}  {right if found.number.checked else wrong}"
    if found.expires is not None:
        dates = f"{found.begins} – {found.expires}" if found.begins else str(found.expires)
        inside = text("在有效期内", "within its dates")
        outside = text("不在有效期内", "not within its dates")
        yield (
            text("有效期", "valid"),
            f"{dates}  {inside if _within(found, seen.today) else outside}",
        )
    if found.name is not None:
        yield text("持卡人", "holder"), str(_told(found.name.name, reveal=seen.reveal))
    if (document := found.document) is not None:
        kinds = text(document.kind.zh, document.kind.en) if document.kind else "—"
        hidden = _HIDDEN.say(frame.language.value)
        number = _told(document.number, reveal=True) if seen.reveal else hidden
        yield text("证件", "document"), f"{kinds}  {number}"


def _what(found: PublicData, seen: Seen, frame: Frame) -> Iterator[tuple[str, str]]:
    text = frame.text
    if found.ecash is not None:
        yield text("电子现金", "e-cash"), _yuan(found.ecash.balance, frame)
    for record in found.transactions:
        hidden = _HIDDEN.say(frame.language.value)
        where = (record.merchant or "") if seen.reveal else hidden
        amount = "—" if record.amount is None else str(Fen(record.amount))
        words = f"{_day(record.date) or '—'}  {amount} {text('元', 'yuan')}  {where}"
        yield text("交易", "transaction"), words
    if found.loads:
        count = len(found.loads)
        yield text("圈存日志", "loads"), text(f"{count} 条", str(count))


def _trust(found: PublicData, seen: Seen, frame: Frame) -> Iterator[tuple[str, str]]:
    text = frame.text
    if (verdict := found.verdict) is not None:
        method = verdict.method.name
        root = text("测试根", "test root") if seen.simulated else ""
        by = text("，", ", ").join(filter(None, (
            text(f"CA 公钥索引 {seen.root}", f"CA key {seen.root}") if seen.root else "", root
        )))  # fmt: skip
        passed = text(f"{method} 通过（{by}）", f"{method} passed ({by})")
        why = text("；", "; ").join(reason.say(frame.language.value) for reason in verdict.reasons)
        failed = text(f"{method} 未通过：{why}", f"{method} not passed: {why}")
        yield text("脱机认证", "authentication"), passed if verdict.passed else failed
        if found.counter is not None:
            yield text("交易计数", "counter"), f"ATC {found.counter}"
    yield text("可信等级", "assurance"), found.assurance.name


def _yuan(fen: int | None, frame: Frame) -> str:
    if fen is None:
        return frame.text("余额未知", "balance not told")
    return frame.text(f"余额 {Fen(fen)} 元", f"balance {Fen(fen)} yuan")


def outcome_data(outcome: Outcome) -> dict[str, object]:
    """Return how a transaction ended as plain values."""
    verdict = outcome.verdict
    return {
        "decision": outcome.decision.name,
        "approved": outcome.decision.approved,
        "assurance": outcome.assurance.name,
        "method": verdict.method.name if verdict else None,
        "reasons": [reason.name for reason in verdict.reasons] if verdict else [],
        "tvr": outcome.tvr.raw.hex().upper(),
        "tsi": outcome.tsi.raw.hex().upper(),
        "code": outcome.code.decode("ascii", "replace"),
        "holder_verified": outcome.holder_verified,
    }


def outcome_lines(outcome: Outcome, frame: Frame) -> Iterator[tuple[str, str]]:
    """Yield how a transaction ended as pairs of a title and words."""
    en, _, zh = outcome.decision.value.rpartition(" ")
    yield frame.text("结果", "decision"), frame.text(zh, en)
    yield frame.text("可信等级", "assurance"), outcome.assurance.name
    joint = frame.text("；", "; ")
    for name, bits in (("TVR", outcome.tvr), ("TSI", outcome.tsi)):
        said = joint.join(frame.text(bit.zh, bit.en) for bit in bits.on())
        yield name, f"{bits.raw.hex().upper()}  {said}"


def show(frame: Frame, whole: Explanation, *, tell: bool) -> None:
    """Print an explained trace: every object, or a line a step."""
    if frame.as_json:
        return
    if tell:
        put(as_text(whole, frame.language.value), end="")
        return
    for step in whole.steps:
        words = step.title.say(frame.language.value)
        sizes = f"[{step.size}] → {step.sw:04X} [{step.answer_size}]"
        put(f"#{step.number} {step.header} {sizes}  {words}")
