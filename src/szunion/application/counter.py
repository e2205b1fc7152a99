"""Know what a tap at a counter comes to: whose card it is, may it be used, and the record of it.

The card is read first, with nothing written; then one commit looks the card up, asks everything
that stands against it, and records the participation. A card that is taken away in the middle
leaves nothing behind.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve, field, frozen

from szunion.application.access import authorise
from szunion.application.booking_moves import keep, offer_of, part_of, take_part
from szunion.application.card_reading import Equipment, Seen, read_card
from szunion.application.office import Office, one_commit, one_look
from szunion.application.standing import unfit
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bookings import Booking, BookingEvent, BookingState, Offer
from szunion.domain.card_files import KeptCard
from szunion.domain.catalogue import ServiceKind
from szunion.domain.eligibility import Ineligible
from szunion.domain.participation import Means, Outcome, Participation
from szunion.domain.use import Why, use
from szunion.domain.values import CardId, Labelled, OfferId, PersonId
from szunion.emv.oda_keys import Assurance
from szunion.errors import NotFound
from szunion.ports.storage import UnitOfWork

#: What moves money or rights: the card must prove itself, a second factor comes on top elsewhere.
_STAKES: Final = frozenset(
    {ServiceKind.GRANT, ServiceKind.PAYOUT, ServiceKind.COVER, ServiceKind.ACCOUNT}
)


class TapVerdict(Labelled):
    """What a tap came to (刷卡结果)."""

    RECORDED = "RECORDED", "可以使用，已记录", "usable, and recorded"
    ALREADY = "ALREADY", "这一场已经记录过", "recorded before for this occasion"
    NOT_USABLE = "NOT_USABLE", "会员卡不能使用", "the card may not be used"
    NOT_ELIGIBLE = "NOT_ELIGIBLE", "不符合项目条件", "not what the item asks for"
    NO_BOOKING = "NO_BOOKING", "没有已确认的预约", "no confirmed booking"
    UNKNOWN_CARD = "UNKNOWN_CARD", "不是登记在册的会员卡", "no card of the register"
    OTHER_PSN = "OTHER_PSN", "卡序列号与登记的不符", "another PSN than the register's"
    NOT_GENUINE = "NOT_GENUINE", "没有通过认证，疑为复制卡", "not authenticated: perhaps a copy"
    REPLAYED = (
        "REPLAYED",
        "卡的计数没有增加，疑为复制卡",
        "its counter did not rise",
    )
    FROM_AFAR = "FROM_AFAR", "应答过慢，疑为中继", "it answers too slowly: perhaps a relay"
    NO_APPLICATION = "NO_APPLICATION", "没有银联借记应用", "no application of ours on it"


@frozen(kw_only=True)
class Tapped:
    """The answer to a tap. A provider is told yes or no, and why; never a name or a number."""

    verdict: TapVerdict
    assurance: Assurance = Assurance.READ_ONLY
    card: KeptCard | None = None
    against: frozenset[Why] = frozenset()
    """Everything that stands against the card, with who can lift it."""
    item: tuple[Ineligible, ...] = ()
    """What the item itself asks for, and the holder has not: as a list would say."""
    record: Participation | None = None
    reasons: tuple[str, ...] = ()
    """Why it was not believed: the card layer's own names."""
    price_percent: int | None = None
    """What whoever is served pays of the full price, in per cent; None: nothing was published."""

    @property
    def yes(self) -> bool:
        """Whether the member is served."""
        return self.verdict in {TapVerdict.RECORDED, TapVerdict.ALREADY}

    @property
    def person(self) -> PersonId | None:
        """Whose card it is."""
        return None if self.card is None else self.card.person


