from __future__ import annotations

import pytest

from szunion.application.card_faults import as_card_fault, told_as_card_faults
from szunion.emv import errors as emv
from szunion.errors import CardFault, CardRemoved
from szunion.text import Language


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (emv.CardFault(0x6985), "E-READER-020"),
        (emv.CardFault(0x6A81, "SELECT-CARD-BLOCKED"), "E-READER-020"),
        (emv.CardFault(0x9000, "SELECT-OTHER-NAME"), "E-READER-021"),
        (emv.BadTlv("tag"), "E-READER-021"),
        (emv.LimitExceeded("records", 64), "E-READER-021"),
        (emv.AuthenticationFailed("AUTH", reason="X", zh="签名不对", en="wrong"), "E-READER-022"),
    ],
)
def test_what_a_card_did_wrong_has_a_page_in_both_languages(error: emv.EmvError, code: str) -> None:
    with pytest.raises(CardFault) as told, told_as_card_faults():
        raise error
    assert told.value.code == code
    assert told.value.__cause__ is error
    assert error.what("zh") in told.value.what(Language.ZH)
    assert error.what("en") in told.value.what(Language.EN)
    assert as_card_fault(error).code == code


@pytest.mark.parametrize(
    "error",
    [
        CardRemoved("E-READER-003", reader="desk"),
        emv.OffScript("FLOW-PIN"),
        emv.KeyRefused("KEY", reason="X", zh="x", en="x"),
    ],
)
def test_what_is_not_the_cards_fault_goes_through(error: Exception) -> None:
    with pytest.raises(type(error)), told_as_card_faults():
        raise error
