"""Know what people are told about their own data, in both languages (用语)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from szunion.text import Text

PRIVACY_MESSAGES: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "consent.ask": Text(
            "请您就“{purpose}”单独答复是否同意；不同意的，不影响您享受无须该信息的服务。",
            "Please answer for this purpose alone: “{purpose_en}”. If you refuse, services that do "
            "not need these data stay open to you.",
        ),
        "consent.withdrawn": Text(
            "您对“{purpose}”的同意已撤回，立即生效：已停止办理 {cancelled} 项；"
            "接收方已收到 {there} 项，由其依法处理。",
            "Your consent to “{purpose_en}” is withdrawn with immediate effect: {cancelled} items "
            "were stopped; the recipient already has {there} and handles them as the law provides.",
        ),
        "rights.asked": Text(
            "您的“{kind}”请求已受理，最迟于 {limit} 答复您。",
            "Your request “{kind_en}” was received; you will have an answer by {limit}.",
        ),
        "rights.done": Text("您的“{kind}”请求已办结。", "Your request “{kind_en}” is done."),
        "rights.refused": Text(
            "您的“{kind}”请求未予办理：{why}。您可以要求说明，也可以投诉或依法向人民法院起诉。",
            "Your request “{kind_en}” was refused: {why_en}. You may ask for an explanation, "
            "complain, or go to court.",
        ),
    }
)
