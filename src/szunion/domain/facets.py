"""Know what the bank has said of a card: one register, folded from told facts in any order."""

from __future__ import annotations

from typing import Final

from szunion.domain.bank import BankEvent, BankState
from szunion.domain.machine import Machine, Owner, fact
from szunion.text import Text

_S = BankState
_E = BankEvent
_LIVE: Final = (_S.ISSUED, _S.ACTIVE, _S.LOSS_ORAL, _S.LOSS_WRITTEN, _S.FROZEN, _S.DORMANT)
_USABLE: Final = Text("若别无不利事项即可使用", "usable if nothing else stands against it")
_REASON_CLASS: Final = Text(
    "司法、风险、密码输错等，只给原因类别", "court, risk, wrong PIN: the class of reason only"
)
_SUCCESSOR: Final = Text("连接新卡", "successor linked")
_GONE: Final = Text("不可使用；收款账户不再存在", "not usable; the payout account is gone")

CARD_BANK: Final = Machine(
    name="card_bank",
    text=Text("银行状态", "card, bank facet"),
    instance=Text(
        "一张卡（令牌加卡序列号）；只有银行能写",
        "one card (token and PSN); only the bank writes it",
    ),
    owner=Owner.BANK,
    states=BankState,
    events=BankEvent,
    start=None,
    final=frozenset({_S.REPLACED, _S.CLOSED}),
    absorbing=frozenset({_S.REPLACED, _S.CLOSED}),
    moves=(
        fact(
            None,
            _E.ISSUED,
            _S.ISSUED,
            effect=Text(
                "令牌、卡序列号、账户类别绑定到申办明细；实体卡在银行",
                "token, PSN and account class bound to the application row; the plastic is at the "
                "bank",
            ),
        ),
        fact(
            _S.ISSUED,
            _E.ACTIVATED,
            _S.ACTIVE,
            means=Text("已面签", "face-sign done"),
            effect=Text(
                "成为此人的当前卡；旧卡被接替；激活礼包按人按项目判定一次",
                "becomes the current card; its predecessor is superseded; the pack is evaluated "
                "once per person and programme",
            ),
        ),
        fact(
            _S.ACTIVE,
            _E.LOSS_ORAL,
            _S.LOSS_ORAL,
            means=Text("临时挂失", "temporary report"),
            effect=Text("不可使用", "not usable"),
        ),
        fact(
            _S.LOSS_ORAL,
            _E.LOSS_LAPSED,
            _S.ACTIVE,
            means=Text("到期或被撤销", "ran out or was undone"),
            effect=_USABLE,
        ),
        fact(
            (_S.ISSUED, _S.ACTIVE, _S.LOSS_ORAL, _S.FROZEN, _S.DORMANT),
            _E.LOSS_WRITTEN,
            _S.LOSS_WRITTEN,
            effect=Text(
                "不可使用；激活前挂失的要核对保管", "not usable; before activation, check custody"
            ),
        ),
        fact(_S.LOSS_WRITTEN, _E.LOSS_UNDONE, _S.ACTIVE, effect=_USABLE),
        fact(
            (_S.ISSUED, _S.ACTIVE, _S.LOSS_ORAL, _S.LOSS_WRITTEN, _S.DORMANT),
            _E.FROZEN,
            _S.FROZEN,
            means=_REASON_CLASS,
            effect=Text("不可使用；核对待付款项", "not usable; payouts checked"),
        ),
        fact(
            _S.FROZEN,
            _E.UNFROZEN,
            _S.ACTIVE,
            means=Text(
                "仍有挂失的，银行随后再报", "a loss that still stands is told again after it"
            ),
            effect=_USABLE,
        ),
        fact(
            _S.ACTIVE,
            _E.DORMANT,
            _S.DORMANT,
            effect=Text("不可使用；提示待付款项", "not usable; payout warning"),
        ),
        fact(_S.DORMANT, _E.REVIVED, _S.ACTIVE, effect=_USABLE),
        fact(_LIVE, _E.EXPIRED, _S.EXPIRED, effect=Text("不可使用", "not usable")),
        fact(
            (_S.ISSUED, _S.ACTIVE, _S.LOSS_ORAL, _S.LOSS_WRITTEN, _S.EXPIRED),
            _E.REPLACED,
            _S.REPLACED,
            means=Text(
                "损坏或到期可不换号，挂失换新号",
                "damaged or expired: the number may stay; lost: a new one",
            ),
            effect=_SUCCESSOR,
        ),
        fact(
            (*_LIVE, _S.EXPIRED, _S.REPLACED),
            _E.CLOSED,
            _S.CLOSED,
            means=Text(
                "销户，或未领、放弃，或旧号注销",
                "closed; or never collected, refused; or the old number ended for good",
            ),
            effect=_GONE,
        ),
    ),
)
