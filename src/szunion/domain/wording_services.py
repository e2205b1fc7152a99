"""Know what people are told of grants, claims, payments and matters, in both languages (用语)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from szunion.text import Text

SERVICE_MESSAGES: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "grant.decided": Text(
            "您的“{item}”已核准，金额 {yuan} 元，将发放到您的会员服务卡账户。",
            "“{item_en}” was granted: {yuan} yuan will be paid into your card's account.",
        ),
        "grant.refused": Text(
            "您的“{item}”未获核准（{reason}）。如有疑问，请联系工会或拨打 12351。",
            "“{item_en}” was not granted ({reason}). Ask your union or call 12351.",
        ),
        "cover.accepted": Text(
            "您已参加“{plan}”，保障期自 {since} 起，至 {until} 前一日止。",
            "You are covered by “{plan_en}” from {since} until the day before {until}.",
        ),
        "cover.refused": Text(
            "您参加“{plan}”的申请未获承保（{reason}）。",
            "You were not accepted into “{plan_en}” ({reason}).",
        ),
        "cover.ended": Text(
            "您的“{plan}”保障已期满；保障期内发生的事项，您仍可申领。",
            "Your cover under “{plan_en}” has ended; you may still claim for what happened while "
            "it was in force.",
        ),
        "claim.submitted": Text(
            "您的“{item}”申领已受理。", "Your claim under “{item_en}” was received."
        ),
        "claim.incomplete": Text(
            "您的“{item}”申领需要补充材料，请您在 {days} 天内补齐；所缺材料见申领详情。",
            "Documents are missing for your claim under “{item_en}”; please submit them within "
            "{days} days. The claim lists them.",
        ),
        "claim.reminder": Text(
            "提醒您：您的“{item}”申领尚待补充材料（期限共 {days} 天），请尽快补齐。",
            "A reminder: your claim under “{item_en}” is waiting for documents ({days} days in "
            "all).",
        ),
        "claim.decided": Text(
            "您的“{item}”申领已核定，金额 {yuan} 元，将发放到您的会员服务卡账户。",
            "Your claim under “{item_en}” was approved: {yuan} yuan will be paid into your card's "
            "account.",
        ),
        "claim.rejected": Text(
            "您的“{item}”申领经审核不予给付（{reason}）。计算过程见申领详情；您如有异议，可以申请复核。",
            "Your claim under “{item_en}” was rejected ({reason_en}). The claim shows how this was "
            "worked out; you may appeal.",
        ),
        "referral.asked": Text(
            "已收到您的“{item}”申请，工会应于 {due} 前答复您。",
            "Your request for “{item_en}” was received, and is to be answered by {due}.",
        ),
        "referral.made": Text(
            "您的来电事项已转“{union}”办理，该工会应于 {due} 前答复您。",
            "Your matter was passed on to “{union}”, which is to answer by {due}.",
        ),
        "referral.replied": Text(
            "您的来电事项已有答复，12351 将回访您。",
            "Your matter was answered; 12351 will call you back.",
        ),
        "joining.listed": Text(
            "工会已为您报名集体参与“{item}”（{when}，{place}），受理后将另行通知您。",
            "Your union signed you up for “{item_en}” ({when}, {place}); you will be "
            "told once it is accepted.",
        ),
        "joining.accepted": Text(
            "您随工会集体参与的“{item}”定于 {when} 举办，地点：{place}。",
            "“{item_en}”, which you join with your union, is on {when} at {place}.",
        ),
        "joining.unlisted": Text(
            "您已不在“{item}”（{when}）的集体参与名单上；如有疑问，请联系工会。",
            "You are no longer on your union's list for “{item_en}” ({when}).",
        ),
        "joining.off": Text(
            "您随工会集体参与的“{item}”（{when}）已取消（{reason}）。",
            "“{item_en}” ({when}), which you were to join with your union, was cancelled "
            "({reason_en}).",
        ),
        "payout.settled": Text(
            "您的“{item}”款项 {yuan} 元已到账。",
            "{yuan} yuan for “{item_en}” have been paid into your account.",
        ),
        "payout.returned": Text(
            "您的“{item}”款项 {yuan} 元被银行退回，工会将重新发放，您的权益不受影响。",
            "The bank returned {yuan} yuan for “{item_en}”; your union will pay again, and you "
            "lose nothing.",
        ),
    }
)
"""What a message's template says, with ``{names}`` to fill in."""
