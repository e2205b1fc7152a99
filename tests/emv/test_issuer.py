from __future__ import annotations

import inspect
from typing import Any

import pytest
from attrs import evolve
from tests.emv.dialogue import Opened, generate, message, ok, opened, sent
from tests.emv.published import raw
from tests.emv.test_crypto import plain_mac, plain_master_key, plain_session_key

from szunion.emv import crypto, cryptogram, scripts, tlv
from szunion.emv.apdu import Command
from szunion.emv.card.bank import KEY_INDEX, TestBank
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.personalise import DEBIT_AID, personalise
from szunion.emv.card.profiles import Profile, Scheme, pan_of
from szunion.emv.crypto import Algorithm, Sm4Mac, Sm4Session
from szunion.emv.cryptogram import PBOC_01, Sm4Rules
from szunion.emv.errors import AuthenticationFailed, BadField, KeyRefused, LimitExceeded
from szunion.emv.issuer import Genuine, IssuerHost, NotGenuine
from szunion.emv.mismatch import explain_arqc
from szunion.emv.scripts import Encipherment, Order
from szunion.emv.vault import Account, Ask, ScriptSession, SoftwareVault

ACCOUNT = Account(pan=pan_of(1), psn="01")
SIDES = [pytest.param(False, id="3DES"), pytest.param(True, id="SM4")]


@pytest.fixture(scope="module")
def bank() -> TestBank:
    return TestBank.grow(7)


@pytest.fixture(scope="module")
def content(bank: TestBank) -> Any:
    return personalise(bank, Profile(pan=pan_of(1), scheme=Scheme.BOTH), 5)


def started(content: Any, *, sm: bool) -> tuple[Opened, dict[int, bytes]]:
    """Go up to the first cryptogram and return the online message."""
    seen = opened(SimulatedCard(content, 5), sm=sm)
    return seen, message(seen, generate(seen, 0x80)[0])


def genuine(host: IssuerHost, told: dict[int, bytes]) -> Genuine:
    found = host.verify(ACCOUNT, told)
    assert isinstance(found, Genuine)
    return found


# --- cryptograms ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sm", SIDES)
def test_the_cards_cryptogram_is_the_one_of_a_plain_implementation(
    bank: TestBank, content: Any, *, sm: bool
) -> None:
    _, told = started(content, sm=sm)
    algorithm = Algorithm.SM4 if sm else Algorithm.TDES
    tags = (0x9F02, 0x9F03, 0x9F1A, 0x95, 0x5F2A, 0x9A, 0x9C, 0x9F37, 0x82, 0x9F36)
    data = b"".join(told[tag] for tag in tags) + told[0x9F10][3:7]
    master = plain_master_key(
        algorithm, bank.vault.issuer_keys(KEY_INDEX, algorithm).ac, ACCOUNT.pan, "01"
    )
    atc = int.from_bytes(told[0x9F36], "big")
    assert told[0x9F26] == plain_mac(algorithm, plain_session_key(algorithm, master, atc), data)
    assert len(data) == 37


@pytest.mark.parametrize("sm", SIDES)
def test_a_genuine_cryptogram_is_answered_and_the_card_accepts_the_answer(
    bank: TestBank, content: Any, *, sm: bool
) -> None:
    host = bank.host()
    seen, told = started(content, sm=sm)
    found = genuine(host, told)
    assert found.kind == 2
    assert found.ask.unpredictable == told[0x9F37]
    answer = host.answer(found, b"00")
    assert len(answer.authentication) == 10
    both = host.verify_and_answer(ACCOUNT, told, b"00")
    assert isinstance(both, tuple)
    assert both[1] == answer
    assert sent(seen.card, "00820000", answer.authentication, None).sw == 0x9000
    # B28: a second one is refused
    assert sent(seen.card, "00820000", answer.authentication, None).sw == 0x6985
    tc = message(seen, generate(seen, 0x40, second=True)[0])
    assert tc[0x9F27] == b"\x40"
    assert isinstance(host.verify(ACCOUNT, tc), Genuine)


@pytest.mark.parametrize("sm", SIDES)
def test_a_wrong_answer_is_refused_by_the_card(content: Any, bank: TestBank, *, sm: bool) -> None:
    _, told = started(content, sm=sm)
    answer = bank.host().answer(genuine(bank.host(), told), b"00").authentication
    for bit in (0, 63, 64, 79):
        wrong = (int.from_bytes(answer, "big") ^ 1 << bit).to_bytes(10, "big")
        again, _ = started(content, sm=sm)
        assert sent(again.card, "00820000", wrong, None).sw == 0x6300


