"""Know what the two bytes at the end of a card's answer mean 状态字 SW1 SW2.

Spec: ISO/IEC 7816-4, 5.1.3; JR/T 0025.5, annex B; purse cards: the older PBOC purse books.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from attrs import frozen


@frozen
class StatusWord:
    """One status word, or a family of them.

    Attributes:
        pattern: Four characters; ``x`` stands for any half-byte, such as ``63Cx``.
        zh: What it means.
        en: What it means.
        command: The command (CLA INS) for which it means this; empty for all.
        good: Whether the command did what it was asked to.
    """

    pattern: str
    zh: str
    en: str
    command: str = ""
    good: bool = False

    def fits(self, sw: int, command: str) -> bool:
        """Whether this row speaks about *sw* as the answer to *command*."""
        if self.command and self.command != command:
            return False
        pairs = zip(self.pattern, f"{sw:04X}", strict=True)
        return all(wanted in ("x", digit) for wanted, digit in pairs)

    def say(self, sw: int, language: Literal["zh", "en"] = "zh") -> str:
        """Return the meaning, with the number that the last half-bytes hold."""
        text = self.zh if language == "zh" else self.en
        return text.replace("{n}", str(sw & (0x0F if self.pattern == "63Cx" else 0xFF)))


_ROWS = """
80A8 6985 | 不能用于本次交易：回到应用选择 | conditions not satisfied: select another application
80AE 6985 | 本次交易不能再生成应用密文 | no further cryptogram in this transaction
0082 6300 | 发卡行认证失败：ARPC 不符 | issuer authentication failed: wrong ARPC
0082 6985 | 本次交易已做过外部认证 | external authentication was already done in this transaction
0020 63Cx | PIN 错误，还可尝试 {n} 次 | wrong PIN, tries left: {n}
0020 6983 | PIN 尝试次数在本次交易中用尽 | PIN tries used up in this transaction
0020 6984 | PIN 尝试次数在以前的交易中已用尽 | PIN tries were used up in an earlier transaction
0020 6985 | 不能验证 PIN | the PIN cannot be verified now
00B2 6A83 | 没有该记录：读完了 | no such record: the end
00A4 6283 | 应用已锁定：只能读日志 | the application is blocked: only its logs can be read
00A4 6A81 | 卡片已锁定，或不支持该命令 | the card is blocked, or does not know the command
00A4 6A82 | 卡上没有该应用或文件（或没有更多） | no such application or file (or no more)
9000 + | 成功 | success
61xx + | 成功，还有 {n} 字节应答（00 为 256）可取 | success, bytes still to fetch: {n} (00: 256)
6200 | 警告：未说明 | warning, no more said
6281 | 警告：返回的数据可能有误 | warning: part of the data may be corrupted
6282 | 警告：文件不足所要长度 | warning: end of file before Le bytes
6283 | 警告：所选文件或应用已失效（锁定） | warning: selected file or application is blocked
6284 | 警告：FCI 格式不对 | warning: FCI not formatted properly
6300 | 认证失败 | authentication failed
6381 | 文件已被最后一次写入填满 | file filled up by the last write
63Cx | 验证失败，还可尝试 {n} 次 | verification failed, tries left: {n}
6400 | 执行出错，数据未变 | execution error, nothing changed
6581 | 写入失败（存储器） | memory failure
6700 | 长度错误 Lc/Le | wrong length
6800 | 不支持 CLA 中的功能 | function in CLA not supported
6881 | 不支持逻辑通道 | logical channel not supported
6882 | 不支持安全报文 | secure messaging not supported
6900 | 命令不允许 | command not allowed
6901 | 命令不被接受（无效状态） | command not accepted (invalid state)
6981 | 命令与文件结构不符 | command incompatible with file structure
6982 | 安全状态不满足 | security status not satisfied
6983 | 认证方式已锁定 | authentication method blocked
6984 | 引用的数据无效 | referenced data invalidated
6985 | 使用条件不满足 | conditions of use not satisfied
6986 | 不允许：没有当前文件 | not allowed: no current file
6987 | 缺少安全报文数据项 | secure messaging data object missing
6988 | 安全报文数据项不正确（MAC 错误） | secure messaging data object incorrect (wrong MAC)
6A80 | 数据域参数不正确 | wrong data
6A81 | 不支持该功能，或卡片已锁定 | function not supported, or card blocked
6A82 | 找不到文件或应用 | file or application not found
6A83 | 找不到记录 | record not found
6A84 | 存储空间不足 | not enough memory
6A85 | Lc 与 TLV 结构不一致 | Lc inconsistent with TLV structure
6A86 | P1 P2 不正确 | wrong P1 P2
6A87 | Lc 与 P1 P2 不一致 | Lc inconsistent with P1 P2
6A88 | 找不到引用的数据 | referenced data not found
6B00 | P1 P2 参数错误 | wrong P1 P2
6Cxx | Le 错误：实际有 {n} 字节（00 为 256） | wrong Le: the length is {n} (00: 256)
6D00 | 不支持该指令 INS | instruction not supported
6E00 | 不支持该类别 CLA | class not supported
6F00 | 未说明的错误 | no precise diagnosis
9301 | 资金不足 | insufficient funds
9302 | MAC 错误 | wrong MAC
9303 | 应用已永久锁定 | application permanently locked
9401 | 余额不足 | not enough money
9402 | 交易计数器达到最大值 | transaction counter reached its maximum
9403 | 密钥索引不支持 | key index not supported
9406 | 没有可用的 MAC | no MAC available
""".strip()


def _read(row: str) -> StatusWord:
    head, zh, en = row.split(" | ")
    command, _, pattern = head.removesuffix(" +").rpartition(" ")
    return StatusWord(pattern, zh, en, command, good=head.endswith("+"))


@cache
def status_words() -> tuple[StatusWord, ...]:
    """Return every row. The first that fits wins: rows for one command stand before the others."""
    return tuple(map(_read, _ROWS.splitlines()))


_UNKNOWN = StatusWord("xxxx", "未定义的状态字", "undefined status word")


def status_word(sw: int, command: str = "") -> StatusWord:
    """Return what *sw* means.

    Args:
        sw: The status word.
        command: CLA INS as four hex digits, when the meaning may depend on it.

    >>> status_word(0x63C2, "0020").say(0x63C2, "en")
    'wrong PIN, 2 tries left'
    """
    return next((row for row in status_words() if row.fits(sw, command)), _UNKNOWN)
