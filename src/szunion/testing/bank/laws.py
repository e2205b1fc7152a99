"""Know the laws that every bank adapter keeps: their names, their words, and the tier they are of.

A law is a test of :class:`~szunion.testing.bank.promises.BankPromises` of the same name. The manual
has a page made from this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from szunion.domain.values import Labelled
from szunion.text import Text


class Tier(Labelled):
    """How finished an adapter is (铜银金铂). Each tier has all of the one before."""

    BRONZE = "BRONZE", "铜", "bronze"
    SILVER = "SILVER", "银", "silver"
    GOLD = "GOLD", "金", "gold"
    PLATINUM = "PLATINUM", "铂", "platinum"


@frozen
class Law:
    """One law: the test's name, what it is called, and the rule in a sentence."""

    name: str
    tier: Tier
    title: Text
    rule: Text

    @property
    def anchor(self) -> str:
        """Where the manual has it."""
        return self.name.removeprefix("test_").replace("_", "-")


def _law(name: str, tier: Tier, title: tuple[str, str], rule: tuple[str, str]) -> Law:
    return Law(f"test_{name}", tier, Text(*title), Text(*rule))


_B, _S, _G = Tier.BRONZE, Tier.SILVER, Tier.GOLD

_ALL: Final = (
    # --- requests ---------------------------------------------------------------------------
    _law("what_is_sent_is_what_arrives", _B, ("原样送达", "what is sent is what arrives"),
         ("请求的每个字段都按原样到达银行。",
          "Every field of a request reaches the bank as it is.")),
    _law("one_key_does_the_work_once", _B, ("一键一效", "one key, one effect"),
         ("同一请求键重复发送，只执行一次，回执相同。",
          "The same key sent again is done once, and its receipt is the same.")),
    _law("another_content_under_the_same_key_changes_nothing", _B,
         ("同键异文不生效", "another content under the same key changes nothing"),
         ("同一请求键换了内容，银行拒绝，适配器如实转达，先前的请求不变。",
          "Another content under a used key is refused, told as refused, and changes nothing.")),
    _law("a_refusal_is_told_as_a_refusal", _B, ("拒绝如实转达", "a refusal is told as a refusal"),
         ("银行整体拒绝的请求以回执转达，银行的代码和原话保留。",
          "What the bank refuses is a receipt that keeps the bank's code and words.")),
    _law("a_receipt_counts_rows_and_fen", _B, ("回执笔数金额相符", "a receipt counts rows and fen"),
         ("回执的笔数和总额与请求一致。", "A receipt has the request's rows and its total.")),
    _law("a_lost_answer_is_unknown_and_settled_by_asking", _B,
         ("应答丢失即未知，查询得知", "a lost answer is unknown, and settled by asking"),
         ("应答丢失是“结果未知”，用原键查询得到结果，不重复执行。",
          "A lost answer is unknown; asking by the key tells, and nothing is done twice.")),
    _law("an_error_after_acting_is_unknown", _B,
         ("银行报错也可能已执行", "an error after acting is unknown"),
         ("银行执行后报错（如 HTTP 500），结果是未知，不是失败。",
          "An error of the bank's after it acted is unknown, never a failure.")),
    _law("unavailable_means_that_it_never_arrived", _B,
         ("“不可用”即从未到达", "unavailable means that it never arrived"),
         ("适配器说“不可用”的请求，银行一定没有收到。",
          "What the adapter calls BankUnavailable has not reached the bank.")),
    _law("a_key_the_bank_never_saw_is_not_found", _B,
         ("未见过的键查不到", "a key the bank never saw is not found"),
         ("查询银行从未见过的键返回 None；见过的键决不返回 None。",
          "Asking for a key the bank never saw gives None; for one it saw, never.")),
    _law("a_lost_question_is_not_an_answer", _B,
         ("查询失败不是答复", "a lost question is not an answer"),
         ("查询没有得到答复时抛出“不可用”，决不说“没有”。",
          "A question without an answer raises BankUnavailable; it never says None.")),
    _law("only_two_failures_escape_from_a_bad_wire", _S,
         ("坏线路只有两种错误", "only two failures escape from a bad wire"),
         ("半截报文、网页、乱码都只成为“不可用”或“结果未知”。",
          "Half an answer, a web page, bytes that are no text: unavailable or unknown, no more.")),
    _law("nothing_is_believed_that_was_not_read_whole", _S,
         ("读不全就不信", "nothing is believed that was not read whole"),
         ("应答没有完整读到时，不得当作受理或拒绝。",
          "An answer that was not read whole is neither acceptance nor refusal.")),
    _law("a_deadline_that_has_passed_sends_nothing", _B,
         ("过期不发送", "a deadline that has passed sends nothing"),
         ("期限已过的请求不发送。", "With no time left nothing is sent.")),
    _law("money_is_whole_fen_from_end_to_end", _B,
         ("整分到底", "money is whole fen from end to end"),
         ("每一分钱原样到达，不经过浮点数。", "Every fen arrives; no float is on the way.")),
    _law("rare_characters_survive", _S, ("生僻字不变", "rare characters survive"),
         ("姓名原样到达，或根本不发送；决不用“?”代替。",
          "A name arrives as it is or not at all; never with a question mark.")),
    _law("a_full_request_is_taken", _S, ("满批可办", "a full request is taken"),
         ("达到 info.most_rows 的请求能够送达。", "A request of info.most_rows rows arrives.")),
    _law("the_same_again_is_harmless_when_it_is_declared", _S,
         ("声明幂等就要幂等", "the same again is harmless when it is declared"),
         ("声明 idempotent_send 的适配器，结果未知时原样重发只执行一次。",
          "Who declares idempotent_send may be sent the same while it is unknown: one effect.")),
    _law("it_never_sends_again_by_itself", _S,
         ("不自行重发", "it never sends again by itself"),
         ("没有声明 idempotent_send 的，一次 send 只到银行一次，线路再坏也不自行重发。",
          "Without idempotent_send one call of send reaches the bank once, however bad the wire.")),
    _law("at_every_hour_what_it_says_is_so", _S,
         ("每个钟点都说实话", "at every hour what it says is so"),
         ("银行日切、夜间停机也一样：回执是银行给的，“不可用”即没有送到。",
          "Also at night: a receipt is the bank's, and unavailable means that nothing arrived.")),
    _law("a_killed_adapter_goes_on_where_it_was", _S,
         ("重启接着办", "a killed adapter goes on where it was"),
         ("进程结束后重新创建的适配器，用原键和原游标接着办。",
          "An adapter made anew goes on with the keys and cursors of the one before.")),
    _law("what_it_says_of_itself_is_sound", _B,
         ("自述可信", "what it says of itself is sound"),
         ("info 每次相同；字符集存在，笔数上限为正，等待时间不为负。",
          "info is the same each time; its charset exists, its limits are positive.")),
    # --- notices ----------------------------------------------------------------------------
    _law("every_notice_comes_through_unchanged", _B,
         ("来报原样到达", "every notice comes through unchanged"),
         ("银行的每一条来报都原样到达，一条不少。",
          "Every notice the bank tells arrives as it was told, and none is missing.")),
    _law("rows_answer_by_key_not_by_line", _B,
         ("按键回，不按行回", "rows answer by key, not by line"),
         ("银行逐行答复的顺序和申请不同也不会张冠李戴。",
          "Rows that are answered in another order still answer for themselves.")),
    _law("collecting_goes_on_from_any_cursor", _B,
         ("游标续收不漏不重", "collecting goes on from any cursor"),
         ("从任何一个游标续收，不漏、不多。",
          "From any cursor on, nothing is missing and nothing comes that was before it.")),
    _law("nothing_new_is_nothing", _B, ("没有新消息就是没有", "nothing new is nothing"),
         ("收完之后再收，没有来报，也不报错。",
          "Behind the last cursor there is nothing, quietly.")),
    _law("doubled_and_reordered_notices_all_arrive", _S,
         ("重复乱序都收到", "doubled and reordered notices all arrive"),
         ("来报重复、乱序、迟到，最终一条不少，内容不变。",
          "Doubled, late or out of order: in the end every notice is there, unchanged.")),
    _law("half_a_file_changes_nothing", _S, ("半个文件不生效", "half a file changes nothing"),
         ("不完整的文件或应答一条都不收，下次完整地再收。",
          "Of half a file nothing is taken; the next time it is taken whole.")),
    _law("a_sequence_is_the_banks_own", _B, ("顺序号是银行的", "a sequence is the bank's own"),
         ("每条来报带银行自己的流和顺序号，不用到达顺序代替。",
          "Stream and sequence of a notice are the bank's own, not the order of arrival.")),
    _law("a_word_that_nobody_knows_is_no_answer_and_not_nothing", _S,
         ("不识别的代码不是答复，也不是没有",
          "a word that nobody knows is no answer, and not nothing"),
         ("银行用了没约定的代码：不当作受理、拒绝或没有，来报也不跳过。",
          "A code that was never agreed on is no acceptance, no refusal, and no notice to skip.")),
    _law("a_day_is_the_banks_own_day", _B, ("日期是银行的日期", "a day is the bank's own day"),
         ("日终全量、流水的日期，不论几点告知，都是银行写的那一天。",
          "The day of a list or a statement is the one that the bank wrote, at whatever hour.")),
    # --- callbacks --------------------------------------------------------------------------
    _law("a_genuine_callback_is_read", _B, ("真回调可读", "a genuine callback is read"),
         ("银行签名的回调，每一种、每一条都原样成为来报，一条不少。",
          "A callback that the bank signed becomes its notices: of every kind, and all of them.")),
    _law("a_forged_callback_is_refused", _B, ("伪造回调拒绝", "a forged callback is refused"),
         ("头或正文改动一处即拒绝，只抛 SignatureInvalid。",
          "One change anywhere is refused, with SignatureInvalid and nothing else.")),
    _law("a_callback_from_another_time_is_refused", _B,
         ("过期和超前的回调都拒绝", "a callback from another time is refused"),
         ("时间窗两头都关：太旧和太新的回调都拒绝。",
          "The window is shut at both ends: too old and too new are refused.")),
    # --- secrets and the whole --------------------------------------------------------------
    _law("no_secret_is_in_a_log_line_or_error", _S,
         ("日志和错误里没有秘密", "no secret is in a log line or error"),
         ("证件号、手机号、姓名、卡令牌不出现在日志、错误和 repr 里。",
          "No document number, mobile, name or card token in a log line, an error or a repr.")),
    _law("after_a_storm_both_sides_agree", _S,
         ("风暴之后双方一致", "after a storm both sides agree"),
         ("丢失、重复、乱序、迟到之后：不重复、不遗漏、不卡住，工会所信与银行实况一致。",
          "After losses, copies and delays nothing is doubled, lost or stuck on either side.")),
    _law("the_same_seed_gives_the_same_story", _S,
         ("同种子同经过", "the same seed gives the same story"),
         ("同一个种子重放，经过完全相同。", "The same seed gives the same run, step by step.")),
    _law("a_whole_union_believes_what_the_bank_did", _S,
         ("全系统所信即银行所为", "a whole union believes what the bank did"),
         ("整个工会系统接在适配器上经历风暴，每张卡、每笔付款与银行账簿一致，分文不差。",
          "A whole union system over the adapter, in a storm: each card and payment agrees.")),
    _law("a_long_storm_leaves_no_difference", _G,
         ("长风暴零差异", "a long storm leaves no difference"),
         ("一万步风暴之后对账零差异。", "After ten thousand steps of storm nothing differs.")),
)  # fmt: skip

LAWS: Final[Mapping[str, Law]] = MappingProxyType({law.name: law for law in _ALL})
"""Every law by the name of its test, in the order of the manual."""