@pytest.mark.parametrize("sm", SIDES)
def test_no_changed_input_is_taken_for_genuine(bank: TestBank, content: Any, *, sm: bool) -> None:
    _, told = started(content, sm=sm)
    host = bank.host()
    for wanted in (*PBOC_01.inputs, 0x9F26, 0x9F10):
        tag = wanted if isinstance(wanted, int) else 0x9F10
        for at in range(len(told[tag])):
            changed = bytearray(told[tag])
            changed[at] ^= 0x08
            assert not isinstance(host.verify(ACCOUNT, told | {tag: bytes(changed)}), Genuine)
    for other in (evolve(ACCOUNT, psn="02"), evolve(ACCOUNT, psn=None), Account(pan=pan_of(2))):
        assert host.verify(other, told) is NotGenuine.WRONG_CRYPTOGRAM


@pytest.mark.parametrize("sm", SIDES)
def test_a_card_whose_cdol_asks_for_a_tc_hash_puts_it_in_front(bank: TestBank, *, sm: bool) -> None:
    profile = Profile(pan=pan_of(1), scheme=Scheme.BOTH, tc_hash=True)
    _, told = started(personalise(bank, profile, 5), sm=sm)
    told[0x98] = bytes(20)
    assert bank.host().verify(ACCOUNT, told) is NotGenuine.WRONG_CRYPTOGRAM
    host = IssuerHost(vault=bank.vault, versions={0x01: cryptogram.PBOC_01_HASH})
    assert isinstance(host.verify(ACCOUNT, told), Genuine)
    found = explain_arqc(bank.vault, ACCOUNT, told)
    assert found.matches[0].recipe.version == "PBOC-01-HASH"


def test_two_transactions_never_give_the_same_cryptogram(content: Any) -> None:
    # B21
    card = SimulatedCard(content, 5)
    made = [message(seen, generate(seen, 0x80)[0]) for seen in (opened(card) for _ in range(2))]
    assert made[0][0x9F26] != made[1][0x9F26]
    assert made[0][0x9F36] != made[1][0x9F36]


def test_an_older_counter_is_a_replay(bank: TestBank, content: Any) -> None:
    _, told = started(content, sm=False)
    host = bank.host()
    atc = int.from_bytes(told[0x9F36], "big")
    assert isinstance(host.verify(ACCOUNT, told, last_atc=atc - 1), Genuine)
    assert host.verify(ACCOUNT, told, last_atc=atc) is NotGenuine.ATC_REPLAYED
    assert host.verify_and_answer(ACCOUNT, told, b"00", last_atc=atc) is NotGenuine.ATC_REPLAYED


def test_what_cannot_be_checked_is_a_decision_and_not_an_error(
    bank: TestBank, content: Any
) -> None:
    _, told = started(content, sm=False)
    host, iad = bank.host(), told[0x9F10]
    cases = {
        NotGenuine.UNKNOWN_VERSION: told | {0x9F10: iad[:2] + b"\x99" + iad[3:]},
        NotGenuine.NOT_PBOC: told | {0x9F10: raw("06010A03A0B80001")},
        NotGenuine.NO_KEY: told | {0x9F10: iad[:1] + b"\x09" + iad[2:]},
        NotGenuine.WRONG_CRYPTOGRAM: told | {0x9F26: bytes(8)},
    }
    for expected, changed in cases.items():
        assert host.verify(ACCOUNT, changed) is expected
        assert host.verify_and_answer(ACCOUNT, changed, b"00") is expected
    for tag in (0x9F10, 0x9F26, 0x9F36, 0x9F37, 0x95):
        without = {name: value for name, value in told.items() if name != tag}
        assert host.verify(ACCOUNT, without) is NotGenuine.MISSING_DATA
    assert all(reason.zh and reason.en for reason in NotGenuine)


def test_a_response_code_has_two_bytes(bank: TestBank, content: Any) -> None:
    _, told = started(content, sm=False)
    found = genuine(bank.host(), told)
    for code in (b"", b"0", b"000"):
        with pytest.raises(BadField):
            bank.host().answer(found, code)
        with pytest.raises(BadField):
            bank.host().verify_and_answer(ACCOUNT, told, code)


