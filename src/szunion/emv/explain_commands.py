"""Know what each command asks of the card, and how to read its data and its answer 命令讲解.

What one answer says is needed to read the next command: the lists of the card (PDOL, CDOL, DDOL,
log format) label the data that follow. ``Known`` holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import evolve, field, frozen

from szunion.emv import dol, logs, tlv
from szunion.emv.apdu import Command, Response
from szunion.emv.errors import BadTlv, EmvError
from szunion.emv.explain_model import Item, Said, in_bytes
from szunion.emv.explain_trace import is_redacted
from szunion.emv.explain_values import REDACTED, Manner, entries, nodes, value
from szunion.emv.explain_words import application
from szunion.emv.tags import for_aid

Items = tuple[Item, ...]

#: Tags that are kept from answers, because later commands are read with them.
_KEPT = (0x9F38, 0x8C, 0x8D, 0x9F49, 0x9F4D, 0xDF4D, 0x9F4F, 0xDF4F)


@frozen
class Known:
    """What the answers so far have told.

    Attributes:
        aid: The selected application.
        values: The kept tags of that application.
        cryptograms: How many GENERATE AC it has answered.
    """

    aid: bytes = b""
    values: Mapping[int, bytes] = field(factory=dict, repr=False)
    cryptograms: int = 0

    def list_of(self, tag: int) -> tuple[dol.Entry, ...] | None:
        """Return the list in *tag*; None if the card gave none that can be read."""
        raw = self.values.get(tag)
        try:
            return None if raw is None else dol.parse(raw)
        except EmvError:
            return None

    def log(self, tag: int) -> logs.LogEntry | None:
        """Return where the log of *tag* is, if the card said."""
        raw = self.values.get(tag)
        try:
            return None if raw is None else logs.LogEntry.parse(raw)
        except EmvError:
            return None

    def after(self, command: Command, response: Response) -> Known:
        """Return what is known after one more exchange."""
        if _key(command) == "00A4" and (response.ok or response.data):
            fresh = Known(tlv.first(_read(response.data), 0x84) or command.data)
            return fresh.after(Command(0, 0xCA, 0, 0), response)
        known = self
        if _key(command) == "80AE" and response.ok:
            known = evolve(known, cryptograms=known.cryptograms + 1)
        told = {
            node.tag: node.value for node in tlv.walk(_read(response.data)) if node.tag in _KEPT
        }
        return evolve(known, values={**known.values, **told}) if told else known


def _read(data: bytes) -> Sequence[tlv.Node]:
    """Return the nodes of an answer, as far as it is TLV at all."""
    try:
        return tlv.parse(data)
    except EmvError:
        return ()


def _key(command: Command) -> str:
    return f"{command.cla:02X}{command.ins:02X}"


def describe(command: Command, known: Known) -> tuple[Said, tuple[Said, ...]]:
    """Return what is asked for, and what it changes on the card."""
    say = _TITLES.get(_key(command))
    if say is None:
        return Said(f"命令 {command.name}", f"command {command.name}"), ()
    effect = _EFFECTS.get(_key(command))
    return say(command, known), () if effect is None else (effect,)


def asked(command: Command, known: Known, manner: Manner) -> Items:
    """Explain the command data."""
    if not command.data:
        return ()
    key = _key(command)
    if key in _SECRET_DATA:
        return (
            _opaque("PIN", Said("密码数据（从不显示）", "PIN data (never shown)"), command.data),
        )
    if is_redacted(command.data):
        return (_wiped(command.data),)
    reader = _ASKED.get(key)
    try:
        return reader(command, known, manner) if reader else (_data(command.data, manner),)
    except EmvError as error:
        fault = Said(error.what("zh"), error.what("en"))
        return (evolve(_data(command.data, manner), meaning=(fault,), wrong=True),)


def answered(command: Command, response: Response, known: Known, manner: Manner) -> Items:
    """Explain the answer data. *known* is what was known before the answer."""
    if not response.data:
        return ()
    if is_redacted(response.data):
        return (_wiped(response.data),)
    reader = _ANSWERED.get(_key(command), _tlv)
    try:
        return reader(command, response, known, manner)
    except BadTlv as error:
        fault = Said(error.what("zh"), error.what("en"))
        rest = evolve(_data(response.data, manner), meaning=(fault,), wrong=True)
        return (*nodes(error.nodes, manner), rest)
    except EmvError as error:
        fault = Said(error.what("zh"), error.what("en"))
        return (evolve(_data(response.data, manner), meaning=(fault,), wrong=True),)


def _data(raw: bytes, manner: Manner) -> Item:
    size = in_bytes(len(raw))
    return Item("…", Said("数据", "data"), raw, hidden=not manner.reveal, meaning=(size,))


def _wiped(raw: bytes) -> Item:
    return Item("…", Said("数据", "data"), raw, hidden=True, meaning=(REDACTED,))


def _opaque(label: str, name: Said, raw: bytes) -> Item:
    return Item(label, name, raw, hidden=True)


# --- titles ---------------------------------------------------------------------------------


def _select(command: Command, known: Known) -> Said:
    del known
    if command.p1 != 0x04:
        return Said(f"选择文件 {command.data.hex().upper()}", f"select file {command.data.hex()}")
    found = application(command.data)
    more = Said("（下一个）", " (next one)") if command.p2 == 0x02 else Said("", "")
    if found is None:
        return Said(f"按名称选择应用{more.zh}", f"select an application by name{more.en}")
    return Said(f"选择{found.zh}{more.zh}", f"select {found.en}{more.en}")


def _read_record(command: Command, known: Known) -> Said:
    sfi = command.p2 >> 3
    place = f"SFI {sfi}/{command.p1}"
    log, loads = known.log(0x9F4D), known.log(0xDF4D)
    if log is not None and log.sfi == sfi:
        return Said(f"读交易日志 {command.p1}", f"read transaction log {command.p1}")
    if loads is not None and loads.sfi == sfi:
        return Said(f"读圈存日志 {command.p1}", f"read load log {command.p1}")
    return Said(f"读记录 {place}", f"read record {place}")


def _get_data(command: Command, known: Known) -> Said:
    del known
    tag = _wanted(command)
    item = value(tag, b"", Manner())
    return Said(f"取数据 {item.label} {item.name.zh}", f"get data {item.label} {item.name.en}")


def _generate(command: Command, known: Known) -> Said:
    kind = ("AAC", "TC", "ARQC", "AAR")[command.p1 >> 6]
    cda = "，CDA" if command.p1 & 0x10 else ""
    turn = ("第一次", "first") if known.cryptograms == 0 else ("第二次", "second")
    return Said(
        f"{turn[0]}生成应用密文：请求 {kind}{cda}",
        f"{turn[1]} GENERATE AC: asks for {kind}{cda.replace('，', ', ')}",
    )


def _fixed(zh: str, en: str) -> Callable[[Command, Known], Said]:
    def say(command: Command, known: Known) -> Said:
        del command, known
        return Said(zh, en)

    return say


def _pin_change(command: Command, known: Known) -> Said:
    del known
    if command.p2 == 0x00:
        return Said("脚本：PIN 解锁", "script: PIN unblock")
    return Said("脚本：修改 PIN", "script: PIN change")


def _initialize(command: Command, known: Known) -> Said:
    del known
    if command.p1 == 0x00 and command.p2 in (0x01, 0x02):
        return Said("钱包：初始化圈存", "purse: initialise for load")
    if command.p1 == 0x01:
        return Said("钱包：初始化消费", "purse: initialise for purchase")
    return Said("初始化", "initialise")


def _put_data(command: Command, known: Known) -> Said:
    del known
    item = value(_wanted(command), b"", Manner())
    name = item.name
    return Said(f"脚本：写数据 {item.label} {name.zh}", f"script: put data {item.label} {name.en}")


def _wanted(command: Command) -> int:
    return command.p1 << 8 | command.p2 if command.p1 else command.p2


_TITLES: dict[str, Callable[[Command, Known], Said]] = {
    "00A4": _select,
    "00B2": _read_record,
    "80CA": _get_data,
    "80AE": _generate,
    "80A8": _fixed("取处理选项（交易计数 +1）", "get processing options (transaction counter +1)"),
    "0088": _fixed("内部认证（DDA）", "internal authenticate (DDA)"),
    "0082": _fixed("外部认证（验证发卡行）", "external authenticate (the issuer)"),
    "0020": _fixed("校验 PIN", "verify PIN"),
    "0084": _fixed("取随机数", "get challenge"),
    "00C0": _fixed("取应答", "get response"),
    "00B0": _fixed("读二进制文件", "read binary file"),
    "805C": _fixed("钱包：读余额", "purse: get balance"),
    "8050": _initialize,
    "8052": _fixed("钱包：圈存", "purse: credit for load"),
    "8054": _fixed("钱包：消费", "purse: debit for purchase"),
    "841E": _fixed("脚本：应用锁定", "script: block application"),
    "8418": _fixed("脚本：应用解锁", "script: unblock application"),
    "8416": _fixed("脚本：卡片锁定（永久）", "script: block card (for ever)"),
    "8424": _pin_change,
    "04DA": _put_data,
    "04DC": _fixed("脚本：改记录", "script: update record"),
    "80E2": _fixed("个人化：写数据", "personalisation: store data"),
}

_EFFECTS = {
    "80A8": Said("交易计数 ATC +1", "the transaction counter (ATC) goes up by one"),
    "80AE": Said("卡片记下本次交易的结果", "the card keeps the outcome of the transaction"),
    "0020": Said("PIN 错误会减少剩余次数", "a wrong PIN uses up a try"),
    "0082": Said("卡片记下发卡行认证结果", "the card keeps the outcome of issuer authentication"),
    "8052": Said("余额增加", "the balance goes up"),
    "8054": Said("余额减少", "the balance goes down"),
    "841E": Said("应用被锁定", "the application is blocked"),
    "8418": Said("应用被解锁", "the application is unblocked"),
    "8416": Said("卡片被永久锁定", "the card is blocked for ever"),
    "8424": Said("PIN 或其次数改变", "the PIN or its counter changes"),
    "04DA": Said("卡内数据改变", "data on the card change"),
    "04DC": Said("卡内记录改变", "a record on the card changes"),
    "80E2": Said("卡内数据改变", "data on the card change"),
}

_SECRET_DATA = frozenset({"0020", "8424"})


# --- command data -----------------------------------------------------------------------------


def _asked_select(command: Command, known: Known, manner: Manner) -> Items:
    del known
    if command.p1 != 0x04:
        return (Item("FID", Said("文件标识", "file identifier"), command.data),)
    return (value(0x84, command.data, evolve(manner, scheme=for_aid(command.data))),)


def _asked_options(command: Command, known: Known, manner: Manner) -> Items:
    template = tlv.parse(command.data)
    data = tlv.require(template, 0x83)
    listed = known.list_of(0x9F38)
    if listed is None:
        return nodes(template, manner) if data else ()
    return entries(listed, data, manner)


def _asked_by(tag: int, second: int = 0) -> Callable[[Command, Known, Manner], Items]:
    def read(command: Command, known: Known, manner: Manner) -> Items:
        listed = known.list_of(second if second and known.cryptograms else tag)
        if listed is None:
            return (_data(command.data, manner),)
        return entries(listed, command.data, manner)

    return read


def _asked_external(command: Command, known: Known, manner: Manner) -> Items:
    del known
    return (value(0x91, command.data, manner),)


def _asked_script(command: Command, known: Known, manner: Manner) -> Items:
    del known
    data, mac = command.data[:-4], command.data[-4:]
    kept = (_data(data, manner),) if data else ()
    return (*kept, Item("MAC", Said("安全报文鉴别码", "secure messaging MAC"), mac))


def _asked_put(command: Command, known: Known, manner: Manner) -> Items:
    kept = _asked_script(command, known, manner)
    if len(kept) < 2:
        return kept
    return (value(_wanted(command), command.data[:-4], manner), kept[-1])


_ASKED: dict[str, Callable[[Command, Known, Manner], Items]] = {
    "00A4": _asked_select,
    "80A8": _asked_options,
    "80AE": _asked_by(0x8C, 0x8D),
    "0088": _asked_by(0x9F49),
    "0082": _asked_external,
    "841E": _asked_script,
    "8418": _asked_script,
    "8416": _asked_script,
    "04DC": _asked_script,
    "04DA": _asked_put,
}


# --- answer data ------------------------------------------------------------------------------


def _tlv(command: Command, response: Response, known: Known, manner: Manner) -> Items:
    del command, known
    return nodes(tlv.parse(response.data), manner)


def _format_1(command: Command, response: Response, known: Known, manner: Manner) -> Items:
    """Read an answer that may be a bare string of fields under tag 80."""
    if response.data[:1] != b"\x80":
        return _tlv(command, response, known, manner)
    raw = tlv.require(tlv.parse(response.data), 0x80)
    if _key(command) == "0088":
        return (value(0x9F4B, raw, manner),)
    if _key(command) == "80A8":
        return value(0x82, raw[:2], manner), value(0x94, raw[2:], manner)
    fields = ((0x9F27, raw[:1]), (0x9F36, raw[1:3]), (0x9F26, raw[3:11]), (0x9F10, raw[11:]))
    return tuple(value(tag, part, manner) for tag, part in fields if part)


def _record(command: Command, response: Response, known: Known, manner: Manner) -> Items:
    sfi = command.p2 >> 3
    log, loads = known.log(0x9F4D), known.log(0xDF4D)
    if log is not None and log.sfi == sfi:
        listed = known.list_of(0x9F4F)
        return _log_items(listed, response.data, manner)
    if loads is not None and loads.sfi == sfi and command.p1:
        head, rest = response.data[:14], response.data[14:]
        listed = known.list_of(0xDF4F)
        balances = (
            Item("P1P2", Said("数据元", "data object"), head[:2]),
            value(0x9F79, head[2:8], manner),
            value(0x9F79, head[8:14], manner),
        )
        return (*balances, *_log_items(listed, rest, manner)) if rest else balances
    if response.data[:1] != b"\x70":
        return (_data(response.data, manner),)
    return _tlv(command, response, known, manner)


def _log_items(
    listed: tuple[dol.Entry, ...] | None, record: bytes, manner: Manner
) -> tuple[Item, ...]:
    """Label a log record. Where somebody shopped is personal: the merchant is hidden."""
    if listed is None:
        return (_data(record, manner),)
    items = entries(listed, record, manner)
    if manner.reveal:
        return items
    return tuple(
        evolve(item, hidden=True, meaning=()) if item.label == "9F4E" else item for item in items
    )


def _plain(label: str, zh: str, en: str) -> Callable[[Command, Response, Known, Manner], Items]:
    def read(command: Command, response: Response, known: Known, manner: Manner) -> Items:
        del command, known, manner
        return (Item(label, Said(zh, en), response.data),)

    return read


def _balance(command: Command, response: Response, known: Known, manner: Manner) -> Items:
    del known
    if len(response.data) != 4:
        return (_data(response.data, manner),)
    fen = int.from_bytes(response.data, "big") & 0x7FFF_FFFF  # some cards set the highest bit
    purse = Said("电子钱包", "purse (EP)") if command.p2 == 2 else Said("电子存折", "deposit (ED)")
    text = f"{fen // 100:,}.{fen % 100:02}"
    name = Said(f"{purse.zh}余额", f"balance of the {purse.en}")
    return (Item("EP", name, response.data, meaning=(Said(f"{text} 元", text),)),)


def _hidden(command: Command, response: Response, known: Known, manner: Manner) -> Items:
    del command, known
    return (_data(response.data, manner),)


_ANSWERED: dict[str, Callable[[Command, Response, Known, Manner], Items]] = {
    "80A8": _format_1,
    "80AE": _format_1,
    "0088": _format_1,
    "00B2": _record,
    "00B0": _hidden,
    "0084": _plain("UN", "随机数", "challenge"),
    "805C": _balance,
    "8050": _hidden,
    "8052": _plain("TAC", "交易验证码 TAC", "transaction authentication code (TAC)"),
    "8054": _plain("TAC", "交易验证码 TAC 与 MAC2", "TAC and MAC2"),
}
