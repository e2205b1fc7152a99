"""Know how covers under plans, claims, and heirs are kept in SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from attrs import frozen

from szunion.adapters.storage.sql.batches import people_seen
from szunion.adapters.storage.sql.sealed_claim import opened, plain_bytes
from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import maybe_day, maybe_iso, micros, moment
from szunion.domain.access import Scope
from szunion.domain.claim_files import Claim, Heir
from szunion.domain.claims import ClaimReason, ClaimState
from szunion.domain.enrolments import Enrolment, EnrolmentState
from szunion.domain.values import ClaimId, EnrolmentId, Fen, ObligationId, PersonId, shard_of
from szunion.ports.keys import IndexField, Place, Vault


def _enrolment(row: Row) -> Enrolment:
    (
        id_, key, person, plan, state, asked, asked_by, catalogue, since, waiting_until, until,
        most_claims, cap, claims, paid, follows, document, decided_by, version,
    ) = row  # fmt: skip
    return Enrolment(
        id=EnrolmentId(id_), key=key, person=PersonId(person), plan=plan,
        state=EnrolmentState(state), asked=moment(asked), asked_by=asked_by, catalogue=catalogue,
        since=maybe_day(since), waiting_until=maybe_day(waiting_until), until=maybe_day(until),
        most_claims=most_claims, cap=None if cap is None else Fen(cap), claims=claims,
        paid=Fen(paid), follows=EnrolmentId(follows) if follows else None, document=document,
        decided_by=decided_by, version=version,
    )  # fmt: skip


def _moving(each: Enrolment) -> dict[str, object]:
    return {
        "shard": shard_of(each.id), "id": each.id, "state": each.state.value,
        "catalogue": each.catalogue, "since": maybe_iso(each.since),
        "waiting_until": maybe_iso(each.waiting_until), "until": maybe_iso(each.until),
        "most_claims": each.most_claims, "cap": None if each.cap is None else each.cap.amount,
        "document": each.document, "decided_by": each.decided_by,
    }  # fmt: skip


def known_enrolment(each: Enrolment) -> dict[str, object]:
    """Return the columns of a new cover."""
    fixed = {
        "key": each.key, "person": each.person, "plan": each.plan, "asked": micros(each.asked),
        "asked_by": each.asked_by, "claims": each.claims, "paid": each.paid.amount,
        "follows": each.follows,
    }  # fmt: skip
    return _moving(each) | fixed


@frozen
class SqlEnrolments:
    """Covers in SQL. What is used of one is counted by the database's own guarded step."""

    session: Session

    def add(self, scope: Scope, enrolment: Enrolment) -> bool:
        return self.session.do("enrolment.add", known_enrolment(enrolment)) == 1

    def get(self, scope: Scope, enrolment: EnrolmentId) -> Enrolment | None:
        where = {"shard": shard_of(enrolment), "id": enrolment}
        row = self.session.one("enrolment.get", where)
        found = None if row is None else _enrolment(row)
        if found is None or not people_seen(self.session, scope, [found.person]):
            return None
        return found

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Enrolment]:
        if not people_seen(self.session, scope, [person]):
            return []
        where = {"shard": shard_of(person), "person": person}
        return [_enrolment(row) for row in self.session.all("enrolment.of_person", where)]

    def asked(self, scope: Scope, *, after: EnrolmentId | None, most: int) -> Sequence[Enrolment]:
        where = {"after": -1 if after is None else after, "most": most}
        found = [_enrolment(row) for row in self.session.all("enrolment.asked", where)]
        seen = people_seen(self.session, scope, [each.person for each in found])
        return [each for each in found if each.person in seen]

    def due(self, scope: Scope, today: date, most: int) -> Sequence[Enrolment]:
        where = {"today": today.isoformat(), "most": most}
        return [_enrolment(row) for row in self.session.all("enrolment.due", where)]

    def put(self, scope: Scope, enrolment: Enrolment) -> None:
        known = _moving(enrolment) | {"version": enrolment.version}
        self.session.put("enrolment.put", known, "enrolment")

    def use(self, scope: Scope, enrolment: EnrolmentId, fen: Fen) -> bool:
        where = {"shard": shard_of(enrolment), "id": enrolment, "fen": fen.amount}
        return self.session.do("enrolment.use", where) == 1


