"""Know the tags of Visa, Mastercard, American Express and Interac 其他卡组织标签.

Rows are those of ``tags_emv`` with one more field: the scheme. They are here so that a foreign
card is explained in its own words; payment with these schemes is not our business.
"""

SOURCE = "public scheme documentation"

ROWS = """
9F51 | 应用货币代码 | Application currency code | n 2 | C | VISA
9F52 | 应用缺省行为 ADA | Application default action (ADA) | b 2-6 | C | VISA
9F53 | 连续交易限制（国际） | Consecutive transaction limit (international) | b 1 | C | VISA
9F54 | 累计交易金额限制 | Cumulative total transaction amount limit | n 6 | C | VISA
9F55 | 地域指示 | Geographic indicator | b 1 | C | VISA
9F56 | 发卡行认证指示 | Issuer authentication indicator | b 1 | C | VISA
9F57 | 发卡行国家代码 | Issuer country code | n 2 | C | VISA
9F58 | 连续脱机交易下限 | Lower consecutive offline limit | b 1 | C | VISA
9F59 | 连续脱机交易上限 | Upper consecutive offline limit | b 1 | C | VISA
9F5A | 应用程序标识 | Application program identifier | b 1-16 | C | VISA
9F5B | 发卡行脚本结果 | Issuer script results | b | T | VISA
9F5C | 累计交易金额上限 | Cumulative total transaction amount upper limit | n 6 | C | VISA
9F5D | 可用脱机消费金额 | Available offline spending amount | n 6 | C | VISA
9F66 | 终端交易属性 TTQ | Terminal transaction qualifiers (TTQ) | b 4 | T | VISA
9F68 | 卡片附加处理 | Card additional processes | b 4 | C | VISA
9F69 | 卡片认证相关数据 | Card authentication related data | b 5-16 | C | VISA
9F6B | 卡片 CVM 限额 | Card CVM limit | n 6 | C | VISA
9F6C | 卡片交易属性 CTQ | Card transaction qualifiers (CTQ) | b 2 | C | VISA
9F6E | 形态指示 | Form factor indicator | b 4 | C | VISA
9F72 | 连续交易限制（国际－国家） | Consecutive transaction limit (country) | b 1 | C | VISA
9F7C | 客户专用数据 | Customer exclusive data | b 0-32 | C | VISA
9F50 | 脱机累计余额 | Offline accumulator balance | n 6 | C | MASTERCARD
9F51 | 数据恢复对象列表 DRDOL | Data recovery DOL (DRDOL) | dol | C | MASTERCARD
9F53 | 交易种类代码 | Transaction category code | an 1 | T | MASTERCARD
9F5B | 数据存储对象列表 DSDOL | Data storage DOL (DSDOL) | dol | C | MASTERCARD
9F5C | 请求的数据存储运营方标识 | DS requested operator ID | b 8 | T | MASTERCARD
9F5D | 应用能力信息 | Application capabilities information | b 3 | C | MASTERCARD
9F5E | 数据存储标识 | Data storage (DS) ID | n 8-11 | C | MASTERCARD
9F5F | 数据存储槽可用性 | DS slot availability | b 1 | C | MASTERCARD
9F60 | 一磁 CVC3 | CVC3 (track 1) | b 2 | C | MASTERCARD
9F61 | 二磁 CVC3 | CVC3 (track 2) | b 2 | C | MASTERCARD
9F62 | 一磁 CVC3 位图 | PCVC3 (track 1) | b 6 | C | MASTERCARD
9F63 | 一磁 UN 与 ATC 位图 | PUNATC (track 1) | b 6 | C | MASTERCARD
9F64 | 一磁 ATC 位数 | NATC (track 1) | b 1 | C | MASTERCARD
9F65 | 二磁 CVC3 位图 | PCVC3 (track 2) | b 2 | C | MASTERCARD
9F66 | 二磁 UN 与 ATC 位图 | PUNATC (track 2) | b 2 | C | MASTERCARD
9F67 | 二磁 ATC 位数 | NATC (track 2) | b 1 | C | MASTERCARD
9F69 | 不可预知数数据对象列表 UDOL | Unpredictable number DOL (UDOL) | dol | C | MASTERCARD
9F6A | 不可预知数（数字） | Unpredictable number (numeric) | n 4 | T | MASTERCARD
9F6B | 二磁数据 | Track 2 data | track2 0-19 | CP | MASTERCARD
9F6D | 磁条应用版本号（读卡器） | Mag-stripe application version (reader) | b 2 | T | MASTERCARD
9F6E | 第三方数据 | Third party data | b 5-32 | C | MASTERCARD
9F6F | 数据存储槽管理 | DS slot management control | b 1 | C | MASTERCARD
9F70 | 受保护数据信封 1 | Protected data envelope 1 | b 0-192 | C | MASTERCARD
9F71 | 受保护数据信封 2 | Protected data envelope 2 | b 0-192 | C | MASTERCARD
9F72 | 受保护数据信封 3 | Protected data envelope 3 | b 0-192 | C | MASTERCARD
9F73 | 受保护数据信封 4 | Protected data envelope 4 | b 0-192 | C | MASTERCARD
9F74 | 受保护数据信封 5 | Protected data envelope 5 | b 0-192 | C | MASTERCARD
9F75 | 非保护数据信封 1 | Unprotected data envelope 1 | b 0-192 | C | MASTERCARD
9F76 | 非保护数据信封 2 | Unprotected data envelope 2 | b 0-192 | C | MASTERCARD
9F77 | 非保护数据信封 3 | Unprotected data envelope 3 | b 0-192 | C | MASTERCARD
9F78 | 非保护数据信封 4 | Unprotected data envelope 4 | b 0-192 | C | MASTERCARD
9F79 | 非保护数据信封 5 | Unprotected data envelope 5 | b 0-192 | C | MASTERCARD
9F7C | 商户自定义数据 | Merchant custom data | b 20 | T | MASTERCARD
9F7D | 数据存储摘要 1 | DS summary 1 | b 8-16 | C | MASTERCARD
9F7E | 移动支持指示 | Mobile support indicator | b 1 | T | MASTERCARD
9F7F | 数据存储不可预知数 | DS unpredictable number | b 4 | C | MASTERCARD
9F6D | 非接触读卡器能力 | Contactless reader capabilities | b 1 | T | AMEX
9F6E | 增强非接触读卡器能力 | Enhanced contactless reader capabilities | b 4 | T | AMEX
9F70 | 卡片接口能力 | Card interface capabilities | b 2 | C | AMEX
9F58 | 商户类型指示 | Merchant type indicator | b 1 | T | INTERAC
9F59 | 终端交易信息 TTI | Terminal transaction information (TTI) | b 3 | T | INTERAC
9F5A | 终端交易类型 TTT | Terminal transaction type (TTT) | b 1 | T | INTERAC
9F5E | 终端选项状态 TOS | Terminal option status (TOS) | b 2 | T | INTERAC
"""
