"""Know how what happened in a claim becomes the bytes that are sealed, and comes back."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from attrs import frozen

from szunion.adapters.storage.sql.times import maybe_day, maybe_iso
from szunion.domain.claim_files import Claim
from szunion.domain.claims import ClaimReason
from szunion.domain.reckoning import Happening, Reckoning
from szunion.domain.values import EnrolmentId, Fen


def plain_bytes(claim: Claim) -> bytes:
    """Return what is sealed of *claim*."""
    what, found = claim.happening, claim.reckoning
    return json.dumps(
        {
            "on": what.on.isoformat(),
            "until": maybe_iso(what.until),
            "days": what.days,
            "cause": what.cause,
            "papers": claim.papers,
            "missing": claim.missing,
            "reckoning": None if found is None else _plain(found),
        },
        ensure_ascii=False,
    ).encode()


def _plain(found: Reckoning) -> dict[str, Any]:
    return {
        "plan": found.plan, "catalogue": found.catalogue, "enrolment": found.enrolment,
        "since": maybe_iso(found.since), "until": maybe_iso(found.until), "days": found.days,
        "counted": found.counted, "rate": found.rate.amount, "whole": found.whole.amount,
        "claims_before": found.claims_before, "most_claims": found.most_claims,
        "paid_before": found.paid_before.amount,
        "cap": None if found.cap is None else found.cap.amount, "fen": found.fen.amount,
        "against": [each.value for each in found.against],
        "cuts": [each.value for each in found.cuts],
    }  # fmt: skip


@frozen
class Opened:
    """What was sealed of a claim."""

    happening: Happening
    papers: tuple[str, ...]
    missing: tuple[str, ...]
    reckoning: Reckoning | None


def opened(plain: bytes) -> Opened:
    """Return what *plain* says."""
    told = json.loads(plain)
    happening = Happening(
        on=date.fromisoformat(told["on"]), until=maybe_day(told["until"]), days=told["days"],
        cause=told["cause"],
    )  # fmt: skip
    found = told["reckoning"]
    return Opened(
        happening=happening,
        papers=tuple(told["papers"]),
        missing=tuple(told["missing"]),
        reckoning=None if found is None else _reckoning(found),
    )


def _reckoning(told: dict[str, Any]) -> Reckoning:
    return Reckoning(
        plan=told["plan"], catalogue=told["catalogue"], enrolment=EnrolmentId(told["enrolment"]),
        since=maybe_day(told["since"]), until=maybe_day(told["until"]), days=told["days"],
        counted=told["counted"], rate=Fen(told["rate"]), whole=Fen(told["whole"]),
        claims_before=told["claims_before"], most_claims=told["most_claims"],
        paid_before=Fen(told["paid_before"]),
        cap=None if told["cap"] is None else Fen(told["cap"]), fen=Fen(told["fen"]),
        against=tuple(map(ClaimReason, told["against"])),
        cuts=tuple(map(ClaimReason, told["cuts"])),
    )  # fmt: skip