@frozen
class SqlClaims:
    """Claims in SQL: what happened stands sealed, an event under its blind fingerprints."""

    session: Session
    vault: Vault

    def _claim(self, row: Row) -> Claim:
        (
            id_, keys, person, plan, enrolment, state, reason, fen, obligation, asked, changed,
            made_by, reviewer, confirmed_by, appealed, reminders, sealed, version,
        ) = row  # fmt: skip
        found = opened(self.vault.open(Place("claim", shard_of(id_), id_), sealed))
        return Claim(
            id=ClaimId(id_), keys=tuple(json.loads(keys)), person=PersonId(person), plan=plan,
            enrolment=EnrolmentId(enrolment), state=ClaimState(state),
            reason=ClaimReason(reason) if reason else None, happening=found.happening,
            papers=found.papers, missing=found.missing, reckoning=found.reckoning,
            fen=None if fen is None else Fen(fen),
            obligation=ObligationId(obligation) if obligation else None, asked=moment(asked),
            changed=moment(changed), made_by=made_by, reviewer=reviewer,
            confirmed_by=confirmed_by, appealed=bool(appealed), reminders=reminders,
            version=version,
        )  # fmt: skip

    def _moving(self, claim: Claim) -> dict[str, object]:
        shard = shard_of(claim.id)
        return {
            "shard": shard, "id": claim.id, "state": claim.state.value,
            "reason": claim.reason.value if claim.reason else None,
            "fen": None if claim.fen is None else claim.fen.amount,
            "obligation": claim.obligation, "changed": micros(claim.changed),
            "reviewer": claim.reviewer, "confirmed_by": claim.confirmed_by,
            "appealed": int(claim.appealed), "reminders": claim.reminders,
            "sealed": self.vault.seal(Place("claim", shard, claim.id), plain_bytes(claim)),
        }  # fmt: skip

    def _places(self, claim: Claim) -> list[tuple[int, bytes, int]]:
        return [
            (self.vault.route(key), self.vault.index(IndexField.GRANT, key), claim.id)
            for key in claim.keys
        ]

    def add(self, scope: Scope, claim: Claim) -> None:
        fixed = {
            "person": claim.person, "enrolment": claim.enrolment, "plan": claim.plan,
            "keys": json.dumps(claim.keys), "asked": micros(claim.asked),
            "made_by": claim.made_by,
        }  # fmt: skip
        if claim.holds_its_event:
            self.session.many("claim.hold", self._places(claim))
        self.session.do("claim.add", self._moving(claim) | fixed)

    def holder(self, scope: Scope, keys: Iterable[str]) -> Claim | None:
        for key in keys:
            index = self.vault.index(IndexField.GRANT, key)
            where = {"shard": self.vault.route(key), "key": index}
            row = self.session.one("claim.holder", where)
            if row is not None:
                return self._claim(row)
        return None

    def get(self, scope: Scope, claim: ClaimId) -> Claim | None:
        row = self.session.one("claim.get", {"shard": shard_of(claim), "id": claim})
        found = None if row is None else self._claim(row)
        if found is None or not people_seen(self.session, scope, [found.person]):
            return None
        return found

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Claim]:
        if not people_seen(self.session, scope, [person]):
            return []
        where = {"shard": shard_of(person), "person": person}
        return [self._claim(row) for row in self.session.all("claim.of_person", where)]

    def of_obligations(self, scope: Scope, obligations: Iterable[ObligationId]) -> Sequence[Claim]:
        where = {"obligations": json.dumps(list(obligations))}
        return [self._claim(row) for row in self.session.all("claim.of_obligations", where)]

    def listed(
        self, scope: Scope, states: Iterable[ClaimState], *, after: ClaimId | None, most: int
    ) -> Sequence[Claim]:
        where = {
            "states": json.dumps([each.value for each in states]),
            "after": -1 if after is None else after, "most": most,
        }  # fmt: skip
        found = [self._claim(row) for row in self.session.all("claim.listed", where)]
        seen = people_seen(self.session, scope, [each.person for each in found])
        return [each for each in found if each.person in seen]

    def due(
        self, scope: Scope, state: ClaimState, before: datetime, most: int, *, reminders: int = 99
    ) -> Sequence[Claim]:
        where = {
            "state": state.value, "before": micros(before), "reminders": reminders, "most": most,
        }  # fmt: skip
        return [self._claim(row) for row in self.session.all("claim.due", where)]

    def over(self, scope: Scope, before: datetime, most: int) -> Sequence[tuple[ClaimId, PersonId]]:
        rows = self.session.all("claim.over", {"before": micros(before), "most": most})
        return [(ClaimId(id_), PersonId(person)) for id_, person in rows]

    def end_files(self, scope: Scope, claims: Sequence[ClaimId]) -> None:
        self.session.many("claim.end_file", [(shard_of(id_), id_) for id_ in claims])

    def put(self, scope: Scope, claim: Claim) -> None:
        self.session.put("claim.put", self._moving(claim) | {"version": claim.version}, "claim")
        places = self._places(claim)
        self.session.many("claim.free", places)
        if claim.holds_its_event:
            self.session.many("claim.hold", places)


def _heir(row: Row) -> Heir:
    person, heir, document, named, named_by, confirmed_by, since = row
    return Heir(
        person=PersonId(person), heir=PersonId(heir), document=document, named=moment(named),
        named_by=named_by, confirmed_by=confirmed_by, since=date.fromisoformat(since),
    )  # fmt: skip


@frozen
class SqlHeirs:
    """Heirs in SQL."""

    session: Session

    def put(self, scope: Scope, heir: Heir) -> None:
        self.session.do(
            "heir.put",
            {
                "shard": shard_of(heir.person), "person": heir.person, "heir": heir.heir,
                "document": heir.document, "named": micros(heir.named),
                "named_by": heir.named_by, "confirmed_by": heir.confirmed_by,
                "since": heir.since.isoformat(),
            },
        )  # fmt: skip

    def of_people(self, scope: Scope, people: Iterable[PersonId]) -> Mapping[PersonId, Heir]:
        rows = self.session.all("heir.of_people", {"people": json.dumps(sorted(set(people)))})
        return {each.person: each for each in map(_heir, rows)}