@frozen
class Counter:
    """A counter where cards are tapped (服务点)."""

    office: Office
    by: Principal
    equipment: Equipment = field(repr=False)

    def tap(
        self,
        reader: str,
        item: str,
        occasion: str,
        *,
        prove: bool = False,
        offer: OfferId | None = None,
    ) -> Tapped:
        """Read the card in *reader*, and record that its holder takes part (刷卡).

        Args:
            reader: The reader's name.
            item: The service item that is served here.
            occasion: Which occasion of it; a second tap for the same changes nothing.
            prove: Let the card prove itself even where a look is enough. What moves money or
                rights asks for it anyway.
            offer: What was to be booked; then only who has a confirmed place comes in.

        Raises:
            NotFound: the catalogue has no such item (E-SERVICE-002).
            NotAllowed: no counter is this principal's (E-ACCESS-001); no card was touched.
            ReaderError: the card went away in the middle: nothing was recorded.
        """
        need = prove or self.must_prove(item)
        self._may()
        seen = read_card(self.equipment, reader, prove=need)
        if seen is None:
            return Tapped(verdict=TapVerdict.NO_APPLICATION)
        return self._decide(seen, item, occasion, offer)

    def must_prove(self, item: str) -> bool:
        """Return whether a copy must be told apart here: money, cover, accounts, the pack.

        Raises:
            NotFound: the catalogue has no such item (E-SERVICE-002).
        """
        catalogue = self.office.catalogue
        found = catalogue.item(item)
        if found is None:
            if catalogue.pack_item(item) is None:
                raise NotFound("E-SERVICE-002", item=item)
            return True
        return found.kind in _STAKES or found.pay_to_card or found.benefit is not None

    @one_look
    def _may(self, work: UnitOfWork) -> None:
        """Touch no card before it is sure that whoever works here may."""
        authorise(work, self.by, Operation.COUNTER_TAP)

    @one_commit
    def _decide(
        self, work: UnitOfWork, seen: Seen, item: str, occasion: str, offer: OfferId | None
    ) -> Tapped:
        scope = authorise(work, self.by, Operation.COUNTER_TAP)
        kept = None if seen.ref is None else work.cards.by_ref(scope, seen.ref)
        verdict = self._doubt(work, scope, seen, kept)
        against: frozenset[Why] = frozenset()
        missing: tuple[Ineligible, ...] = ()
        record: Participation | None = None
        if verdict is None and kept is not None:
            membership = work.members.newest(scope, kept.person)
            against = use(kept.card, membership, self.office.policy)
            if against:
                verdict = TapVerdict.NOT_USABLE
            elif offer is not None:  # whoever has a place was asked all this when it was booked
                verdict, record = self._let_in(work, scope, kept, item, offer)
            elif missing := unfit(self.office, work, scope, kept.person, membership, item):
                verdict = TapVerdict.NOT_ELIGIBLE
            else:
                verdict, record = self._served(work, scope, kept, item, occasion)
        assert verdict is not None
        told = Tapped(
            verdict=verdict, assurance=seen.assurance, card=kept, against=against, item=missing,
            record=record, reasons=seen.reasons,
        )  # fmt: skip
        if told.yes and (served := self.office.catalogue.item(item)) is not None:
            told = evolve(told, price_percent=served.price_percent)
        entry = AuditEntry(
            action="counter.tap",
            subject=kept.id if kept else 0,
            person=kept.person if kept else PersonId(0),
            after=verdict.value,
            reason=f"{item}:{seen.assurance.name}",
        )
        work.audit.add(scope, entry)
        return told

    def _doubt(
        self, work: UnitOfWork, scope: Scope, seen: Seen, kept: KeptCard | None
    ) -> TapVerdict | None:
        """Return why the piece of plastic is not to be believed; None: there is no doubt."""
        if seen.asked and seen.assurance < Assurance.DDA_OFFLINE:
            return TapVerdict.NOT_GENUINE
        if seen.asked and seen.relay_suspect:
            return TapVerdict.FROM_AFAR
        if kept is None:
            known = [] if seen.ref is None else work.cards.of_token(scope, seen.ref.token)
            return TapVerdict.OTHER_PSN if known else TapVerdict.UNKNOWN_CARD
        counted = seen.asked and seen.counter is not None
        if counted and not work.card_counters.keep(scope, kept.id, seen.counter or 0):
            return TapVerdict.REPLAYED
        return None

    def _served(
        self, work: UnitOfWork, scope: Scope, kept: KeptCard, item: str, occasion: str
    ) -> tuple[TapVerdict, Participation]:
        record = part_of(self.office, work, scope, kept, item, occasion)
        if work.participations.add(scope, record):
            return TapVerdict.RECORDED, record
        before = work.participations.by_key(scope, record.key, kept.person)
        return TapVerdict.ALREADY, before or record

    def _let_in(
        self, work: UnitOfWork, scope: Scope, kept: KeptCard, item: str, id_: OfferId
    ) -> tuple[TapVerdict, Participation | None]:
        """Check a confirmed booking in by the card (刷卡核销); a place at another item is none."""
        mine = work.bookings.of_people(scope, {id_: [kept.person]}).get((id_, kept.person), ())
        offer = offer_of(work, scope, mine[0]) if mine else None
        if offer is None or offer.item != item:
            return TapVerdict.NO_BOOKING, None
        if any(each.state is BookingState.USED for each in mine):
            return TapVerdict.ALREADY, None
        for booking in mine:
            if booking.state is BookingState.CONFIRMED and work.now < offer.over:
                return TapVerdict.RECORDED, self._used(work, scope, booking, offer, kept.id)
        return TapVerdict.NO_BOOKING, None

    def _used(
        self, work: UnitOfWork, scope: Scope, booking: Booking, offer: Offer, card: CardId
    ) -> Participation:
        new = keep(work, scope, booking, BookingEvent.CHECK_IN, Means.CARD.value)
        return take_part(
            self.office, work, scope, new, offer,
            means=Means.CARD, outcome=Outcome.TOOK_PART, card=card,
        )  # fmt: skip
