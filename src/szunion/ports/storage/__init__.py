"""Know what szunion asks of a store: units of work, and in each the repositories by noun.

A unit of work is one transaction: a change, its audit entry, its message to people and its order
to the bank are committed together or not at all. Every repository call takes a
:class:`~szunion.domain.access.Scope`; what is outside it is not there.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from szunion.ports.keys import Vault
from szunion.ports.storage.bank_words import FaceSigns, FeeWaivers, Reservations
from szunion.ports.storage.batches import Batches, Rows
from szunion.ports.storage.bindings import Bindings
from szunion.ports.storage.bulk import Bulk
from szunion.ports.storage.calls import Calls
from szunion.ports.storage.cards import Cards, CustodyLists, Entitlements, Instructions
from szunion.ports.storage.claims import Claims, Enrolments, Heirs
from szunion.ports.storage.core import AuditTrail, Messages
from szunion.ports.storage.disclosures import Disclosures
from szunion.ports.storage.figures import Figures
from szunion.ports.storage.imports import Imports
from szunion.ports.storage.inbox import Inbox
from szunion.ports.storage.joinings import Joinings
from szunion.ports.storage.members import Members, Transfers
from szunion.ports.storage.money import (
    Budgets,
    Ledger,
    Obligations,
    Orders,
    Payouts,
    Statements,
)
from szunion.ports.storage.officers import Officers
from szunion.ports.storage.organisations import Organisations
from szunion.ports.storage.outbox import Outbox
from szunion.ports.storage.people import People
from szunion.ports.storage.policies import Policies
from szunion.ports.storage.proposals import Proposals
from szunion.ports.storage.reconciliations import Reconciliations
from szunion.ports.storage.referrals import Referrals
from szunion.ports.storage.rights import ConsentWords, Erasures, PersonFiles, RightsRequests
from szunion.ports.storage.sealed import SealedData
from szunion.ports.storage.services import (
    Bookings,
    CardCounters,
    Offers,
    Participations,
    Projects,
    Wishes,
)
from szunion.ports.system import Ids

__all__ = ["Storage", "UnitOfWork"]

T = TypeVar("T")


class UnitOfWork(Protocol):
    """One transaction. It ends with the function that was given to :meth:`Storage.run`."""

    @property
    def now(self) -> datetime:
        """The recorded time of everything this unit writes: aware, UTC."""
        ...

    @property
    def ids(self) -> Ids:
        """Where its new ids come from."""
        ...

    @property
    def vault(self) -> Vault:
        """What derives its keys and seals its secrets."""
        ...

    @property
    def organisations(self) -> Organisations:
        """The unions of the city."""
        ...

    @property
    def people(self) -> People:
        """The people of the city."""
        ...

    @property
    def members(self) -> Members:
        """Memberships and affiliations."""
        ...

    @property
    def proposals(self) -> Proposals:
        """What waits for a second person."""
        ...

    @property
    def disclosures(self) -> Disclosures:
        """What was shown to whom."""
        ...

    @property
    def officers(self) -> Officers:
        """Who holds which post, and who acts for whom."""
        ...

    @property
    def calls(self) -> Calls:
        """Tickets of the hotline."""
        ...

    @property
    def referrals(self) -> Referrals:
        """Matters that the hotline passed on to unions."""
        ...

    @property
    def joinings(self) -> Joinings:
        """Sign-ups of unions for what their members join together, and who is on their lists."""
        ...

    @property
    def bindings(self) -> Bindings:
        """Accounts of portals."""
        ...

    @property
    def imports(self) -> Imports:
        """Imports of rosters."""
        ...

    @property
    def transfers(self) -> Transfers:
        """Moves between two unions."""
        ...

    @property
    def batches(self) -> Batches:
        """Application batches."""
        ...

    @property
    def rows(self) -> Rows:
        """Application rows."""
        ...

    @property
    def cards(self) -> Cards:
        """Cards, with facts and holds."""
        ...

    @property
    def instructions(self) -> Instructions:
        """What the bank was asked about cards."""
        ...

    @property
    def custody_lists(self) -> CustodyLists:
        """Lists of plastic."""
        ...

    @property
    def entitlements(self) -> Entitlements:
        """What came with the activation pack."""
        ...

    @property
    def enrolments(self) -> Enrolments:
        """Who takes part in which plan."""
        ...

    @property
    def claims(self) -> Claims:
        """What was claimed."""
        ...

    @property
    def heirs(self) -> Heirs:
        """Who receives for the dead."""
        ...

    @property
    def outbox(self) -> Outbox:
        """What goes to the bank."""
        ...

    @property
    def inbox(self) -> Inbox:
        """What the bank tells."""
        ...

    @property
    def reconciliations(self) -> Reconciliations:
        """Comparisons with the bank."""
        ...

    @property
    def bulk(self) -> Bulk:
        """Sets of things, for whole parts of the bank's notices."""
        ...

    @property
    def figures(self) -> Figures:
        """Counts over all members at once."""
        ...

    @property
    def face_signs(self) -> FaceSigns:
        """What came of signing face to face."""
        ...

    @property
    def fee_waivers(self) -> FeeWaivers:
        """What was free of fee."""
        ...

    @property
    def reservations(self) -> Reservations:
        """Reserved card numbers."""
        ...

    @property
    def offers(self) -> Offers:
        """What there is only so much of."""
        ...

    @property
    def bookings(self) -> Bookings:
        """People's places, and wishes for one."""
        ...

    @property
    def participations(self) -> Participations:
        """Who took part in what."""
        ...

    @property
    def wishes(self) -> Wishes:
        """What members ask for."""
        ...

    @property
    def projects(self) -> Projects:
        """Services as projects."""
        ...

    @property
    def card_counters(self) -> CardCounters:
        """How far each card has counted."""
        ...

    @property
    def obligations(self) -> Obligations:
        """What is owed."""
        ...

    @property
    def orders(self) -> Orders:
        """Attempts to pay."""
        ...

    @property
    def payouts(self) -> Payouts:
        """Pay-outs: many orders, by two people."""
        ...

    @property
    def budgets(self) -> Budgets:
        """How much an item may cost in a year."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The books."""
        ...

    @property
    def statements(self) -> Statements:
        """The lines of the bank's statements."""
        ...

    @property
    def consents(self) -> ConsentWords:
        """What people answered about their data."""
        ...

    @property
    def requests(self) -> RightsRequests:
        """What people ask about their data."""
        ...

    @property
    def erasures(self) -> Erasures:
        """What was erased."""
        ...

    @property
    def files(self) -> PersonFiles:
        """What no other noun finds by person."""
        ...

    @property
    def policies(self) -> Policies:
        """The city's rules as they changed."""
        ...

    @property
    def audit(self) -> AuditTrail:
        """The audit entries of this unit."""
        ...

    @property
    def messages(self) -> Messages:
        """Messages to people."""
        ...

    @property
    def sealed(self) -> SealedData:
        """What the keys of the set have made."""
        ...


