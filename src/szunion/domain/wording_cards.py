"""Know what people are told about their card and their application, in both languages (用语)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from szunion.text import Text

CARD_MESSAGES: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "card.produced": Text(
            "您的工会会员服务卡已制成。请您按工会通知领卡，并由本人到银行面签激活。",
            "Your card has been made. Collect it as your union tells you, then sign for it at the "
            "bank in person to activate it.",
        ),
        "card.bank_state": Text(
            "据银行通知，您的会员服务卡当前状态为“{state}”。如需挂失、解挂或换卡，请联系银行。",
            "According to the bank, the state of your card is now “{state_en}”. To report a loss, "
            "to undo one or to replace the card, contact the bank.",
        ),
        "card.locked": Text(
            "您的会员服务卡已由工会暂停使用（{reason}）。解除由{owner}办理，咨询请拨打 12351。",
            "Your union has suspended your card ({reason_en}). {owner} can lift this; call 12351 "
            "if you have questions.",
        ),
        "card.unlocked": Text(
            "您的会员服务卡的一项锁定已解除（{reason}）；能否使用，请在门户查询或拨打 12351。",
            "One lock on your card was lifted ({reason_en}); a portal or 12351 can tell you "
            "whether the card may be used.",
        ),
        "card.stopped": Text(
            "您的会员服务卡的工会功能已停用（{reason}）。借记卡等银行功能，请以银行答复为准。",
            "The union functions of your card have been stopped ({reason_en}). For its functions "
            "as a debit card, ask the bank.",
        ),
        "card.restored": Text(
            "您的会员服务卡的工会功能已恢复。",
            "The union functions of your card have been restored.",
        ),
        "pack.granted": Text(
            "您的会员服务卡已激活，激活大礼包共 {items} 项权益已发放给您。",
            "Your card is active: {items} items of the activation pack are yours.",
        ),
        "row.sent_back": Text(
            "银行未能为您办卡（{reason}）。工会将联系您，更正后重新申办。",
            "The bank could not issue your card ({reason_en}). Your union will contact you to "
            "correct the application.",
        ),
        "row.face_sign_failed": Text(
            "您的银行面签未完成（{result}）。请您按银行提示补齐材料后再到网点办理，或联系工会。",
            "Your signing at the bank was not completed ({result_en}). Go back with what the bank "
            "asks for, or contact your union.",
        ),
        "number.answered": Text(
            "您的吉祥号申请结果：{result}。",
            "The special card number that was requested for you: {result_en}.",
        ),
        "row.unclaimed": Text(
            "您的会员服务卡尚未领取或激活，请您尽快办理。",
            "Your card has not been collected or activated; please do so soon.",
        ),
    }
)
"""What a message's template says, with ``{names}`` to fill in."""
