"""Know every way in which card data, a card or a key can be wrong.

::

    EmvError
    ├─ BadData                 bytes that cannot be what they should be
    │  ├─ BadTlv               .tag, .offset, .part and the .nodes read so far
    │  ├─ BadDol               .offset and the .entries read so far
    │  ├─ BadField             a data element of the wrong length or content
    │  └─ BadApdu              not a command or response at all
    ├─ CardFault               the card answered with a status word that stops us: .sw
    ├─ LimitExceeded           somebody else's data or loop is longer than we follow
    ├─ AuthenticationFailed    a certificate, signature or cryptogram is not right: .reason
    ├─ KeyRefused              a key that must not be used: .reason
    └─ OffScript               a step was asked for that the flow does not have now

A transaction that is declined is a value, not an error. Texts stand in ``TEXTS``, Chinese first.
Context values go into messages: never put card data, names, numbers or keys there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

from szunion.emv.status_words import status_word

Language = Literal["zh", "en"]

#: What each code means: 中文, English. ``{names}`` are filled from the context.
TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # --- codec ---
        "TLV-TAG": (
            "TLV 第 {offset} 字节：标签不完整或过长",
            "TLV at byte {offset}: the tag is incomplete or too long",
        ),
        "TLV-LENGTH": (
            "TLV 第 {offset} 字节：标签 {tag} 的长度不完整或不允许",
            "TLV at byte {offset}: the length of tag {tag} is incomplete or not allowed",
        ),
        "TLV-VALUE": (
            "TLV 第 {offset} 字节：标签 {tag} 的值比长度短",
            "TLV at byte {offset}: the value of tag {tag} is shorter than its length",
        ),
        "TLV-LIMIT": ("TLV 超过上限：{why}", "the TLV exceeds a limit: {why}"),
        "TLV-BUILD": ("无法编码 TLV：{why}", "the TLV cannot be encoded: {why}"),
        "DOL-ENTRY": (
            "DOL 第 {offset} 字节：条目不完整",
            "DOL at byte {offset}: the entry is incomplete",
        ),
        "DOL-BUILD": ("无法编码 DOL：{why}", "the DOL cannot be encoded: {why}"),
        "DOL-DATA": (
            "DOL 数据应为 {want} 字节，实为 {got} 字节",
            "the DOL asks for {want} bytes, the data have {got}",
        ),
        "APDU-COMMAND": ("不是命令 APDU：{why}", "not a command APDU: {why}"),
        "APDU-RESPONSE": (
            "响应 APDU 至少 2 字节，实为 {got} 字节",
            "a response APDU has at least 2 bytes, got {got}",
        ),
        "FIELD-LENGTH": (
            "{name} 应为 {want} 字节，实为 {got} 字节",
            "{name} must have {want} bytes, got {got}",
        ),
        "FIELD-CONTENT": ("{name} 的内容不对：{why}", "{name} is not right: {why}"),
        "FIELD-MISSING": ("缺少数据元 {tag}", "data element {tag} is missing"),
        "TRACE-FORM": ("记录第 {line} 行读不懂：{why}", "trace line {line}: {why}"),
        "LIMIT": (
            "{name} 超过上限 {limit}",
            "{name} exceeds the limit of {limit}",
        ),
        # --- card ---
        "CARD-SW": (
            "卡返回状态字 {sw}：{zh}",
            "the card answered {sw}: {en}",
        ),
        # --- flows: what a card or a driver of a flow did wrong ---
        "FLOW-PIN": ("密码应为 4 到 12 位数字", "a PIN has 4 to 12 digits"),
        "FLOW-ANSWER": (
            "读卡器返回 {got} 字节，不是响应 APDU",
            "the reader gave back {got} bytes, which is no response APDU",
        ),
        "FLOW-ORDER": ("此时不能进行该步骤：{why}", "this step is not possible now: {why}"),
        "SELECT-CARD-BLOCKED": ("卡片已锁定（6A81）", "the card is blocked (6A81)"),
        "SELECT-FCI": (
            "选择应用的响应不是 FCI 模板",
            "the answer to SELECT is no FCI template",
        ),
        "SELECT-OTHER-NAME": (
            "应答的不是所选的应用",
            "another application answered than was selected",
        ),
        "GPO-ANSWER": (
            "获取处理选项的响应格式不对",
            "the answer to GET PROCESSING OPTIONS has the wrong form",
        ),
        "RECORD-FORM": ("记录不是模板 70", "a record is no template 70"),
        "GET-DATA-FORM": (
            "取数据的响应不是所要的数据元",
            "the answer to GET DATA is not the object asked for",
        ),
        "AC-ANSWER": (
            "生成应用密文的响应格式不对",
            "the answer to GENERATE AC has the wrong form",
        ),
        "DDA-ANSWER": (
            "内部认证的响应中没有签名",
            "the answer to INTERNAL AUTHENTICATE has no signature",
        ),
        "LOOK-TWO-NUMBERS": (
            "卡上的两处卡号不一致",
            "the card tells two different card numbers",
        ),
        "PURSE-ANSWER": ("钱包的响应长度不对", "the purse's answer has the wrong length"),
        "PURSE-MAC": ("钱包的 MAC 不对", "the purse's MAC is wrong"),
        "CHANNEL-ANSWER": (
            "安全通道的响应长度不对",
            "the answer of the secure channel has the wrong length",
        ),
        "FILE-FORM": ("文件内容不是会员凭证", "the file is no membership record"),
        # --- keys and authentication ({zh} and {en} are the two texts of one reason) ---
        "AUTH": ("认证失败：{zh}", "authentication failed: {en}"),
        "KEY": ("密钥被拒绝：{zh}", "the key is refused: {en}"),
    }
)


class EmvError(Exception):
    """A broken rule of the card layer: a stable code, and what happened in two languages.

    Args:
        code: A key of ``TEXTS``.
        context: What fills the ``{names}`` of the text. Never card data or secrets.
    """

    def __init__(self, code: str, /, **context: object) -> None:
        super().__init__(code)
        self.code = code
        self.context = context

    def what(self, language: Language = "zh") -> str:
        """Return what happened."""
        zh, en = TEXTS[self.code]
        return (zh if language == "zh" else en).format_map(self.context)

    def __str__(self) -> str:
        return f"[{self.code}] {self.what('zh')} / {self.what('en')}"


class BadData(EmvError, ValueError):
    """Bytes cannot be what they should be."""


class BadTlv(BadData):
    """A BER-TLV structure is broken.

    Args:
        part: What is wrong: the ``tag``, the ``length`` or the ``value``; ``limit`` when it is
            longer, deeper or fuller than we follow; ``build`` when it cannot be written.
        offset: Where in the whole input, in bytes from 0.
        tag: The tag as an integer as far as it is known, else None.
        nodes: The top-level nodes that were complete before the fault.
    """

    def __init__(
        self,
        part: Literal["tag", "length", "value", "limit", "build"],
        *,
        offset: int = 0,
        tag: int | None = None,
        nodes: Sequence[Any] = (),
        why: str = "",
    ) -> None:
        shown = "-" if tag is None else f"{tag:02X}"
        super().__init__(f"TLV-{part.upper()}", offset=offset, tag=shown, why=why)
        self.part = part
        self.offset = offset
        self.tag = tag
        self.nodes = nodes


class BadDol(BadData):
    """A data object list, or the data made for one, is broken.

    ``offset`` is in bytes from 0; ``entries`` are the entries read before the fault.
    """

    def __init__(
        self,
        code: str,
        /,
        *,
        offset: int = 0,
        entries: tuple[Any, ...] = (),
        **context: object,
    ) -> None:
        super().__init__(code, offset=offset, **context)
        self.offset = offset
        self.entries = entries


class BadField(BadData):
    """A data element has the wrong length or content."""


class BadApdu(BadData):
    """The bytes are no command or response."""


class CardFault(EmvError):
    """The card answered with a status word that stops us.

    Args:
        sw: The status word, 0x0000-0xFFFF.
        code: A key of ``TEXTS``.
        context: More for the text.
    """

    def __init__(self, sw: int, code: str = "CARD-SW", /, **context: object) -> None:
        word = status_word(sw)
        told = {"sw": f"{sw:04X}", "zh": word.say(sw, "zh"), "en": word.say(sw, "en")}
        super().__init__(code, **{**told, **context})
        self.sw = sw


class LimitExceeded(EmvError):
    """Somebody else's data, or a loop over it, is longer than we follow."""

    def __init__(self, name: str, limit: int, code: str = "LIMIT", /) -> None:
        super().__init__(code, name=name, limit=limit)
        self.name = name
        self.limit = limit


class _WithReason(EmvError):
    """Keeps the reason, which is a word of a fixed list and therefore safe to show."""

    def __init__(self, code: str, /, **context: object) -> None:
        super().__init__(code, **context)
        self.reason = str(context.get("reason", code))


class AuthenticationFailed(_WithReason):
    """A certificate, a signature or a cryptogram is not right."""


class KeyRefused(_WithReason):
    """A key must not be used: wrong checksum, expired, revoked, weak."""


class OffScript(EmvError):
    """A step was asked for that the flow, or the script of a test, does not have now."""