class Storage(Protocol):
    """A store. Thread-safe: each call is a transaction of its own."""

    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:
        """Run *work* in one transaction, commit, return its result.

        When the engine asks to try again the *decision* is made again, from the start, at most
        five times: *work* must have no effect outside the store. If it raises, nothing is kept.

        Args:
            work: What is to be done. Whatever it has read stays so until it has ended, as if
                nobody else were there: it may decide about money, stock and rights.
            guarded: It decides nothing by what it has read: each of its changes is guarded by a
                key, a version or a lock of its own row. An engine of many writers then lets it
                run beside others, and does not undo it for what they did.

        Raises:
            StorageBusy: others kept writing for longer than the bounded wait.
            CommitUnknown: the commit was in flight when the line broke.
            StorageFull: there is no space left.
            StorageClosed: the store was closed.
        """
        ...

    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        """Run *look* on one consistent snapshot; it must not write.

        Raises:
            StorageClosed: the store was closed.
        """
        ...

    @property
    def side_by_side(self) -> int:
        """How many looks, each in a thread of its own, may be taken at the same time.

        One where all of them share a connection, or where none would be done any sooner.
        """
        ...

    def close(self) -> None:
        """Let go of everything. A second time does nothing.

        A unit of work that has begun comes to its end, and nobody waits for it here; what would
        begin later, in any thread, meets :class:`~szunion.errors.StorageClosed`.
        """
        ...