def test_nobody_else_finds_a_card_genuine(bank: TestBank, content: Any) -> None:
    _, told = started(content, sm=False)
    found = genuine(bank.host(), told)
    with pytest.raises(AuthenticationFailed):
        Genuine(ask=found.ask, kind=2, seal=None)
    with pytest.raises(AuthenticationFailed):
        evolve(found, kind=1)


def test_a_foreign_arpc_length_is_no_tag_91(content: Any) -> None:
    _, told = started(content, sm=False)

    class Odd:
        def check(self, ask: Ask) -> bool:
            del ask
            return True

        def respond(
            self, ask: Ask, code: bytes, proprietary: bytes = b"", *, check: bool = True
        ) -> bytes | None:
            del ask, code, proprietary, check
            return b"1234"

        def mac(self, session: ScriptSession, covered: bytes) -> bytes:
            raise NotImplementedError

        def seal(self, session: ScriptSession, order: Order) -> Command:
            raise NotImplementedError

        def seal_pin(self, session: ScriptSession, pin: str, current: str | None) -> Command:
            raise NotImplementedError

    host = IssuerHost(vault=Odd())
    with pytest.raises(BadField):
        host.answer(genuine(host, told), b"00")


def test_b08_secrets_are_compared_in_constant_time() -> None:
    # a plain == or != between MACs would end at the first byte that differs
    for function in (
        SoftwareVault._is_right, scripts.opened, SoftwareVault.check, crypto.same
    ):  # fmt: skip
        text = inspect.getsource(function)
        assert " == " not in text
        assert " != " not in text
    assert "compare_digest" in inspect.getsource(crypto.same)
    assert "crypto.same" in inspect.getsource(SoftwareVault._is_right)
    assert "crypto.same" in inspect.getsource(scripts.opened)


def test_accounts_keys_and_vaults_do_not_print(bank: TestBank) -> None:
    keys = bank.vault.issuer_keys(KEY_INDEX, Algorithm.TDES)
    shown = repr((ACCOUNT, keys, bank.vault, keys.for_card(Algorithm.TDES, ACCOUNT)))
    assert ACCOUNT.pan not in shown
    for key in (keys.ac, keys.mac, keys.enc):
        assert repr(key)[2:-1] not in shown
        assert key.hex() not in shown


def test_a_vault_without_the_key_says_which() -> None:
    with pytest.raises(KeyRefused, match="SM4 master key of index 07"):
        SoftwareVault({}).issuer_keys(7, Algorithm.SM4)


@pytest.mark.parametrize("session", list(Sm4Session))
@pytest.mark.parametrize("mac", list(Sm4Mac))
def test_both_readings_of_sm4_work_from_end_to_end(
    bank: TestBank, content: Any, session: Sm4Session, mac: Sm4Mac
) -> None:
    rules = Sm4Rules(session=session, mac=mac)
    (payment,) = content.applications
    odd = evolve(content, applications=(evolve(payment, sm4=rules),))
    _, told = started(odd, sm=True)
    host = IssuerHost(vault=bank.vault, sm4=rules)
    assert isinstance(host.verify(ACCOUNT, told), Genuine)
    if rules != cryptogram.PART_17:
        assert bank.host().verify(ACCOUNT, told) is NotGenuine.WRONG_CRYPTOGRAM


# --- qPBOC and issuer-defined data ----------------------------------------------------------------


@pytest.mark.parametrize("sm", SIDES)
@pytest.mark.parametrize(("ttq", "kind"), [("60000080", 1), ("60800080", 2)])
def test_fast_cryptograms_are_verified_too(
    bank: TestBank, content: Any, ttq: str, kind: int, *, sm: bool
) -> None:
    seen = opened(SimulatedCard(content, 5), sm=sm, contactless=True, t9F66=raw(ttq))
    told = seen.terminal | seen.values
    found = genuine(bank.host(), told)
    assert (found.kind, found.ask.version.name) == (kind, "PBOC-17")
    algorithm = Algorithm.SM4 if sm else Algorithm.TDES
    issuer_key = bank.vault.issuer_keys(KEY_INDEX, algorithm).ac
    master = plain_master_key(algorithm, issuer_key, ACCOUNT.pan, "01")
    key = plain_session_key(algorithm, master, int.from_bytes(told[0x9F36], "big"))
    data = told[0x9F02] + told[0x9F37] + told[0x9F36] + told[0x9F10][4:5]
    assert told[0x9F26] == plain_mac(algorithm, key, data)


