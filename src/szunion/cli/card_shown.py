"""Know how what was seen of a card is told to people, masked, and to programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from attrs import frozen

from szunion.cli.frame import Frame
from szunion.domain.values import Fen
from szunion.emv import explain_words
from szunion.emv.files import Signed
from szunion.emv.look import PublicData
from szunion.emv.transaction import Outcome
from szunion.emv.transit import Transit


@frozen(kw_only=True)
class Seen:
    """Everything one look found."""

    applications: tuple[PublicData, ...]
    transit: Transit | None
    membership: Signed | None
    reveal: bool = False
    """Show plain values; only simulated cards may be shown so."""


def as_data(seen: Seen) -> dict[str, object]:
    """Return what was seen as plain values for JSON; amounts in fen, days as ISO dates."""
    transit, record = seen.transit, seen.membership
    return {
        "applications": [_application(found, reveal=seen.reveal) for found in seen.applications],
        "transit": transit and {
            "system": transit.system.name,
            "number": str(transit.number) if transit.number else None,
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
    }  # fmt: skip


def _application(found: PublicData, *, reveal: bool) -> dict[str, object]:
    def told(value: object) -> str | None:
        if value is None:
            return None
        return str(getattr(value, "plain")()) if reveal else str(value)  # noqa: B009

    number, document, verdict = found.number, found.document, found.verdict
    return {
        "aid": found.aid.hex().upper(),
        "label": found.label,
        "number": told(number),
        "number_checks": number.checked if number else None,
        "sequence": found.sequence,
        "begins": _day(found.begins),
        "expires": _day(found.expires),
        "name": told(found.name.name if found.name else None),
        "document": document and {
            "kind": document.kind.name if document.kind else None,
            "number": told(document.number),
        },
        "ecash": found.ecash and {"balance": found.ecash.balance, "limit": found.ecash.limit},
        "transactions": len(found.transactions),
        "loads": len(found.loads),
        "counter": found.counter,
        "assurance": found.assurance.name,
        "method": verdict.method.name if verdict else None,
        "reasons": [reason.name for reason in verdict.reasons] if verdict else [],
    }  # fmt: skip


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def lines(seen: Seen, frame: Frame) -> Iterator[tuple[str, str]]:
    """Yield what was seen as pairs of a title and words."""
    text = frame.text
    for found in seen.applications:
        yield from _application_lines(found, frame, _application(found, reveal=seen.reveal))
    if (transit := seen.transit) is not None:
        name = explain_words.application(transit.system.value)
        said = name.say(frame.language.value) if name else transit.system.name
        number = f" {transit.number}" if transit.number else ""
        yield text("交通", "transit"), f"{said}{number}  {_yuan(transit.balance, frame)}"
    if (record := seen.membership) is not None:
        member = record.membership
        yield (
            text("会员凭证", "membership"),
            f"{member.organisation}  {member.begins} – {member.expires}"
            + text("（签名未验）", " (signature not checked)"),
        )


def _application_lines(
    found: PublicData, frame: Frame, plain: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    text = frame.text
    yield text("应用", "application"), f"{found.label}  {found.aid.hex().upper()}"
    if found.number is not None:
        right = text("校验位正确", "check digit right")
        wrong = text("校验位不符", "check digit wrong")
        check = right if found.number.checked else wrong
        yield text("卡号", "number"), f"{plain['number']}  {check}"
    if found.expires is not None:
        yield text("有效期", "valid until"), found.expires.isoformat()
    if found.name is not None:
        yield text("持卡人", "holder"), str(plain["name"])
    if (document := found.document) is not None:
        kind = document.kind
        word = text(kind.zh, kind.en) if kind else "—"
        yield text("证件", "document"), f"{word} {document.number}"
    if found.ecash is not None:
        yield text("电子现金", "e-cash"), _yuan(found.ecash.balance, frame)
    if found.transactions or found.loads:
        many = f"{len(found.transactions)} + {len(found.loads)}"
        yield text("交易与圈存日志", "transactions and loads"), many
    if (verdict := found.verdict) is not None:
        method = verdict.method.name
        passed = text(f"{method} 通过", f"{method} passed")
        why = text("；", "; ").join(reason.say(frame.language.value) for reason in verdict.reasons)
        failed = text(f"{method} 未通过：{why}", f"{method} not passed: {why}")
        yield text("脱机认证", "authentication"), passed if verdict.passed else failed
        if found.counter is not None:
            yield text("交易计数", "counter"), str(found.counter)
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
        "tvr": outcome.tvr.encode().hex().upper(),
        "tsi": outcome.tsi.encode().hex().upper(),
        "code": outcome.code.decode("ascii", "replace"),
        "holder_verified": outcome.holder_verified,
    }


def outcome_lines(outcome: Outcome, frame: Frame) -> Iterator[tuple[str, str]]:
    """Yield how a transaction ended as pairs of a title and words."""
    en, _, zh = outcome.decision.value.rpartition(" ")
    yield frame.text("结果", "decision"), frame.text(zh, en)
    yield frame.text("可信等级", "assurance"), outcome.assurance.name
    tvr, tsi = outcome.tvr, outcome.tsi
    yield "TVR", f"{tvr.encode().hex().upper()}  {' '.join(bit.name or '' for bit in tvr)}"
    yield "TSI", f"{tsi.encode().hex().upper()}  {' '.join(bit.name or '' for bit in tsi)}"
