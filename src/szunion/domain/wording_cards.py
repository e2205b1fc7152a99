"""Know what people are told about their card and their application, in both languages (用语)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from szunion.text import Text

CARD_MESSAGES: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "card.produced": Text(
            "您的工会会员服务卡已制成。请按工会通知领卡，并本人到银行面签激活。",
            "Your card has been made. Collect it as your union tells you, then sign for it at the "
            "bank in person.",
        ),
        "card.bank_state": Text(
            "银行告知您的会员服务卡状态：{state}。办理挂失、解挂、换卡请联系银行。",
            "The bank says of your card: {state_en}. For loss, undoing a loss or a new card, ask "
            "the bank.",
        ),
        "card.locked": Text(
            "您的会员服务卡已由工会暂停使用（{reason}）。可由{owner}解除，咨询请拨打 12351。",
            "Your union has locked your card ({reason_en}). {owner} can lift it; call 12351 to "
            "ask.",
        ),
        "card.unlocked": Text(
            "您的会员服务卡的一项锁定已解除（{reason}）。",
            "One lock on your card was lifted ({reason_en}).",
        ),
        "card.stopped": Text(
            "您的会员服务卡的工会功能已停用（{reason}）。银行借记卡功能以银行为准。",
            "The union functions of your card have been stopped ({reason_en}). Its bank functions "
            "are for the bank to say.",
        ),
        "card.restored": Text(
            "您的会员服务卡的工会功能已恢复。",
            "The union functions of your card have been restored.",
        ),
        "pack.granted": Text(
            "激活成功，激活大礼包共 {items} 项权益已发放。",
            "Your card is active: {items} items of the activation pack are yours.",
        ),
        "row.sent_back": Text(
            "银行未能为您办卡（{reason}）。工会将联系您更正后重新申办。",
            "The bank could not open your card ({reason_en}). Your union will get in touch to mend "
            "the application.",
        ),
        "row.face_sign_failed": Text(
            "银行面签未完成（{result}）。请按银行提示补齐后再到网点办理，或联系工会。",
            "Signing at the bank was not completed ({result_en}). Go back with what the bank asks "
            "for, or ask your union.",
        ),
        "number.answered": Text(
            "您的吉祥号申请：{result}。",
            "The card number that was asked for you: {result_en}.",
        ),
        "row.unclaimed": Text(
            "您的会员服务卡尚未领取或激活，请尽快办理。",
            "Your card has not been collected or activated; please do it soon.",
        ),
    }
)
"""What a message's template says, with ``{names}`` to fill in."""