@pytest.mark.parametrize("sm", SIDES)
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_amounts_in_9f10_are_believed_by_their_mac_only(
    bank: TestBank, number: int, *, sm: bool
) -> None:
    profile = Profile(pan=pan_of(1), scheme=Scheme.BOTH, issuer_data=number)
    seen, told = started(personalise(bank, profile, 5), sm=sm)
    del seen
    host = bank.host()
    found = genuine(host, told)
    amounts = host.issuer_data(found, told)
    assert isinstance(amounts, dict)
    assert tuple(amounts) == cryptogram.ISSUER_DATA[number]
    if number in (1, 3):
        assert amounts[cryptogram.Amount.BALANCE] == 10_000
    iad = told[0x9F10]
    for at in range(10, len(iad)):
        changed = iad[:at] + bytes((iad[at] ^ 1,)) + iad[at + 1 :]
        # the cryptogram of CVN 01 does not cover these bytes: only their own MAC does
        assert isinstance(host.verify(ACCOUNT, told | {0x9F10: changed}), Genuine)
        assert host.issuer_data(found, told | {0x9F10: changed}) is NotGenuine.WRONG_ISSUER_DATA


def test_issuer_data_without_a_mac_tell_no_amount(bank: TestBank, content: Any) -> None:
    _, told = started(content, sm=False)
    host = bank.host()
    found = genuine(host, told)
    for rest in (b"", b"\x06", b"\x03abc", b"\x0a\x01" + bytes(8), b"\x0a\x09" + bytes(9)):
        assert host.issuer_data(found, told | {0x9F10: told[0x9F10] + rest}) == {}


def test_issuer_data_of_letters_are_no_amount(bank: TestBank, content: Any) -> None:
    _, told = started(content, sm=False)
    host = bank.host()
    found = genuine(host, told)
    amounts = b"\xaa" * 5
    covered = cryptogram.issuer_data_input(told[0x9F36], amounts)
    mac = bank.vault.mac(host.script_session(found), covered)
    rest = cryptogram.issuer_data(1, amounts, mac)
    answer = host.issuer_data(found, told | {0x9F10: told[0x9F10] + rest})
    assert answer is NotGenuine.WRONG_ISSUER_DATA


# --- scripts --------------------------------------------------------------------------------------


def orders(host: IssuerHost, found: Genuine) -> dict[str, Command]:
    plain = {
        "block application": scripts.block_application(),
        "unblock application": scripts.unblock_application(),
        "block card": scripts.block_card(),
        "unblock PIN": scripts.unblock_pin(),
        "load e-cash": scripts.set_ecash_balance(12_345),
        "put data": scripts.put_data(0x9F58, b"\x05"),
    }
    sealed = {name: host.script(found, order)[0] for name, order in plain.items()}
    sealed["change PIN"] = host.pin_script(found, "987654")
    sealed["change PIN, knowing the old one"] = host.pin_script(found, "987654", "1234")
    return sealed


def memory(card: SimulatedCard) -> list[bytes | None]:
    """Return what scripts may change."""
    tags = (0x9F79, 0x9F77, 0x9F78, 0x9F58, 0x9F59, 0x9F17, 0x01000005)
    return [card.cell(DEBIT_AID, tag) for tag in tags]


@pytest.mark.parametrize("sm", SIDES)
def test_every_script_of_the_host_is_accepted_by_its_card(
    bank: TestBank, content: Any, *, sm: bool
) -> None:
    host = bank.host()
    names = list(orders(host, genuine(host, started(content, sm=sm)[1])))
    for name in names:
        seen, told = started(content, sm=sm)
        command = orders(host, genuine(host, told))[name]
        assert seen.card.process(command).sw == 0x9000, name


