"""Know what the value of each tag says, bit by bit and field by field 数据元讲解.

A value that cannot be read is marked wrong and shown as it is; explaining never fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from attrs import frozen

from szunion.emv import bcd, dol, explain_words
from szunion.emv.bits import BitField
from szunion.emv.errors import EmvError
from szunion.emv.explain_model import Item, Said, in_bytes
from szunion.emv.explain_trace import is_redacted
from szunion.emv.fields import (
    AdditionalCapabilities,
    Aip,
    Auc,
    Ctq,
    ProductFeatures,
    TerminalCapabilities,
    Tsi,
    Ttq,
    Tvr,
)
from szunion.emv.holder import Document, DocumentType, HolderName, gbk
from szunion.emv.iad import CID_REASONS, Cid, Cvr, Iad
from szunion.emv.lists import CVM_CODES, CVM_CONDITIONS, AflEntry, CvmList
from szunion.emv.logs import LogEntry
from szunion.emv.pan import CardNumber, Track2
from szunion.emv.tags import Format, Scheme, Secrecy, Tag, lookup
from szunion.emv.tlv import Node

_EMPTY = Said("空", "empty")
_AMOUNT = 6  # bytes: amounts have twelve digits
_NAMES = frozenset({0x9F01, 0x9F19})  # and so have two names of parties
REDACTED = Said("记录中已抹去", "wiped from the trace")
Sentences = list[Said]
Parts = tuple[Sentences, list[Item]]


@frozen
class Manner:
    """How to explain.

    Args:
        scheme: Whose dictionary.
        reveal: Show personal values. Secret ones (PIN) stay hidden whatever is asked.
    """

    scheme: Scheme = Scheme.PBOC
    reveal: bool = False

    def hides(self, tag: Tag) -> bool:
        """Whether the value of *tag* must not be shown."""
        if tag.secrecy is Secrecy.SECRET:
            return True
        return tag.secrecy is Secrecy.PERSONAL and not self.reveal


def nodes(read: Iterable[Node], manner: Manner) -> tuple[Item, ...]:
    """Explain TLV nodes and what is below them."""
    return tuple(_node(node, manner) for node in read)


def _node(node: Node, manner: Manner) -> Item:
    if node.constructed:
        entry = lookup(node.tag, manner.scheme)
        name = Said(entry.zh, entry.en)
        size = in_bytes(len(node.value))
        return Item(entry.hex, name, meaning=(size,), children=nodes(node.children, manner))
    return value(node.tag, node.value, manner)


def value(tag: int, raw: bytes, manner: Manner) -> Item:
    """Explain the value of a primitive tag."""
    entry = lookup(tag, manner.scheme)
    said: Sentences = []
    children: list[Item] = []
    wrong = False
    if not raw:
        said = [_EMPTY]
    elif entry.secrecy is not Secrecy.OPEN and is_redacted(raw):
        said = [REDACTED]
    else:
        try:
            said, children = _parts(entry, raw, manner)
        except EmvError as error:
            said, wrong = [Said(error.what("zh"), error.what("en"))], True
        else:
            wrong = entry.known and not entry.shortest <= len(raw) <= entry.longest
            if wrong:
                said = [Said(f"长度应为 {entry.length}", f"length should be {entry.length}"), *said]
    name, hidden = Said(entry.zh, entry.en), manner.hides(entry)
    return Item(entry.hex, name, raw, hidden, tuple(said), tuple(children), wrong)


def entries(listed: Iterable[dol.Entry], data: bytes, manner: Manner) -> tuple[Item, ...]:
    """Label the data that a DOL asked for.

    Raises:
        BadDol: The data have another length than the list asks for.
    """
    return tuple(value(entry.tag, part, manner) for entry, part in dol.split(listed, data))


def _parts(entry: Tag, raw: bytes, manner: Manner) -> Parts:
    """Return sentences and parts; personal values only speak through their own masks."""
    if entry.scheme in _OURS and entry.tag in _PERSONAL:
        return _PERSONAL[entry.tag](raw, manner), []
    if manner.hides(entry):
        return [], []
    if entry.scheme in _OURS and entry.tag in _BITS:
        return [], bits(_BITS[entry.tag](raw))
    if entry.scheme in _OURS and entry.tag in _TREES:
        return _TREES[entry.tag](raw, manner)
    if entry.scheme in _OURS and entry.tag in _WORDS:
        return _WORDS[entry.tag](raw), []
    return _by_format(entry, raw, manner)


def _by_format(entry: Tag, raw: bytes, manner: Manner) -> Parts:
    if entry.format is Format.DOL:
        return _dol(raw, manner)
    if entry.format.text:
        text, whole = gbk(raw)
        said = [Said(f"“{text}”", f'"{text}"')]
        return (said if whole else [*said, Said("有残缺字符", "a character is cut")]), []
    if entry.format is Format.N and entry.shortest == _AMOUNT and entry.tag not in _NAMES:
        return amount(raw), []
    if entry.format is Format.N:
        return [Said(*[str(bcd.number(raw, entry.hex))] * 2)], []
    return [], []


def bits(read: BitField) -> list[Item]:
    """Name every bit that is on; reserved ones are shown as wrong."""
    named = [Item(f"b{bit.byte}.{bit.bit}", Said(bit.zh, bit.en)) for bit in read.on()]
    reserved = Said("保留位", "reserved bit")
    odd = [Item(f"b{byte}.{bit}", reserved, wrong=True) for byte, bit in read.unnamed()]
    return named + odd


def amount(raw: bytes) -> Sentences:
    """Say an amount in yuan; the digits are fen."""
    fen = bcd.number(raw)
    text = f"{fen // 100:,}.{fen % 100:02}"
    return [Said(f"{text} 元", text)]


def _code(table: dict[int, Said]) -> Callable[[bytes], Sentences]:
    def say(raw: bytes) -> Sentences:
        number = bcd.number(raw)
        found = table.get(number)
        if found is None:
            return [Said(f"{number:03}", f"{number:03}")]
        return [Said(f"{number:03} {found.zh}", f"{number:03} {found.en}")]

    return say


def _byte(table: dict[int, Said]) -> Callable[[bytes], Sentences]:
    def say(raw: bytes) -> Sentences:
        found = table.get(raw[0]) if len(raw) == 1 else None
        return [found] if found else []

    return say


def _count(raw: bytes) -> Sentences:
    number = int.from_bytes(raw, "big")
    return [Said(str(number), str(number))]


def _day(raw: bytes) -> Sentences:
    text = bcd.day(raw).isoformat()
    return [Said(text, text)]


def _time(raw: bytes) -> Sentences:
    text = bcd.clock(raw).isoformat()
    return [Said(text, text)]


def _aid(raw: bytes) -> Sentences:
    found = explain_words.application(raw)
    return [found] if found else []


def _priority(raw: bytes) -> Sentences:
    rank = raw[0] & 0x0F
    confirm = raw[0] & 0x80
    return [
        Said(f"{rank}" if rank else "无优先级", f"{rank}" if rank else "no priority"),
        Said("须持卡人确认", "the holder must confirm")
        if confirm
        else Said("无需持卡人确认", "no confirmation needed"),
    ]


def _log_entry(raw: bytes) -> Sentences:
    at = LogEntry.parse(raw)
    records = "1 record" if at.records == 1 else f"{at.records} records"
    return [Said(f"SFI {at.sfi}，{at.records} 条", f"SFI {at.sfi}, {records}")]


def _languages(raw: bytes) -> Sentences:
    text = gbk(raw)[0]
    joined = ", ".join(text[at : at + 2] for at in range(0, len(text), 2))
    return [Said(joined, joined)]


def _arc(raw: bytes) -> Sentences:
    text = gbk(raw)[0]
    found = explain_words.AUTHORISATION_CODES.get(text)
    return [Said(f"“{text}” {found.zh}", f'"{text}" {found.en}')] if found else _quoted(text)


def _quoted(text: str) -> Sentences:
    return [Said(f"“{text}”", f'"{text}"')]


def _yes(zh: str, en: str) -> Callable[[bytes], Sentences]:
    def say(raw: bytes) -> Sentences:
        return [Said(f"{zh} 是", f"{en}: yes") if any(raw) else Said(f"{zh} 否", f"{en}: no")]

    return say


def _cvm_result(raw: bytes) -> Sentences:
    if len(raw) != 3:
        return []
    unknown = ("未知", "unknown")
    method = Said(*CVM_CODES.get(raw[0] & 0xBF, unknown))
    condition = Said(*CVM_CONDITIONS.get(raw[1], unknown))
    result = explain_words.CVM_RESULTS.get(raw[2], Said(*unknown))
    return [
        Said(f"方法：{method.zh}", f"method: {method.en}"),
        Said(f"条件：{condition.zh}", f"condition: {condition.en}"),
        Said(f"结果：{result.zh}", f"result: {result.en}"),
    ]


def _cid(raw: bytes) -> Sentences:
    cid = Cid.parse(raw)
    said = [Said(cid.cryptogram.zh, cid.cryptogram.en)]
    if cid.advice:
        said.append(Said("需要通知", "advice required"))
    if cid.reason:
        zh, en = CID_REASONS.get(cid.reason, ("保留的原因", "reserved reason"))
        said.append(Said(f"原因：{zh}", f"reason: {en}"))
    return said


def _dol(raw: bytes, manner: Manner) -> Parts:
    listed = dol.parse(raw)
    size = in_bytes(dol.wanted(listed))
    said = [Said(f"须提供 {size.zh}", f"asks for {size.en}")]
    return said, list(_wishes(listed, manner))


def _wishes(listed: Iterable[dol.Entry], manner: Manner) -> Iterator[Item]:
    for wish in listed:
        entry = lookup(wish.tag, manner.scheme)
        size = in_bytes(wish.length)
        yield Item(entry.hex, Said(entry.zh, entry.en), meaning=(size,))


def _afl(raw: bytes, manner: Manner) -> Parts:
    del manner
    said = []
    for entry in AflEntry.parse(raw):
        which, records = str(entry.first), "record"
        if entry.last > entry.first:
            which, records = f"{entry.first}–{entry.last}", "records"
        zh, en = f"SFI {entry.sfi} 记录 {which}", f"SFI {entry.sfi} {records} {which}"
        if entry.signed:
            zh += f"，前 {entry.signed} 条参与静态签名"
            en += f", the first {entry.signed} signed"
        said.append(Said(zh, en))
    return said, []


def _cvm_list(raw: bytes, manner: Manner) -> Parts:
    del manner
    read = CvmList.parse(raw)
    said = []
    if read.x or read.y:
        said.append(Said(f"X = {read.x} 分，Y = {read.y} 分", f"X = {read.x}, Y = {read.y}"))
    items = []
    for at, rule in enumerate(read.rules, start=1):
        method = CVM_CODES.get(rule.code, (f"未知方法 {rule.code:02X}", f"unknown {rule.code:02X}"))
        when = CVM_CONDITIONS.get(
            rule.condition, (f"未知条件 {rule.condition:02X}", f"unknown {rule.condition:02X}")
        )
        after = ("失败则试下一条", "if it fails, next") if rule.go_on else ("失败即止", "then fail")
        meaning = (Said(f"条件：{when[0]}", f"when: {when[1]}"), Said(*after))
        items.append(Item(str(at), Said(*method), meaning=meaning))
    return said, items


def _iad(raw: bytes, manner: Manner) -> Parts:
    read = Iad.parse(raw, manner.scheme)
    said = [
        Said(f"密钥索引 {read.key_index:02X}", f"key index {read.key_index:02X}"),
        Said(f"密文版本 {read.version:02X}", f"cryptogram version {read.version:02X}"),
    ]
    if read.algorithm is not None:
        text = f"{read.algorithm:02X}"
        known = explain_words.ALGORITHMS.get(read.algorithm, Said(text, text))
        said.append(Said(f"算法 {known.zh}", f"algorithm {known.en}"))
    cvr_name = Said("卡片验证结果 CVR", "card verification results (CVR)")
    if read.scheme is not Scheme.PBOC:
        return said, [Item("CVR", cvr_name, read.cvr)]
    cvr = read.pboc_cvr
    items = [Item("CVR", cvr_name, read.cvr, meaning=_cvr(cvr), children=tuple(bits_of_cvr(cvr)))]
    if read.idd is not None:
        items.append(_idd(read))
    return said, items


def _cvr(cvr: Cvr) -> tuple[Said, ...]:
    said = [Said(f"第一次：{cvr.first.zh}", f"first: {cvr.first.en}")]
    if cvr.second is not None:
        said.append(Said(f"第二次：{cvr.second.zh}", f"second: {cvr.second.en}"))
    if cvr.scripts:
        said.append(Said(f"收到脚本命令 {cvr.scripts} 条", f"{cvr.scripts} script commands"))
    return tuple(said)


def bits_of_cvr(cvr: Cvr) -> list[Item]:
    """Name the single bits of a CVR; its numbers are said apart."""
    return [item for item in bits(cvr) if not item.wrong]


def _idd(read: Iad) -> Item:
    name = Said("发卡行自定义数据", "issuer discretionary data")
    idd = read.idd
    if idd is None or idd.kind is None:
        return Item("IDD", name, read.rest)
    kind = explain_words.IDD_KINDS[idd.kind]
    texts = [f"{fen // 100:,}.{fen % 100:02}" for fen in idd.amounts]
    zh, en = "、".join(f"{text} 元" for text in texts), ", ".join(texts)
    return Item("IDD", name, read.rest, meaning=(Said(f"{kind.zh} {zh}", f"{kind.en} {en}"),))


def _pan(raw: bytes, manner: Manner) -> Sentences:
    pan = CardNumber.parse(raw)
    shown = pan.plain() if manner.reveal else pan.masked()
    right = Said("校验位正确", "check digit right")
    return [Said(shown, shown), right if pan.checked else Said("校验位不符", "check digit wrong")]


def _track2(raw: bytes, manner: Manner) -> Sentences:
    track = Track2.parse(raw)
    shown = track.pan.plain() if manner.reveal else track.pan.masked()
    expiry = f"20{track.expiry[:2]}-{track.expiry[2:]}"
    return [
        Said(shown, shown),
        Said(f"有效期 {expiry}", f"expires {expiry}"),
        Said(f"服务码 {track.service_code}", f"service code {track.service_code}"),
    ]


def _name(raw: bytes, manner: Manner) -> Sentences:
    read = HolderName.parse(raw)
    shown = read.name.plain() if manner.reveal else read.name.masked()
    said = [Said(shown, shown)]
    return said if read.whole else [*said, Said("有残缺字符", "a character is cut")]


def _document(raw: bytes, manner: Manner) -> Sentences:
    number = Document.parse(raw).number
    hidden = Said("已隐藏", "hidden")
    return [Said(*[number.plain()] * 2) if manner.reveal else hidden]


def _document_type(raw: bytes, manner: Manner) -> Sentences:
    if not manner.reveal:
        return [Said("已隐藏", "hidden")]
    if len(raw) != 1 or raw[0] > 5:
        return []
    kind = DocumentType(raw[0])
    return [Said(kind.zh, kind.en)]


def _product(raw: bytes, manner: Manner) -> Sentences:
    if not manner.reveal or len(raw) != 16:
        return [Said("已隐藏", "hidden")] if not manner.reveal else []
    return [Said(bit.zh, bit.en) for bit in ProductFeatures(raw[8:9]).on()]


_OURS = {Scheme.EMV, Scheme.PBOC}
_BITS: dict[int, type[BitField]] = {
    0x82: Aip,
    0x9F07: Auc,
    0x95: Tvr,
    0x9B: Tsi,
    0x9F0D: Tvr,
    0x9F0E: Tvr,
    0x9F0F: Tvr,
    0xDF11: Tvr,
    0xDF12: Tvr,
    0xDF13: Tvr,
    0x9F33: TerminalCapabilities,
    0x9F40: AdditionalCapabilities,
    0x9F66: Ttq,
    0x9F6C: Ctq,
}
_TREES: dict[int, Callable[[bytes, Manner], Parts]] = {
    0x94: _afl,
    0x8E: _cvm_list,
    0x9F10: _iad,
}
_PERSONAL: dict[int, Callable[[bytes, Manner], Sentences]] = {
    0x5A: _pan,
    0x57: _track2,
    0x5F20: _name,
    0x9F0B: _name,
    0x9F61: _document,
    0x9F62: _document_type,
    0x9F63: _product,
}
_WORDS: dict[int, Callable[[bytes], Sentences]] = {
    0x4F: _aid,
    0x84: _aid,
    0x9F06: _aid,
    0x87: _priority,
    0x88: lambda raw: [Said(f"SFI {raw[0]}", f"SFI {raw[0]}")],
    0x5F2D: _languages,
    0x8A: _arc,
    0x9F27: _cid,
    0x9F34: _cvm_result,
    0x9F4D: _log_entry,
    0xDF4D: _log_entry,
    0x5F24: _day,
    0x5F25: _day,
    0x9A: _day,
    0x9F21: _time,
    0x9F36: _count,
    0x9F13: _count,
    0x9F17: _count,
    0x9F14: _count,
    0x9F23: _count,
    0x9F1B: _count,
    0x5F2A: _code(explain_words.CURRENCIES),
    0x9F42: _code(explain_words.CURRENCIES),
    0x9F51: _code(explain_words.CURRENCIES),
    0x9F76: _code(explain_words.CURRENCIES),
    0xDF71: _code(explain_words.CURRENCIES),
    0x5F28: _code(explain_words.COUNTRIES),
    0x9F1A: _code(explain_words.COUNTRIES),
    0x9F57: _code(explain_words.COUNTRIES),
    0x9C: _byte(explain_words.TRANSACTION_TYPES),
    0x9F35: _byte(explain_words.TERMINAL_TYPES),
    0x9F7A: _yes("电子现金", "e-cash"),
    0xDF69: _yes("支持国密", "SM algorithms"),
    0xDF60: _yes("分段扣费", "split deduction"),
}
