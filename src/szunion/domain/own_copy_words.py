"""Know what the sections and fields of a person's own copy are called, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from szunion.text import Text

#: The sections, in their order.
SECTIONS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "person": Text("身份", "Identity"),
        "memberships": Text("会籍", "Memberships"),
        "affiliations": Text("所属工会", "Unions"),
        "transfers": Text("会籍接转", "Moves between unions"),
        "bindings": Text("门户账号", "Portal accounts"),
        "consents": Text("同意", "Consents"),
        "requests": Text("权利请求", "Requests about your data"),
        "applications": Text("办卡申请", "Applications for cards"),
        "reservations": Text("预留卡号", "Reserved numbers"),
        "face_signs": Text("面签结果", "Face-to-face signings"),
        "cards": Text("会员服务卡", "Cards"),
        "card_facts": Text("银行告知的卡片情况", "What the bank reported about your cards"),
        "card_standings": Text("工会对卡片的历次决定", "What the union decided about your cards"),
        "holds": Text("锁定", "Locks"),
        "card_counters": Text("卡片交易计数", "Counters of cards"),
        "instructions": Text("对银行的指令", "Instructions to the bank"),
        "plastic": Text("实体卡交接", "Handing over of the plastic card"),
        "fee_waivers": Text("免手续费次数", "Services free of fee"),
        "pack": Text("激活大礼包", "Activation pack"),
        "covers": Text("参保", "Covers"),
        "claims": Text("申领", "Claims"),
        "heirs": Text("继承人", "Heirs"),
        "obligations": Text("应付给您的款项", "What you are owed"),
        "orders": Text("拨付", "Payments"),
        "bookings": Text("预约", "Bookings"),
        "participations": Text("参加记录", "What you took part in"),
        "ratings": Text("评价", "Ratings"),
        "wishes": Text("心愿", "Wishes"),
        "referrals": Text("热线派单", "Matters passed on to a union"),
        "joinings": Text("集体参与名单", "On lists of your union"),
        "messages": Text("给您的通知", "Messages to you"),
        "log": Text("操作日志", "The log"),
    }
)

_WORDS: Final = """
account_class 账户类别|account class
action 操作|action
after 新状态|after
against 不予给付原因|reasons against
allowed 可免次数|free times
answer 答复|answer
answer_by 答复期限|answer by
answered 答复时间|answered
appealed 已申请复核|appealed
applied 申请日期|applied on
asked 提出时间|asked
at 时间|time
attempt 第几次|attempt
attempts 投递次数|attempts
bank 银行状态|the bank's state
bank_code 银行代码|bank's code
bank_text 银行说明|bank's text
batch 批次|batch
before 原状态|before
birth 出生日期|birth
born 建档时间|on file since
bounces 退单次数|times sent back
bound 绑定时间|bound
breaches 超期次数|times overdue
by_guardian 监护人同意|by a guardian
calls 回访次数|calls back
came 经办人写明到场|said to have come
cap 给付上限|ceiling
card 卡|card
catalogue 目录版本|catalogue
category 类别|category
cause 原因|cause
changed 变更时间|changed
channel 途径|channel
claims 申领次数|claims
claims_before 此前次数|claims before
closed 办理结果|ended as
confirm_by 确认期限|confirm by
conflict 银行通知有矛盾|contradiction
consent 同意记录|consent
corrects 更正哪条|corrects
counted 计入天数|days counted
counter 计数|counter
created 生成时间|created
current 当前卡|current
custody 实体卡|plastic
cuts 扣减原因|cuts
daily_rate 每日标准|daily rate
days 天数|days
decided 核定时间|decided
declared_birth 登记的出生日期|declared birth
declared_gender 登记的性别|declared sex
device 设备摘要|device
digits 号码尾数|digits
document 证件或材料|document
documents 证件|documents
due 期限|due
effective 生效时间|effective
enrolment 参保|cover
event 事项|event
evidence 核实凭据|evidence
fen 金额（分）|amount in fen
fields 内容|fields
filed 受理日|filed
first 首日|first day
follows 接续哪条|follows
gap 银行通知有缺漏|reported with a gap
gender 性别|sex
happening 申领事项|what happened
heir 继承人|heir
holder 保管方|held by
holds 锁定|locks
holds_from 自何日起|so from
id 编号|number
identity_version 身份版本|identity version
image 签名影像摘要|signature's hash
in_flight 在途（分）|on its way, fen
item 项目|item
joining 集体报名|sign-up
kind 种类|kind
last 末日|last day
last_four 卡号后四位|last four
late 未按期答复|answered late
latest 最近状态|latest
limit 最迟答复日|answer at the latest
list 清单|list
locked_until 锁定至|locked until
made 转办时间|passed on
topic 来电事项|topic
means 方式|means
membership 会籍|membership
merged_into 合并到|merged into
missing 缺少|missing
mobile 手机|mobile
month 月份|month
most_claims 次数上限|most claims
name 姓名|name
named 指明时间|named
note 说明|note
notes 经过|notes
notice 告知文本|notice
number 第几次|number
obligation 应付|owed
occasion 场合|occasion
offer 服务|offer
on 日期|on
organisation 工会|union
origin 来源|origin
outcome 结果|outcome
owner 锁定方|placed by
paid 已给付（分）|paid, fen
paid_before 此前给付（分）|paid before, fen
paper 纸件编号|paper
papers 材料|papers
part 批次部分|part
participation 参加记录|what was taken part in
payee 收款人|payee
payout 拨付批次|pay-out
person 会员|member
place 第几位|place
placed_as 锁定身份|placed as
plan 计划|plan
portal 门户|portal
problems 问题|problems
programme 项目|programme
proof 证明|proof
psn 卡序号|card sequence
purpose 目的|purpose
raised 督办工会|seen to by
rate 每日标准（分）|daily rate, fen
reason 原因|reason
received 收到时间|received
recipient 接收方|recipient
reckoning 计算过程|reckoning
recorded 记录时间|recorded
refusal 未予办理的理由|refused because
refused 未予办理|refused
reminders 催补次数|reminders
replaced_by 换发为|replaced by
replaces 替换|replaces
requested 提出时间|requested
result 结果|result
role 角色|role
row 申办|application
session 场次、时间|session
settled 已到账（分）|arrived, fen
settlement_missing 到账信息有缺|settlement missing
where 地点|where
sha256 文本摘要|hash of the text
since 起|since
source 转出工会|from
stars 星级|stars
state 状态|state
sequence 序号|sequence
superseded 被取代时间|superseded
survivor 保留的档案|surviving file
target 转入工会|to
template 通知种类|kind of message
text 内容|text
there 在清单上|on the list
ticket 工单|ticket
told 通知时间|reported
token 卡号标识|card token
union 工会|union
until 止|until
used 已用次数|used
version 版本|version
versions 身份版本|versions of identity
waiting_until 等待期至|waiting until
wanted 要求更正为|to be corrected to
watch 下一期限|next deadline
who 经办|by whom
whole 全额（分）|full amount, fen
window_began 认证开始|proofs began
wish 希望的卡号数字|digits wished for
words 原话|own words
wrong 认证失败次数|wrong proofs
year 年度|year
years 年|years
"""

FIELDS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        name: Text(*words.split("|"))
        for name, words in (line.split(" ", 1) for line in _WORDS.strip().splitlines())
    }
)