@pytest.mark.parametrize("sm", SIDES)
def test_no_script_with_one_flipped_bit_is_accepted(
    bank: TestBank, content: Any, *, sm: bool
) -> None:
    host, tried = bank.host(), 0
    seen, told = started(content, sm=sm)
    found = genuine(host, told)
    before = memory(seen.card)
    right = host.script(found, scripts.put_data(0x9F58, b"\x09"))[0].encode()
    for name, command in orders(host, found).items():
        whole = command.encode()
        for bit in range(8 * len(whole)):
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 0x80 >> bit % 8
            # every attempt gets a power-up of its own, with the same ATC and cryptogram
            fresh, again = started(content, sm=sm)
            assert again[0x9F26] == told[0x9F26]
            answer = fresh.card.process_bytes(bytes(flipped))
            tried += 1
            assert answer[-2:] != b"\x90\x00", (name, bit)
            assert memory(fresh.card) == before, (name, bit)
            if answer[-2:] == raw("6988"):
                later = fresh.card.process_bytes(right)
                assert later == raw("6985"), (name, bit)
                assert memory(fresh.card) == before
    assert tried > 8 * 8 * 9


def test_a_script_of_another_transaction_or_card_is_refused(bank: TestBank, content: Any) -> None:
    host = bank.host()
    card = SimulatedCard(content, 5)
    first = opened(card)
    found = genuine(host, message(first, generate(first, 0x80)[0]))
    command = host.script(found, scripts.set_ecash_balance(1))[0]
    second = opened(card)
    generate(second, 0x80)
    assert card.process(command).sw == 0x6988
    other = SimulatedCard(personalise(bank, Profile(pan=pan_of(2)), 5), 5)
    generate(opened(other), 0x80)
    assert other.process(command).sw == 0x6988


def test_a_whole_answer_with_its_script_runs_on_the_card(bank: TestBank, content: Any) -> None:
    host = bank.host()
    seen, told = started(content, sm=False)
    found = genuine(host, told)
    script = host.script(found, scripts.set_ecash_balance(77), scripts.unblock_pin())
    answer = host.answer(found, b"00", script)
    assert sent(seen.card, "00820000", answer.authentication, None).sw == 0x9000
    generate(seen, 0x40, second=True)
    (template,) = tlv.parse(answer.script)
    assert template.tag == 0x72
    results = [seen.card.process_bytes(node.value) for node in template.children]
    assert results == [raw("9000")] * 2
    assert ok(sent(seen.card, "80CA9F79")) == raw("9F7906000000000077")


# --- how scripts are written ----------------------------------------------------------------------


def test_b16_lc_in_the_mac_counts_the_mac() -> None:
    order = scripts.put_data(0x9F79, bytes(6))
    covered = scripts.mac_input(order, order.data, b"\0\7", b"A" * 8)
    assert covered == raw("04DA9F790A0007") + b"A" * 8 + bytes(6)


def test_commands_have_the_bytes_of_the_standard() -> None:
    made = {
        "841E0000": scripts.block_application(),
        "84180000": scripts.unblock_application(),
        "84160000": scripts.block_card(),
        "84240000": scripts.unblock_pin(),
        "84240001": scripts.change_pin(bytes(8), with_current=True),
        "84240002": scripts.change_pin(bytes(8), with_current=False),
        "04DA9F79": scripts.set_ecash_balance(0),
        "04DC0214": scripts.update_record(2, 2, b""),
    }
    for head, order in made.items():
        assert bytes((order.cla, order.ins, order.p1, order.p2)) == raw(head)
    assert scripts.set_ecash_balance(123456).data == raw("000000123456")


@pytest.mark.parametrize("sm", SIDES)
def test_b16_a_pin_change_carries_twenty_bytes_and_the_enc_keys_bytes(
    bank: TestBank, content: Any, *, sm: bool
) -> None:
    algorithm = Algorithm.SM4 if sm else Algorithm.TDES
    _, told = started(content, sm=sm)
    found = genuine(bank.host(), told)
    command = bank.host().pin_script(found, "123456", "1234")
    assert command.encode()[4] == 0x14
    issuer_key = bank.vault.issuer_keys(KEY_INDEX, algorithm).enc
    master = plain_master_key(algorithm, issuer_key, ACCOUNT.pan, "01")
    key = plain_session_key(algorithm, master, int.from_bytes(told[0x9F36], "big"))
    clear = crypto.decrypt(algorithm, key, command.data[:16])
    block = bytes(
        a ^ b ^ c
        for a, b, c in zip(
            bytes(4) + master[4:8], raw("06123456FFFFFFFF"), raw("1234000000000000"), strict=True
        )
    )
    assert clear == b"\x08" + block + b"\x80" + bytes(6)


