"""Know how posts are given and end, and how one officer acts for another (经办人登记与委托)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from szunion.application.access import authorise
from szunion.application.office import Office, one_commit, one_look
from szunion.application.proposals import decide, propose
from szunion.domain.access import Operation, Principal, Purpose, Role, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.officers import (
    LONGEST_DELEGATION,
    OF_UNIONS,
    OFFICERS,
    ORGANS,
    Delegation,
    Post,
    post_of,
)
from szunion.domain.permissions import MATRIX
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.values import OrganisationId
from szunion.errors import InvalidInput, NotAllowed, NotFound
from szunion.ports.identity import Directory
from szunion.ports.storage import UnitOfWork

_APPOINT: Final = "officer.appoint"
_PAIR: Final = 2
_NOT_HANDED_ON: Final = frozenset({Operation.OFFICER_WRITE, Operation.OFFICER_DELEGATE})
"""Who may appoint and delegate does it in person."""


@frozen
class Officers:
    """The desk of posts and delegations (经办人登记台)."""

    office: Office
    by: Principal

    # --- posts ------------------------------------------------------------------------------

    @one_commit
    def appoint(
        self,
        work: UnitOfWork,
        login: str,
        role: Role,
        organisation: OrganisationId | None = None,
    ) -> Post | Proposal:
        """Give a login a post (任职): at a union at once, in an organ of the city by two persons.

        Args:
            work: Given by the office.
            login: The login as whoever lets people in knows it.
            role: As what.
            organisation: The union; None for an organ of the city.

        Raises:
            InvalidInput: the role is no post, or the union is missing or too much (E-OFFICER-001).
            NotFound: the union is not within reach (E-ACCESS-002).
            NotAllowed: it is the own login (E-ACCESS-004), or an organ is not yours to fill
                (E-ACCESS-001).
        """
        scope = authorise(work, self.by, Operation.OFFICER_WRITE)
        name = login.strip()
        if not name or role not in OFFICERS or (role in OF_UNIONS) is (organisation is None):
            raise InvalidInput("E-OFFICER-001")
        if name == self.by.id:
            raise NotAllowed("E-ACCESS-004")
        if organisation is not None:
            if work.organisations.get(scope, organisation) is None:
                raise NotFound("E-ACCESS-002")
            return self._appointed(work, scope, name, role, organisation, self.by.id)
        if not scope.whole_city:
            text = self.by.role.text
            raise NotAllowed(
                "E-ACCESS-001", role=text.zh, role_en=text.en, operation=_APPOINT
            )  # fmt: skip
        return propose(work, scope, _APPOINT, None, {"login": name, "role": role.value})

    @one_commit
    def confirm(self, work: UnitOfWork, proposal: int) -> Post:
        """Confirm, as another person, a post in an organ of the city.

        Raises:
            NotAllowed: the maker, or who acts for the maker, confirms (E-ACCESS-004); or it is the
                own login.
        """
        scope = authorise(work, self.by, Operation.OFFICER_WRITE)
        decided = decide(work, scope, proposal, {_APPOINT})
        login, role = decided.terms["login"], Role(decided.terms["role"])
        if login == self.by.id:
            raise NotAllowed("E-ACCESS-004")
        return self._appointed(work, scope, login, role, None, decided.maker)

    @one_commit
    def refuse(self, work: UnitOfWork, proposal: int) -> Proposal:
        """Refuse, as another person, what was proposed."""
        scope = authorise(work, self.by, Operation.OFFICER_WRITE)
        return decide(work, scope, proposal, {_APPOINT}, ProposalState.REFUSED)

    @one_commit
    def leave(self, work: UnitOfWork, post: int, *, why: str) -> Post:
        """End a post (离任): from this commit on the login has no reach by it; one person does it.

        Raises:
            NotFound: the post is not there, or not within reach (E-ACCESS-002).
        """
        scope = authorise(work, self.by, Operation.OFFICER_WRITE)
        old = work.officers.get(scope, post)
        if old is None:
            raise NotFound("E-ACCESS-002")
        if old.until is not None:
            return old
        ended = old.left(work.now, why.strip()[:200])
        work.officers.put(scope, ended)
        self._log(work, scope, "officer.leave", ended)
        return evolve(ended, version=ended.version + 1)

    @one_look
    def of_union(self, work: UnitOfWork, organisation: OrganisationId) -> Sequence[Post]:
        """Return the posts at a union, with those that have ended."""
        scope = authorise(work, self.by, Operation.OFFICER_READ)
        if work.organisations.get(scope, organisation) is None:
            return []
        return work.officers.of_union(scope, organisation)

    @one_look
    def listed(self, work: UnitOfWork, *, after: int = 0, most: int = 200) -> Sequence[Post]:
        """Return a page of all posts by id; nothing for who does not see the whole city."""
        scope = authorise(work, self.by, Operation.OFFICER_READ)
        return work.officers.listed(scope, after=after, most=most)

    # --- delegations ------------------------------------------------------------------------

    @one_commit
    def delegate(
        self,
        work: UnitOfWork,
        login: str,
        operations: Iterable[Operation],
        *,
        until: datetime,
        since: datetime | None = None,
    ) -> Delegation:
        """Let another officer act in the own post for a while (委托代办).

        Neither of the two is a second person for what the other makes, until it has ended.

        Args:
            work: Given by the office.
            login: Who is to act: a colleague of the same union, or of an organ of the city.
            operations: In what; each must be the own role's.
            until: Until when, at most 90 days.
            since: From when; None: from now on.

        Raises:
            NotAllowed: one acts for another already, or has no post in the registry
                (E-OFFICER-003).
            NotFound: no colleague has that login (E-OFFICER-002).
            InvalidInput: nothing is named, something that is not the own, or appointing and
                delegating (E-OFFICER-004); or no such time (E-OFFICER-005).
        """
        scope = authorise(work, self.by, Operation.OFFICER_DELEGATE)
        own = post_of(work.officers.posts(self.by.id), self.by, work.now)
        if self.by.acting_for or own is None:
            raise NotAllowed("E-OFFICER-003")
        theirs = [each for each in work.officers.posts(login) if each.held(work.now)]
        if login == self.by.id or not any(_colleagues(own, each) for each in theirs):
            raise NotFound("E-OFFICER-002")
        wanted = frozenset(operations)
        mine = {each for each, rule in MATRIX.items() if self.by.role in rule.cells}
        if not wanted or wanted - (mine - _NOT_HANDED_ON):
            raise InvalidInput("E-OFFICER-004")
        begin = since or work.now
        if not work.now <= begin < until <= begin + LONGEST_DELEGATION:
            raise InvalidInput("E-OFFICER-005", days=LONGEST_DELEGATION.days)
        made = Delegation(
            id=work.ids.new(), delegate=login, delegator=self.by.id, operations=wanted,
            since=begin, until=until, made=work.now,
        )  # fmt: skip
        work.officers.delegate(scope, made)
        names = " ".join(sorted(each.value for each in wanted))
        entry = AuditEntry(
            action="delegation.give", subject=made.id, before=self.by.id, after=login, reason=names
        )
        work.audit.add(scope, entry)
        return made

    @one_commit
    def end_delegation(self, work: UnitOfWork, delegation: int) -> Delegation:
        """End a delegation before its time: either of the two may.

        Raises:
            NotFound: there is none of the own (E-OFFICER-002).
        """
        scope = authorise(work, self.by, Operation.OFFICER_DELEGATE)
        old = work.officers.delegation(scope, delegation)
        if old is None or self.by.id not in {old.delegate, old.delegator}:
            raise NotFound("E-OFFICER-002")
        return self._ended(work, scope, old, "delegation.end")

    @one_commit
    def revoke(self, work: UnitOfWork, delegation: int, *, why: str) -> Delegation:
        """End a delegation as who could end the post that it stands on; one person does it.

        The next act of the delegate finds it ended. Who has nothing to do with either post learns
        not even that there is one.

        Raises:
            NotFound: there is none, or its giver has no post within reach (E-ACCESS-002).
        """
        scope = authorise(work, self.by, Operation.OFFICER_WRITE)
        old = work.officers.delegation(scope, delegation)
        if old is None or not self._reached(work, scope, old.delegator):
            raise NotFound("E-ACCESS-002")
        return self._ended(work, scope, old, "delegation.revoke", why.strip()[:200])

    @one_look
    def given_by(self, work: UnitOfWork, login: str) -> Sequence[Delegation]:
        """Return what an officer within reach has given to others; nothing for anybody else."""
        scope = authorise(work, self.by, Operation.OFFICER_READ)
        if not self._reached(work, scope, login):
            return ()
        found = work.officers.delegations_of(scope, login)
        return [each for each in found if each.delegator == login]

    @one_look
    def delegations(self, work: UnitOfWork) -> Sequence[Delegation]:
        """Return what one has given to others, or was given."""
        scope = authorise(work, self.by, Operation.OFFICER_DELEGATE)
        return work.officers.delegations_of(scope, self.by.id)

    # --- within -----------------------------------------------------------------------------

    def _reached(self, work: UnitOfWork, scope: Scope, login: str) -> bool:
        """Return whether a login has, or had, a post that the scope reaches."""
        # Unions are looked up, not posts: on PostgreSQL the second net is on those.
        return any(
            scope.whole_city
            if each.organisation is None
            else work.organisations.get(scope, each.organisation) is not None
            for each in work.officers.posts(login)
        )

    def _ended(
        self, work: UnitOfWork, scope: Scope, old: Delegation, action: str, why: str = ""
    ) -> Delegation:
        if old.until <= work.now:
            return old
        ended = old.ended(work.now)
        work.officers.put_delegation(scope, ended)
        entry = AuditEntry(
            action=action, subject=old.id, before=old.delegator, after=old.delegate, reason=why
        )
        work.audit.add(scope, entry)
        return evolve(ended, version=ended.version + 1)

    def _appointed(  # noqa: PLR0913, PLR0917 - what a post says
        self,
        work: UnitOfWork,
        scope: Scope,
        login: str,
        role: Role,
        organisation: OrganisationId | None,
        by: str,
    ) -> Post:
        for each in work.officers.posts(login):
            if each.until is None and (each.role, each.organisation) == (role, organisation):
                return each
        post = Post(
            id=work.ids.new(), login=login, role=role, organisation=organisation, since=work.now,
            by=by,
        )  # fmt: skip
        work.officers.add(scope, post)
        self._log(work, scope, _APPOINT, post)
        return post

    def _log(self, work: UnitOfWork, scope: Scope, action: str, post: Post) -> None:
        where = "" if post.organisation is None else str(post.organisation)
        entry = AuditEntry(
            action=action, subject=post.id, before=post.login, after=f"{post.role.value}:{where}",
            reason=post.why,
        )  # fmt: skip
        work.audit.add(scope, entry)


def _colleagues(one: Post, other: Post) -> bool:
    if one.role in ORGANS:
        return other.role in ORGANS
    return one.organisation == other.organisation


# --- at the door --------------------------------------------------------------------------------


def principal_of(  # noqa: PLR0913 - who comes, and as what
    office: Office,
    login: str,
    purpose: Purpose,
    *,
    role: Role | None = None,
    organisation: OrganisationId | None = None,
    acting_for: str = "",
    directory: Directory | None = None,
) -> Principal:
    """Return somebody of whom only the login is known, in the post that the registry has.

    Args:
        office: The office.
        login: Who has logged in.
        purpose: What for.
        role: As what, where the login has several posts.
        organisation: At which union, likewise.
        acting_for: For whom, by a delegation: the post is that one's.
        directory: The host's own directory; None: the registry of this system.

    Raises:
        NotAllowed: there is no such post now (E-ACCESS-012), or several (E-OFFICER-006).
    """
    whose = acting_for or login

    def look(work: UnitOfWork) -> Sequence[Post]:
        posts = work.officers.posts(whose) if directory is None else directory.posts(whose)
        return [each for each in posts if each.held(work.now)]

    fitting = [
        each
        for each in office.storage.read(look)
        if role in {None, each.role} and organisation in {None, each.organisation}
    ]
    if not fitting:
        raise NotAllowed("E-ACCESS-012")
    if len(fitting) > 1:
        raise NotAllowed("E-OFFICER-006")
    (post,) = fitting
    return Principal(
        id=login, role=post.role, purpose=purpose, organisation=post.organisation,
        acting_for=acting_for,
    )  # fmt: skip


def check_registered(office: Office, principal: Principal) -> None:
    """Check that an officer is known to the registry, where the city takes nobody else.

    A host's word is taken for the city federation until two of its officers are registered: they
    appoint all the others.

    Raises:
        NotAllowed: the registry does not know the login (E-ACCESS-014).
    """
    if not office.policy.access.registered or principal.role not in OFFICERS:
        return

    def known(work: UnitOfWork) -> bool:
        first = principal.role is Role.CITY and work.officers.organs(work.now) < _PAIR
        return first or bool(work.officers.posts(principal.id))

    if not office.storage.read(known):
        raise NotAllowed("E-ACCESS-014")
