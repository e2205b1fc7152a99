"""Know how consents, people's requests and erasures are kept in SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from attrs import frozen

from szunion.adapters.storage.sql.bank_words import waiver_use
from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import (
    maybe_day,
    maybe_iso,
    maybe_micros,
    maybe_moment,
    micros,
    moment,
)
from szunion.adapters.storage.sql.within import within
from szunion.domain.access import Scope
from szunion.domain.bank_words import WaiverUse
from szunion.domain.consent import Channel, ConsentEvent, ConsentPurpose, ConsentWord, Proof
from szunion.domain.lawful import Retention
from szunion.domain.ratings import Rating
from szunion.domain.rights import (
    Erasure,
    ErasureLine,
    Fate,
    Refusal,
    RequestKind,
    RequestState,
    RightsRequest,
)
from szunion.domain.values import CardId, ParticipationId, PersonId, shard_of
from szunion.ports.keys import Place, Vault

_REQUEST = "rights_request"
_NAME = "payee_name"


def _word(row: Row) -> ConsentWord:
    (
        id_, consent, person, event, purpose, recipient, notice, sha256, channel, at, guardian,
        login, device, paper, image, follows,
    ) = row  # fmt: skip
    return ConsentWord(
        id=id_, consent=consent, person=PersonId(person), event=ConsentEvent(event),
        purpose=ConsentPurpose(purpose), recipient=recipient, notice=notice, sha256=sha256,
        channel=Channel(channel), at=moment(at), by_guardian=bool(guardian),
        proof=Proof(login=login, device=device, paper=paper, image=image), follows=follows,
    )  # fmt: skip


@frozen
class SqlConsentWords:
    """What people answered, in SQL."""

    session: Session

    def add_many(self, scope: Scope, words: Iterable[ConsentWord]) -> None:
        self.session.many(
            "consent.add",
            (
                (
                    shard_of(word.person), word.id, word.consent, word.person, word.event.value,
                    word.purpose.value, word.recipient, word.notice, word.sha256,
                    word.channel.value, micros(word.at), int(word.by_guardian), word.proof.login,
                    word.proof.device, word.proof.paper, word.proof.image, word.follows,
                )
                for word in words
            ),
        )  # fmt: skip

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[ConsentWord]:
        if scope.only_person not in {None, person}:
            return []
        rows = self.session.all("consent.of_person", {"shard": shard_of(person), "person": person})
        return [_word(row) for row in rows]

    def of_people(
        self, scope: Scope, people: Iterable[PersonId]
    ) -> Mapping[PersonId, Sequence[ConsentWord]]:
        found: dict[PersonId, list[ConsentWord]] = {}
        for row in self.session.all("consent.of_people", {"persons": json.dumps(list(people))}):
            word = _word(row)
            found.setdefault(word.person, []).append(word)
        return found


@frozen
class SqlRightsRequests:
    """Requests of people about their own data, in SQL."""

    session: Session
    vault: Vault

    def _request(self, row: Row) -> RightsRequest:
        (
            shard, id_, person, kind, asked, made_by, due, must_by, wanted, paper, state,
            verified_by, evidence, answered_by, answered, refusal, version,
        ) = row  # fmt: skip
        told = {}
        if wanted is not None:
            told = json.loads(self.vault.open(Place(_REQUEST, shard, id_, "wanted"), wanted))
        return RightsRequest(
            id=id_, person=PersonId(person), kind=RequestKind(kind), asked=moment(asked),
            made_by=made_by, due=date.fromisoformat(due), limit=date.fromisoformat(must_by),
            wanted=told, paper=paper, state=RequestState(state), verified_by=verified_by,
            evidence=evidence, answered_by=answered_by, answered=maybe_moment(answered),
            refusal=None if refusal is None else Refusal(refusal), version=version,
        )  # fmt: skip

    def _columns(self, request: RightsRequest) -> dict[str, object]:
        shard = shard_of(request.id)
        wanted = None
        if request.wanted:
            plain = json.dumps(dict(request.wanted), ensure_ascii=False, sort_keys=True).encode()
            wanted = self.vault.seal(Place(_REQUEST, shard, request.id, "wanted"), plain)
        return {
            "shard": shard, "request": request.id, "person": request.person,
            "kind": request.kind.value, "asked": micros(request.asked),
            "made_by": request.made_by, "due": request.due.isoformat(),
            "must_by": request.limit.isoformat(), "wanted": wanted, "paper": request.paper,
            "state": request.state.value, "verified_by": request.verified_by,
            "evidence": request.evidence, "answered_by": request.answered_by,
            "answered": maybe_micros(request.answered),
            "refusal": request.refusal.value if request.refusal else None,
            "version": request.version,
        }  # fmt: skip

    def get(self, scope: Scope, request: int) -> RightsRequest | None:
        key = {"shard": shard_of(request), "request": request, **within(scope)}
        row = self.session.one("rights.get", key)
        return None if row is None else self._request(row)

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[RightsRequest]:
        if scope.only_person not in {None, person}:
            return []
        rows = self.session.all("rights.of_person", {"shard": shard_of(person), "person": person})
        return [self._request(row) for row in rows]

    def listed(
        self, scope: Scope, states: Iterable[RequestState], most: int
    ) -> Sequence[RightsRequest]:
        wanted = json.dumps(sorted(state.value for state in states))
        rows = self.session.all("rights.listed", {"states": wanted, "most": most, **within(scope)})
        return [self._request(row) for row in rows]

    def add(self, scope: Scope, request: RightsRequest) -> None:
        self.session.do("rights.add", self._columns(request))

    def put(self, scope: Scope, request: RightsRequest) -> None:
        self.session.put("rights.put", self._columns(request), _REQUEST)


def _line(told: Mapping[str, Any]) -> ErasureLine:
    return ErasureLine(
        table=told["table"], fate=Fate(told["fate"]), count=told["count"],
        subject=told["subject"], retention=Retention(told["retention"]),
        until=maybe_day(told["until"]),
    )  # fmt: skip


def _plain(line: ErasureLine) -> dict[str, object]:
    return {
        "table": line.table, "fate": line.fate.value, "count": line.count,
        "subject": line.subject, "retention": line.retention.value,
        "until": maybe_iso(line.until),
    }  # fmt: skip


def _erasure(row: Row) -> Erasure:
    person, at, by, request, lines, next_due, files = row
    return Erasure(
        person=PersonId(person), at=moment(at), by=by, request=request,
        lines=tuple(_line(each) for each in json.loads(lines)),
        next_due=maybe_day(next_due), files=files,
    )  # fmt: skip


@frozen
class SqlErasures:
    """The journal of erasures and their deeds, in SQL."""

    session: Session
    vault: Vault

    def get(self, scope: Scope, person: PersonId) -> Erasure | None:
        row = self.session.one("erasure.get", _key(person))
        return None if row is None else _erasure(row)

    def put(self, scope: Scope, erasure: Erasure) -> None:
        self.session.do(
            "erasure.put",
            {
                **_key(erasure.person), "at": micros(erasure.at), "done_by": erasure.by,
                "request": erasure.request, "files": erasure.files,
                "lines": json.dumps([_plain(line) for line in erasure.lines]),
                "next_due": maybe_iso(erasure.next_due),
            },
        )  # fmt: skip

    def journal(self, scope: Scope, after: PersonId, most: int) -> Sequence[Erasure]:
        rows = self.session.all("erasure.journal", {"after": after, "most": most})
        return [_erasure(row) for row in rows]

    def due(self, scope: Scope, day: date, most: int) -> Sequence[Erasure]:
        rows = self.session.all("erasure.due", {"day": day.isoformat(), "most": most})
        return [_erasure(row) for row in rows]

    def wipe(self, scope: Scope, person: PersonId, deeds: Iterable[str]) -> None:
        for deed in deeds:
            self.session.do(f"erasure.{deed}", _key(person))

    def wipe_claims(self, scope: Scope, person: PersonId, claims: Iterable[int]) -> None:
        for claim in claims:
            self.session.do("erasure.claim_keys", {"claim": claim})
            self.session.do("erasure.claim_one", {**_key(person), "claim": claim})

    def keep_name(self, scope: Scope, person: PersonId, name: str, until: date) -> None:
        salt = self.vault.salt()
        sealed = self.vault.seal(self._place(person), name.encode(), salt=salt)
        row = {"sealed": sealed, "salt": salt, "until": until.isoformat()}
        self.session.do("erasure.keep_name", _key(person) | row)

    def name_of(self, scope: Scope, person: PersonId) -> tuple[str, date] | None:
        row = self.session.one("erasure.name_of", _key(person))
        if row is None:
            return None
        sealed, salt, until = row
        plain = self.vault.open(self._place(person), sealed, salt=salt)
        return plain.decode(), date.fromisoformat(until)

    def drop_name(self, scope: Scope, person: PersonId) -> None:
        self.session.do("erasure.drop_name", _key(person))

    @staticmethod
    def _place(person: PersonId) -> Place:
        return Place(_NAME, shard_of(person), person)


@frozen
class SqlPersonFiles:
    """What no other noun finds by person, in SQL."""

    session: Session

    def fee_waivers(self, scope: Scope, person: PersonId) -> Sequence[WaiverUse]:
        return [waiver_use(row) for row in self.session.all("files.fee_waivers", _key(person))]

    def ratings(self, scope: Scope, person: PersonId) -> Sequence[Rating]:
        return [
            Rating(
                participation=ParticipationId(id_), person=PersonId(who), item=item, stars=stars,
                at=moment(at),
            )
            for id_, who, item, stars, at in self.session.all("files.ratings", _key(person))
        ]  # fmt: skip

    def plastic(self, scope: Scope, cards: Iterable[CardId]) -> Sequence[tuple[int, CardId, bool]]:
        return [
            (list_id, CardId(card_id), bool(there))
            for card in cards
            for list_id, card_id, there in self.session.all("files.plastic", _card(card))
        ]

    def counters(
        self, scope: Scope, cards: Iterable[CardId]
    ) -> Sequence[tuple[CardId, int, datetime | None]]:
        return [
            (CardId(card_id), counter, moment(at))
            for card in cards
            for card_id, counter, at in self.session.all("files.counter", _card(card))
        ]

    def merged(self, scope: Scope, person: PersonId) -> Sequence[PersonId]:
        found: list[PersonId] = []
        for (each,) in self.session.all("person.merged", {"person": person}):
            found += [PersonId(each), *self.merged(scope, PersonId(each))]
        return found

    def counts(self, scope: Scope, person: PersonId) -> Mapping[str, int]:
        return dict(self.session.all("files.counts", _key(person)))


def _card(card: CardId) -> dict[str, object]:
    return {"shard": shard_of(card), "card": card}


def _key(person: PersonId) -> dict[str, object]:
    return {"shard": shard_of(person), "person": person}