@pytest.mark.parametrize(
    ("algorithm", "size", "blocks", "always"),
    [
        (Algorithm.TDES, 6, 1, 1),
        (Algorithm.TDES, 7, 1, 2),
        (Algorithm.TDES, 8, 2, 2),
        (Algorithm.SM4, 14, 1, 1),
        (Algorithm.SM4, 15, 1, 2),
        (Algorithm.SM4, 16, 2, 2),
    ],
)
def test_b16_full_blocks_are_not_padded_unless_the_switch_says_so(
    algorithm: Algorithm, size: int, blocks: int, always: int
) -> None:
    key, data = bytes(range(16)), b"\xd5" * size
    made = scripts.encipher(algorithm, key, data)
    assert len(made) == blocks * algorithm.block
    assert scripts.decipher(algorithm, key, made) == data
    switched = scripts.encipher(algorithm, key, data, Encipherment.LENGTH_ECB_ALWAYS)
    assert len(switched) == always * algorithm.block
    assert scripts.decipher(algorithm, key, switched) == data


@pytest.mark.parametrize(
    "clear", ["0900000000000000", "0300000000000001", "0300000080000001", "03AABBCC00000000"]
)
def test_enciphered_data_of_another_layout_are_refused(clear: str) -> None:
    key = bytes(range(16))
    sealed = crypto.encrypt(Algorithm.TDES, key, raw(clear))
    with pytest.raises(BadField):
        scripts.decipher(Algorithm.TDES, key, sealed)
    with pytest.raises(BadField):
        scripts.decipher(Algorithm.TDES, key, b"")
    with pytest.raises(BadField):
        scripts.decipher(Algorithm.TDES, key, b"123")


@pytest.mark.parametrize("pin", ["123", "1234567890123", "12a4", "１２３４", "", "12 4"])
def test_a_pin_of_other_characters_is_refused_without_being_shown(pin: str) -> None:
    with pytest.raises(BadField) as told:
        scripts.pin_block(pin, bytes(16))
    assert not pin or pin not in str(told.value)
    with pytest.raises(BadField):
        scripts.pin_block("1234", bytes(16), pin)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: scripts.put_data(0x1_0000, b""),
        lambda: scripts.set_ecash_balance(-1),
        lambda: scripts.set_ecash_balance(10**12),
        lambda: scripts.update_record(0, 1, b""),
        lambda: scripts.update_record(31, 1, b""),
        lambda: scripts.update_record(1, 0, b""),
        lambda: scripts.pack(()),
        lambda: scripts.pack((Command(0x84, 0x1E, 0, 0, bytes(4)),), b"123"),
        lambda: scripts.mac_input(scripts.block_card(), bytes(252), b"\0\1", bytes(8)),
    ],
)
def test_orders_out_of_range_are_refused(wrong: Any) -> None:
    with pytest.raises(BadField):
        wrong()


def test_a_template_holds_128_bytes_and_not_one_more() -> None:
    def packed(size: int) -> bytes:
        return scripts.pack((Command(0x04, 0xDA, 0x9F, 0x79, bytes(size)),), b"\1\2\3\4")

    assert len(packed(112)) == 128
    for size in (113, 114, 200):
        with pytest.raises(LimitExceeded):
            packed(size)
    (node,) = tlv.parse(packed(20))
    assert [child.tag for child in node.children] == [0x9F18, 0x86]


def test_orders_do_not_print_their_data() -> None:
    assert "1234" not in repr(scripts.put_data(0x9F79, raw("123456")))


def test_the_cards_check_is_the_hosts_seal(bank: TestBank, content: Any) -> None:
    _, told = started(content, sm=False)
    found = genuine(bank.host(), told)
    (command,) = bank.host().script(found, scripts.put_data(0x9F58, b"\7"))
    master = plain_master_key(
        Algorithm.TDES, bank.vault.issuer_keys(1, Algorithm.TDES).mac, ACCOUNT.pan, "01"
    )
    key = plain_session_key(Algorithm.TDES, master, int.from_bytes(told[0x9F36], "big"))

    def opened_with(command: Command) -> bytes | None:
        return scripts.opened(command, Algorithm.TDES, key, told[0x9F36], told[0x9F26])

    assert opened_with(command) == b"\7"
    assert opened_with(evolve(command, data=command.data[:-1] + b"\0")) is None
    assert opened_with(evolve(command, data=b"\0\0\0")) is None
