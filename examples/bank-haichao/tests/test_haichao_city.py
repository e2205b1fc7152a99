"""A whole city of another name lives over this line: applications, cards, a loss, a hold."""

from io import BytesIO
from pathlib import Path

from szunion_bank_haichao import HaichaoBank
from szunion_bank_haichao.promises import CONFIG, HaichaoPeer

from szunion import UnionSystem
from szunion.adapters import FileKeys
from szunion.application import NewUnion
from szunion.domain import BankState, HoldReason, OrganisationKind, Principal, Purpose, Role
from szunion.testing import SimClock, SimulatedBank, check_bank, synthetic_roster
from szunion.testing.bank import BankBehind


def test_a_city_lives_over_this_line(tmp_path: Path) -> None:
    clock = SimClock("2026-03-02")
    behind = BankBehind(SimulatedBank(clock=clock), tmp_path)
    bank = HaichaoBank(CONFIG, clock, transport=HaichaoPeer(behind).transport)
    with UnionSystem.open(
        f"sqlite:///{tmp_path / 'union.db'}", city="haichao", bank=bank, clock=clock,
        keys=FileKeys(bytes(range(32))),
    ) as system:  # fmt: skip
        assert system.city.policy.federation.zh == "海潮市总工会"
        city = system.desk(Principal(id="c", role=Role.CITY, purpose=Purpose.ENROL))
        city.organisations.found_city(code="999902", name="海潮市总工会")
        district, union = city.organisations.register_many(
            [
                NewUnion(code="999902-1", name="区总工会", kind=OrganisationKind.DISTRICT,
                         parent_code="999902"),
                NewUnion(code="999902-1-1", name="测试工会", kind=OrganisationKind.GRASSROOTS,
                         parent_code="999902-1"),
            ],
            document="1",
        )  # fmt: skip
        assert district.id != union.id
        officer = Principal(id="g", role=Role.GRASSROOTS, purpose=Purpose.ENROL,
                            organisation=union.id)  # fmt: skip
        desk = system.desk(officer)
        roster = synthetic_roster(1, 12, bad_per_mille=0)
        people = desk.roster.import_file(BytesIO(roster.as_csv()), paper="同意书1").accepted
        (batch,) = desk.batches.draft(people).batches
        desk.batches.check(batch.id)
        desk.batches.submit(batch.id)
        key = city.batches.approve(batch.id).key
        assert key is not None
        system.run_until_idle()
        behind.bank.simulate.produce(key)
        behind.bank.simulate.face_sign(key)
        system.run_until_idle()
        cards = [kept.id for kept in desk.custody.pieces(batch.id)]
        behind.bank.simulate.report_loss(city.cards.get(cards[0]).card.ref)
        desk.cards.lock(cards[-1], HoldReason.PLASTIC_MISSING)
        system.run_until_idle()
        states = [city.cards.get(card).card for card in cards]
        assert [each.bank.state for each in states] == [BankState.LOSS_ORAL] + [
            BankState.ACTIVE
        ] * 11
        stopped = behind.bank.truth.card(states[-1].ref)
        assert stopped is not None
        assert not stopped.allowed, "the union's hold reached the bank"
        assert check_bank(behind.bank.truth).fine
        assert city.for_purpose(Purpose.OPERATE).bank_books.troubles() == []
