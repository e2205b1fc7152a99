"""Know what the bank's word on a signing or on free services does: kept, shown, told on."""

from __future__ import annotations

from collections.abc import Iterable

from szunion.application.bank_outcomes import Outcome, card_name
from szunion.application.bank_rows import row_by_key
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank import FeeWaiversUsed, RowFaceSigned
from szunion.domain.bank_words import FaceSign, WaiverUse
from szunion.domain.inbox import Hearing
from szunion.domain.values import RowId
from szunion.ports.storage import UnitOfWork


def face_signed(work: UnitOfWork, scope: Scope, notice: RowFaceSigned) -> Outcome:
    """Keep what came of a signing face to face (面签结果); the row moves on activation alone."""
    row = row_by_key(work, scope, notice.row)
    earlier = [each for each in work.face_signs.of_person(scope, row.person) if each.row == row.id]
    sign = FaceSign(
        row=row.id,
        person=row.person,
        identity_version=row.identity_version,
        result=notice.result,
        sequence=notice.told.sequence,
        effective=notice.told.effective,
        received=work.now,
        bank_code=notice.bank_code[:64],
        bank_text=notice.bank_text[:256],
    )
    work.face_signs.add(scope, sign)
    entry = AuditEntry(
        action="row.face_signed",
        subject=row.id,
        person=row.person,
        after=notice.result.value,
        reason=sign.bank_code,
    )
    work.audit.add(scope, entry)
    if any(each.sequence > sign.sequence for each in earlier):
        return Outcome(hearing=Hearing.LATE, subject=row.id)
    if not notice.result.signed:
        words = {"result": notice.result.label, "result_en": notice.result.label_en}
        work.messages.add(scope, row.person, "row.face_sign_failed", words)
    return Outcome(hearing=Hearing.OBEYED, subject=row.id)


def signed_versions(signs: Iterable[FaceSign]) -> set[int]:
    """Return the identity versions whose holder has signed, by the last word on each row."""
    last: dict[RowId, FaceSign] = {}
    for each in signs:
        if each.row not in last or each.sequence > last[each.row].sequence:
            last[each.row] = each
    return {each.identity_version for each in last.values() if each.result.signed}


def waivers_used(work: UnitOfWork, scope: Scope, notice: FeeWaiversUsed) -> Outcome:
    """Keep how often a card was served free of fee (本月已免手续费次数)."""
    kept = work.cards.by_ref(scope, notice.card)
    if kept is None:
        return Outcome(hearing=Hearing.WAITING, about=card_name(work, notice.card))
    use = WaiverUse(
        card=kept.id,
        person=kept.person,
        month=notice.month.replace(day=1),
        kind=notice.waiver,
        used=notice.used,
        allowed=notice.allowed,
        sequence=notice.told.sequence,
        told=work.now,
    )
    newer = work.fee_waivers.put(scope, use)
    hearing = Hearing.OBEYED if newer else Hearing.LATE
    return Outcome(hearing=hearing, subject=kept.id)
