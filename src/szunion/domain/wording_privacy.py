"""Know what people are told about their own data, in both languages (用语)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from szunion.text import Text

PRIVACY_MESSAGES: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "consent.ask": Text(
            "请您对“{purpose}”单独作出同意或不同意的答复；不同意不影响无须该信息的服务。",
            "Please answer, for this alone: “{purpose_en}”. Saying no changes no service that does "
            "not need it.",
        ),
        "consent.withdrawn": Text(
            "您对“{purpose}”的同意已撤回，当即生效：停止 {cancelled} 项；接收方已有 {there} 项，"
            "由其按自己的依据处理。",
            "Your consent to “{purpose_en}” is withdrawn now: {cancelled} things stopped; the "
            "recipient has {there} already and handles them on its own ground.",
        ),
        "rights.asked": Text(
            "您的“{kind}”请求已受理，最迟 {limit} 答复。",
            "Your request “{kind_en}” was received; you will have an answer by {limit}.",
        ),
        "rights.done": Text("您的“{kind}”请求已办结。", "Your request “{kind_en}” is done."),
        "rights.refused": Text(
            "您的“{kind}”请求未予办理：{why}。您可以要求说明，也可以投诉或起诉。",
            "Your request “{kind_en}” was refused: {why_en}. You may ask for reasons, complain, "
            "or go to court.",
        ),
    }
)
