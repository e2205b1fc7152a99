"""The mistakes of others, made on purpose: each is caught by a test that says its name."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType, ModuleType

import pytest
from attrs import frozen
from tests.emv import (
    test_card_machine,
    test_card_power,
    test_cvm,
    test_exchange,
    test_look,
    test_pboc,
    test_purse,
    test_risk,
    test_selection,
    test_transaction,
)
from tests.emv.planted import plant

from szunion.emv import (
    action,
    cvm,
    exchange,
    files,
    issuer_script,
    look,
    pboc,
    purse,
    reading,
    risk,
    selection,
    terminal,
    transaction,
    transit,
)
from szunion.emv.card import debit, fast, generate, memory, secure
from szunion.emv.card.profiles import Scheme


@frozen
class Mistake:
    """A mistake: where, what becomes what, and the test that must notice."""

    name: str
    owner: ModuleType | type
    function: str
    old: str
    new: str
    test: Callable[[], object]


def pdol_data_are_whole() -> None:
    """A PDOL that asks for what nobody knows still gets all its bytes."""
    from szunion.emv.flow import Performer, run
    from szunion.emv.selection import Selected
    from szunion.emv.tlv import Node

    asked = Node.of(0x9F38, bytes.fromhex("DF69019F3501"))
    sent: list[bytes] = []

    def transmit(raw: bytes) -> bytes:
        sent.append(raw)
        return bytes.fromhex("80027C009000")

    selected = Selected(b"AAAAA", b"AAAAA", (asked,), b"")
    run(reading.initiate(selected, {}), Performer(transmit=transmit))
    assert sent[0][5:-1] == bytes.fromhex("83020000")


M = Mistake
MISTAKES = (
    M(
        "B03 a missing IAC-Online is zeros",
        action,
        "analyse",
        "codes.online, _EVERYTHING",
        "codes.online, _NOTHING",
        test_risk.test_a_missing_iac_online_is_all_ones_b03,
    ),
    M(
        "B03 a missing IAC-Default is zeros",
        action,
        "default_hit",
        "_EVERYTHING",
        "_NOTHING",
        test_risk.test_a_missing_iac_default_is_all_ones_and_a_missing_tac_zeros_b03,
    ),
    M(
        "B04 the default codes count while a line is there",
        action,
        "analyse",
        "if not terminal.online:",
        "if default_hit(data, terminal, tvr) or not terminal.online:",
        test_risk.test_the_default_codes_count_only_without_a_line_b04,
    ),
    M(
        "B04 a hit of the default codes gives a TC",
        action,
        "analyse",
        "Ask.AAC if default_hit(data, terminal, tvr) else Ask.TC",
        "Ask.TC",
        test_risk.test_the_default_codes_count_only_without_a_line_b04,
    ),
    M(
        "B05 the floor limit as decimal digits",
        terminal,
        "terminal_values",
        'terminal.floor_limit.to_bytes(4, "big")',
        "n12(terminal.floor_limit)",
        test_risk.test_the_floor_limit_is_told_as_four_binary_bytes_b05,
    ),
    M(
        "B06 amounts compared in any currency",
        cvm,
        "applies",
        "if own_currency == terminal.currency",
        "if True",
        test_cvm.test_x_and_y_count_only_in_the_cards_currency_b06,
    ),
    M(
        "B06 an unknown condition is true",
        cvm,
        "applies",
        "case _:\n            return False",
        "case _:\n            return True",
        test_cvm.test_an_unknown_condition_makes_a_rule_unusable_b06,
    ),
    M(
        "B07 bits of 9F33 mixed up",
        cvm,
        "is_able",
        "terminal.can(*_NEEDS[method])",
        "terminal.can(*_NEEDS[Method.SIGNATURE])",
        test_cvm.test_capability_bits_b07,
    ),
    M(
        "B08 an unpredictable number that can be predicted",
        transaction,
        "transact",
        "challenge = terminal.random(4)",
        "challenge = bytes.fromhex(business.date) + bytes(1)",
        test_transaction.test_every_transaction_signs_a_fresh_number_from_the_injected_randomness_b08,
    ),
    M(
        "B09 results of scripts not kept",
        issuer_script,
        "run_scripts",
        "results.append(await _run(*found))",
        "await _run(*found)",
        test_transaction.test_results_of_scripts_are_kept_b09,
    ),
    M(
        "B10 two commands of one script: only the last lives",
        issuer_script,
        "read_script",
        "for node in inside if node.tag == 0x86)",
        "for node in inside[-1:] if node.tag == 0x86)",
        test_transaction.test_two_commands_in_one_script_both_live_b10,
    ),
    M(
        "B10 two entries of one directory: only the last lives",
        selection,
        "_directory_entries",
        "tlv.find_all(nodes, 0x61)",
        "tlv.find_all(nodes, 0x61)[-1:]",
        test_selection.test_ppse_lists_in_the_answer_itself_and_keeps_two_entries_b10,
    ),
    M(
        "B21 a constant cryptogram",
        generate,
        "application_cryptogram",
        "return cryptogram.cryptogram(algorithm, key, data, version.padding, sm4)",
        'return b"\\1" * 8',
        test_transaction.test_two_transactions_never_have_the_same_cryptogram_b21,
    ),
    M(
        "B22 the counter moves at a mere look",
        look,
        "_look_at",
        "data = await peek_application(selected, probes.places)",
        "await initiate(selected, {})\n    data = await peek_application(selected)",
        lambda: test_look.test_a_look_costs_the_card_nothing_b22(Scheme.RSA),
    ),
    M(
        "B23 unknown PDOL objects left out",
        reading,
        "initiate",
        "told = dol.fill(dol.parse(selected.pdol), values)",
        "told = dol.fill([e for e in dol.parse(selected.pdol) if e.tag in values], values)",
        pdol_data_are_whole,
    ),
    M(
        "B25 6D00 on PSE ends the reading",
        selection,
        "_from_pse",
        "if response.sw != 0x9000:\n        return ()",
        "if response.sw != 0x9000:\n        raise CardFault(response.sw)",
        test_selection.test_6d00_on_pse_does_not_end_the_reading_b25,
    ),
    M(
        "B27 bit 31 of a balance is money",
        purse,
        "read_balance",
        "number & ~_SIGN_BIT if purse else number",
        "number",
        test_purse.test_bit_31_of_a_balance_is_no_money_b27,
    ),
    M(
        "B27 the number of a Shenzhen Tong from the wrong end",
        transit,
        "read_number",
        "settings.shenzhen_order",
        '"big"',
        test_purse.test_a_shenzhen_tong_is_found_by_its_name_b27,
    ),
    M(
        "B28 a second EXTERNAL AUTHENTICATE accepted",
        generate,
        "external_authenticate",
        " or now.authentication is not None",
        "",
        test_card_machine.test_a_second_external_authenticate_is_refused_b28,
    ),
    M(
        "B28 a third GENERATE AC accepted",
        generate,
        "generate_ac",
        "elif now.stage is Stage.ONLINE:",
        "elif now.stage in (Stage.ONLINE, Stage.DONE):",
        test_card_machine.test_a_third_generate_ac_is_refused_b28,
    ),
    M(
        "B28 scripts accepted after a bad MAC",
        secure,
        "script_command",
        "card.scripts_shut = True",
        "card.scripts_shut = False",
        test_card_machine.test_one_flipped_bit_shuts_the_door_for_scripts_until_the_power_goes_b28,
    ),
    M(
        "B16 the MAC of a script without its own length in Lc",
        secure,
        "_mac",
        "len(command.data)))",
        "len(command.data) - _MAC))",
        test_card_machine.test_every_order_of_the_issuer_is_obeyed,
    ),
    M(
        "a card that writes without a journal",
        memory.Memory,
        "write",
        "self._valid = self._use(1) == 1\n    self._check()",
        "self._check()",
        test_card_power.test_an_ecash_payment_survives_every_cut,
    ),
    M(
        "a card that carries out before its journal is whole",
        memory.Memory,
        "write",
        "self._journal = journal[: self._use(len(journal))]",
        "self._journal = journal; self._carry_out(); self._use(len(journal))",
        test_card_power.test_the_purse_survives_every_cut,
    ),
    M(
        "a card that compares the PIN before it writes the try off",
        debit,
        "verify",
        "cells.write({PIN_TRIES: bytes((tries - 1,))})",
        "pass",
        test_card_machine.test_6983_in_this_transaction_and_6984_in_a_later_one,
    ),
    M(
        "a tap that pays before its last record is read",
        fast,
        "answer",
        "if afl_end is None:",
        "if True:",
        test_card_power.test_a_tap_pulled_away_before_its_last_record_has_paid_nothing,
    ),
    M(
        "a terminal that believes 9000 to VERIFY",
        transaction,
        "_holder_verified",
        "return bool(done) and not failed",
        "return True",
        test_transaction.test_a_wedge_that_answers_verify_itself_gains_nothing,
    ),
    M(
        "a terminal that approves although CDA failed",
        transaction,
        "_complete",
        "broken = state.signs and",
        "broken = False and",
        lambda: test_transaction.test_every_byte_of_a_cda_answer_counts(0, only_first=True),
    ),
    M(
        "a terminal that takes the last of two values",
        reading,
        "collect",
        "if tag in objects and (once or objects[tag] != value):",
        "if False:",
        test_transaction.test_a_doubled_tag_with_another_value_is_refused,
    ),
    M(
        "a terminal that takes any application's answer",
        selection,
        "select_application",
        "if not name.startswith(aid):",
        "if False:",
        test_selection.test_an_application_that_answers_for_another_name_is_refused,
    ),
    M(
        "a tap approved by an unsigned field",
        pboc,
        "_decide",
        "if verdict.passed and not _expired(data, told):",
        "if not _expired(data, told):",
        lambda: test_pboc.test_a_changed_decision_field_is_never_approved_offline(0x9F4B, 0),
    ),
    M(
        "61xx followed for ever",
        exchange,
        "exchange",
        "for _ in range(MOST_ROUNDS):",
        "for _ in range(10**9):",
        test_exchange.test_endless_61xx_is_bounded,
    ),
    M(
        "the last PIN tries of a member's card used up",
        cvm,
        "_offline_pin",
        "if tries is not None and tries < terminal.least_pin_tries:",
        "if False:",
        lambda: test_cvm.test_a_counter_never_uses_up_the_last_tries_of_a_members_card(
            "9F1701019000"
        ),
    ),
    M(
        "random selection by the plain target above the threshold",
        risk,
        "is_selected",
        "return number <= how.target + (how.most - how.target) * beyond // span",
        "return number <= how.target",
        test_risk.test_random_selection_of_the_standards_table,
    ),
    M(
        "a membership record believed on any card",
        files,
        "verify",
        "if not crypto.same(bind(number, sequence, record.member), record.binding):",
        "if False:",
        lambda: test_look.test_a_copied_or_old_record_is_refused(
            {"sequence": "02"}, "NOT_THIS_CARD"
        ),
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_the_mistake_is_noticed(mistake: Mistake, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, mistake.owner, mistake.function, mistake.old, mistake.new)
    if mistake.owner in (generate, debit):
        # the table of commands holds the functions themselves
        table = {
            header: getattr(mistake.owner, work.__name__, work)
            for header, work in debit._COMMANDS.items()
        }
        monkeypatch.setattr(debit, "_COMMANDS", MappingProxyType(table))
    with pytest.raises((Exception, pytest.fail.Exception)) as noticed:
        mistake.test()
    assert not isinstance(noticed.value, (NameError, SyntaxError, TypeError)), noticed.value


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_without_the_mistake_the_same_test_is_green(mistake: Mistake) -> None:
    mistake.test()
