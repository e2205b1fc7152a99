"""Know how wishes, projects and the counters of cards are kept in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from attrs import frozen

from szunion.adapters.storage.sql.batches import people_seen
from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import micros, moment
from szunion.domain.access import Scope
from szunion.domain.projects import Project
from szunion.domain.values import CardId, OrganisationId, PersonId, shard_of
from szunion.domain.wishes import Wish, WishState
from szunion.ports.keys import Place, Vault


@frozen
class SqlWishes:
    """Wishes in SQL; a member's own words are sealed."""

    session: Session
    vault: Vault

    def _wish(self, row: Row) -> Wish:
        id_, person, category, item, sealed, at, state = row
        place = Place("wish", shard_of(id_), id_, "words")
        words = self.vault.open(place, sealed).decode() if sealed else ""
        return Wish(
            id=id_, person=PersonId(person), category=category, item=item, words=words,
            at=moment(at), state=WishState(state),
        )  # fmt: skip

    def add(self, scope: Scope, wish: Wish) -> bool:
        place = Place("wish", shard_of(wish.id), wish.id, "words")
        sealed = self.vault.seal(place, wish.words.encode()) if wish.words else None
        row = (
            shard_of(wish.id), wish.id, wish.person, wish.category, wish.item, sealed,
            micros(wish.at), wish.state.value,
        )  # fmt: skip
        return self.session.do("wish.add", row) == 1

    def get(self, scope: Scope, wish: int) -> Wish | None:
        row = self.session.one("wish.get", {"shard": shard_of(wish), "id": wish})
        if row is None or not people_seen(self.session, scope, [PersonId(row[1])]):
            return None
        return self._wish(row)

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Wish]:
        if not people_seen(self.session, scope, [person]):
            return []
        where = {"shard": shard_of(person), "person": person}
        return [self._wish(row) for row in self.session.all("wish.of_person", where)]

    def put(self, scope: Scope, wish: Wish) -> None:
        where = {"shard": shard_of(wish.id), "id": wish.id, "state": wish.state.value}
        self.session.do("wish.put", where)

    def counts(self, scope: Scope) -> Mapping[tuple[str, str], int]:
        return {(category, item): count
                for category, item, count in self.session.all("wish.counts")}  # fmt: skip

    def unlisted(self, scope: Scope, category: str, most: int) -> Sequence[Wish]:
        rows = self.session.all("wish.unlisted", {"category": category, "most": most})
        seen = people_seen(self.session, scope, [PersonId(row[1]) for row in rows])
        return [self._wish(row) for row in rows if row[1] in seen]


@frozen
class SqlProjects:
    """Projects in SQL."""

    session: Session

    def get(self, scope: Scope, item: str) -> Project | None:
        row = self.session.one("project.get", {"item": item})
        if row is None:
            return None
        found, argument, responsible, people, resources, since, version = row
        return Project(
            item=found, argument=argument, responsible=OrganisationId(responsible), people=people,
            resources=resources, since=date.fromisoformat(since), version=version,
        )  # fmt: skip

    def put(self, scope: Scope, project: Project) -> None:
        row = {
            "item": project.item, "argument": project.argument,
            "responsible": project.responsible, "people": project.people,
            "resources": project.resources, "since": project.since.isoformat(),
        }  # fmt: skip
        if self.get(scope, project.item) is None:
            self.session.do("project.add", row)
        else:
            self.session.put("project.put", row | {"version": project.version}, "project")


@frozen
class SqlCardCounters:
    """How far each card has counted, in SQL."""

    session: Session
    now: datetime

    def keep(self, scope: Scope, card: CardId, counter: int) -> bool:
        row = (shard_of(card), card, counter, micros(self.now))
        return self.session.do("card_counter.keep", row) == 1
