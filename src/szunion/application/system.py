"""Know which desks there are, and gather them for whoever acts.

A desk is made for one principal; each of its attributes is the use cases of one noun.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from attrs import define, evolve

from szunion.application.audit import AuditLog
from szunion.application.bank_books import BankBooks
from szunion.application.batches import Batches
from szunion.application.bindings import Bindings
from szunion.application.bookings import Bookings
from szunion.application.cards import Cards
from szunion.application.chips import Chips
from szunion.application.claims import Claims
from szunion.application.consents import Consents
from szunion.application.custody import Custody
from szunion.application.duplicates import Duplicates
from szunion.application.emergencies import Emergencies
from szunion.application.exports import Exports
from szunion.application.grants import Grants
from szunion.application.heirs import Heirs
from szunion.application.hotline import Hotline
from szunion.application.joinings import Joinings
from szunion.application.members import Members
from szunion.application.membership import Memberships
from szunion.application.numbers import Numbers
from szunion.application.office import Office
from szunion.application.officers import Officers
from szunion.application.organisations import Organisations
from szunion.application.plans import Plans
from szunion.application.points import Points
from szunion.application.reconciliation import Reconciliation
from szunion.application.recovery import Recovery
from szunion.application.referrals import Referrals
from szunion.application.reveals import Reveals
from szunion.application.rights import Rights
from szunion.application.roster import OpensRosters, Rosters
from szunion.application.services import Services
from szunion.application.statistics import Statistics
from szunion.application.sweep import Sweeps
from szunion.application.timeline import Event, Timeline
from szunion.application.transfers import Transfers
from szunion.application.treasury import Treasury
from szunion.domain.access import Principal, Purpose
from szunion.domain.values import PersonId
from szunion.ports.identity import IdentityProofs


@define(slots=False, frozen=True, kw_only=True)
class Desk:
    """Where one principal works (工作台): the member's own, a union's, an organ's."""

    office: Office
    by: Principal
    opens: OpensRosters
    proofs: IdentityProofs

    def for_purpose(self, purpose: Purpose) -> Desk:
        """Return the same person's desk, at which he or she acts for another purpose (换用途)."""
        return evolve(self, by=evolve(self.by, purpose=purpose))

    def on_ticket(self, ticket: int) -> Desk:
        """Return the same operator's desk, on a ticket that opens a caller (工单)."""
        return evolve(self, by=evolve(self.by, ticket=ticket))

    @cached_property
    def emergencies(self) -> Emergencies:
        """One file beyond one's reach, by two persons, for an hour (应急查看)."""
        return Emergencies(self.office, self.by)

    @cached_property
    def officers(self) -> Officers:
        """Posts of officers, and who acts for whom (经办人登记与委托)."""
        return Officers(self.office, self.by)

    @cached_property
    def hotline(self) -> Hotline:
        """One caller at a time: identify, tell, protect, hand over (12351热线)."""
        return Hotline(self.office, self.by)

    @cached_property
    def referrals(self) -> Referrals:
        """What the hotline passed on to a union: answer it, call back about it (热线派单)."""
        return Referrals(self.office, self.by)

    @cached_property
    def joinings(self) -> Joinings:
        """What a union's members join together: sign up, accept, say who came (集体参与)."""
        return Joinings(self.office, self.by)

    @cached_property
    def organisations(self) -> Organisations:
        """Unions: found, hang in the tree, suspend, end (组织)."""
        return Organisations(self.office, self.by)

    @cached_property
    def roster(self) -> Rosters:
        """Rosters: check and import (花名册)."""
        return Rosters(self.office, self.by, self.opens)

    @cached_property
    def members(self) -> Members:
        """Members: look up, correct, count (会员)."""
        return Members(self.office, self.by)

    @cached_property
    def duplicates(self) -> Duplicates:
        """Files that may be one person: keep apart, merge (重复核查)."""
        return Duplicates(self.office, self.by)

    @cached_property
    def exports(self) -> Exports:
        """Members as a file: counted, marked, traced (导出与溯源)."""
        return Exports(self.office, self.by)

    @cached_property
    def reveals(self) -> Reveals:
        """One plain value of one member, with a reason (查看明文)."""
        return Reveals(self.office, self.by)

    @cached_property
    def memberships(self) -> Memberships:
        """Memberships: admit, retain, end (会籍)."""
        return Memberships(self.office, self.by)

    @cached_property
    def transfers(self) -> Transfers:
        """Moves between unions (会籍接转)."""
        return Transfers(self.office, self.by)

    @cached_property
    def bindings(self) -> Bindings:
        """Portal accounts tied to people (实名认证与绑定)."""
        return Bindings(self.office, self.by, self.proofs)

    @cached_property
    def consents(self) -> Consents:
        """Consents: ask, give, refuse, withdraw, by purpose and recipient (同意)."""
        return Consents(self.office, self.by)

    @cached_property
    def rights(self) -> Rights:
        """Own data: copy, correct, erase, who looked at them (个人信息权利)."""
        return Rights(self.office, self.by)

    @cached_property
    def batches(self) -> Batches:
        """Applications for cards (批量申办)."""
        return Batches(self.office, self.by)

    @cached_property
    def cards(self) -> Cards:
        """Cards: may it be used and why not, lock, revoke (卡)."""
        return Cards(self.office, self.by)

    @cached_property
    def numbers(self) -> Numbers:
        """Chosen card numbers: ask the bank to keep one for a member (吉祥号)."""
        return Numbers(self.office, self.by)

    @cached_property
    def chips(self) -> Chips:
        """Chips: who may see their plain values (芯片)."""
        return Chips(self.office, self.by)

    @cached_property
    def custody(self) -> Custody:
        """Plastic: collect, hand out, count (实体卡保管)."""
        return Custody(self.office, self.by)

    @cached_property
    def reconciliation(self) -> Reconciliation:
        """Differences between the bank's books and ours (对账)."""
        return Reconciliation(self.office, self.by)

    @cached_property
    def bank_books(self) -> BankBooks:
        """What goes to the bank and comes from it (收发)."""
        return BankBooks(self.office, self.by)

    @cached_property
    def grants(self) -> Grants:
        """Help and allowances: ask for, decide (困难帮扶、补助)."""
        return Grants(self.office, self.by)

    @cached_property
    def plans(self) -> Plans:
        """Plans: join, accept, end (保障计划)."""
        return Plans(self.office, self.by)

    @cached_property
    def claims(self) -> Claims:
        """Claims: ask, hand in papers, decide (申领)."""
        return Claims(self.office, self.by)

    @cached_property
    def recovery(self) -> Recovery:
        """What was paid and should not have been (追回)."""
        return Recovery(self.office, self.by)

    @cached_property
    def heirs(self) -> Heirs:
        """Heirs: who receives for the dead (继承)."""
        return Heirs(self.office, self.by)

    @cached_property
    def treasury(self) -> Treasury:
        """Money: budgets, pay-outs by maker and checker, the books (财务拨付)."""
        return Treasury(self.office, self.by)

    @cached_property
    def bookings(self) -> Bookings:
        """Limited stock: put up, book, confirm, check in (预约、抢票)."""
        return Bookings(self.office, self.by)

    @cached_property
    def sweeps(self) -> Sweeps:
        """All members at once: who may use a service, and why not (资格普查)."""
        return Sweeps(self.office, self.by)

    @cached_property
    def statistics(self) -> Statistics:
        """Counts by union, district and month; small ones are not shown (统计)."""
        return Statistics(self.office, self.by)

    @cached_property
    def services(self) -> Services:
        """The menu: see, choose, ask for, rate; demand and evaluation (服务目录、点菜单)."""
        return Services(self.office, self.by)

    @cached_property
    def points(self) -> Points:
        """Points without a line: lists go out, records come in (离线服务点)."""
        return Points(self.office, self.by)

    @cached_property
    def audit(self) -> AuditLog:
        """The audit log (审计)."""
        return AuditLog(self.office, self.by)

    def timeline(self, person: PersonId) -> Sequence[Event]:
        """Return what happened to a person, who did it and why, oldest first."""
        return Timeline(self.office, self.by).of(person)
