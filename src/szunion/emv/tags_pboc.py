"""Know the tags of PBOC 3.0 and China UnionPay: e-cash, qPBOC, identity, SM2 人行与银联标签.

Rows are those of ``tags_emv`` with one more field: the part of JR/T 0025-2013 that defines the tag.
"""

SOURCE = "JR/T 0025-2013"

ROWS = """
8E | 持卡人验证方法列表 CVM（含出示证件 20h） | CVM list (20h: show an ID) | b 10-252 | C | 5, 6
9F10 | 发卡行应用数据（07 DKI CVN CVR 算法） | IAD: 07 DKI CVN CVR algorithm | b 8-32 | C | 5 E
9F4E | 商户名称（GBK） | Merchant name (GBK) | ans 20 | T | 13
9F51 | 应用货币代码（卡片内部） | Application currency code (card internal) | n 2 | C | 5
9F52 | 应用缺省行为 ADA | Application default action (ADA) | b 2 | C | 5
9F53 | 连续脱机交易限制数（国际－货币） | Offline limit (international, currency) | b 1 | C | 5
9F54 | 累计脱机交易金额限制 CTTAL | Cumulative total transaction amount limit | n 6 | C | 5
9F56 | 发卡行认证指示位 | Issuer authentication indicator | b 1 | C | 5
9F57 | 发卡行国家代码（卡片内部） | Issuer country code (card internal) | n 2 | C | 5
9F58 | 连续脱机交易下限（卡片） | Lower consecutive offline limit (card) | b 1 | C | 5
9F59 | 连续脱机交易上限（卡片） | Upper consecutive offline limit (card) | b 1 | C | 5
9F50 | 发卡行 URL | Issuer URL | ans | C | 5
9F5A | 发卡行 URL2 | Issuer URL 2 | ans | C | 5
9F5C | 累计脱机交易金额上限 | Cumulative total transaction amount upper limit | n 6 | C | 5
9F5D | 可用脱机消费金额 | Available offline spending amount | n 6 | C | 12
9F61 | 持卡人证件号 | Cardholder ID document number | ans 0-40 | CP | 5
9F62 | 持卡人证件类型 | Cardholder ID document type | n 1 | CP | 5
9F63 | 产品标识信息 | Card product identification | b 16 | CP | 12
9F66 | 终端交易属性 TTQ | Terminal transaction qualifiers (TTQ) | b 4 | T | 12
9F68 | 卡片附加处理 | Card additional processes | b 4 | C | 12
9F69 | 卡片认证相关数据 | Card authentication related data | b 8 | C | 12
9F6B | 卡片 CVM 限额 | Card CVM limit | n 6 | C | 12
9F6C | 卡片交易属性 CTQ | Card transaction qualifiers (CTQ) | b 2 | C | 12
9F6D | 电子现金重置阈值 | E-cash reset threshold | n 6 | C | 13
9F72 | 连续脱机交易限制数（国际－国家） | Offline limit (international, country) | b 1 | C | 5
9F73 | 货币转换因子 | Currency conversion factor | n 4 | C | 5
9F74 | 电子现金发卡行授权码 | E-cash issuer authorisation code | an 6 | C | 13
9F75 | 累计脱机交易金额限制（双货币） | Cumulative amount limit (dual currency) | n 6 | C | 5
9F76 | 第二应用货币代码 | Secondary application currency code | n 2 | C | 5
9F77 | 电子现金余额上限 | E-cash balance limit | n 6 | C | 13
9F78 | 电子现金单笔交易限额 | E-cash single transaction limit | n 6 | C | 13
9F79 | 电子现金余额 | E-cash balance | n 6 | C | 13
9F7A | 电子现金终端支持指示器 | E-cash terminal support indicator | n 1 | T | 13
9F7B | 电子现金终端交易限额 | E-cash terminal transaction limit | n 6 | T | 13
9F7C | 客户专用数据 | Customer exclusive data | b 0-32 | C | 12
DF01 | 应用选择指示符 ASI | Application selection indicator (ASI) | b 1 | T | 6
DF11 | 终端行为代码－默认 | Terminal action code, default | b 5 | T | 6
DF12 | 终端行为代码－联机 | Terminal action code, online | b 5 | T | 6
DF13 | 终端行为代码－拒绝 | Terminal action code, denial | b 5 | T | 6
DF14 | 缺省 DDOL | Default DDOL | dol 0-252 | T | 6
DF15 | 偏置随机选择阈值 | Threshold for biased random selection | b 4 | T | 6
DF16 | 偏置随机选择最大目标百分数 | Maximum target percentage | n 1 | T | 6
DF17 | 随机选择目标百分数 | Target percentage | n 1 | T | 6
DF18 | 终端联机 PIN 支持能力 | Online PIN capability | b 1 | T | 6
DF19 | 非接触脱机最低限额 | Contactless offline floor limit | n 6 | T | 12
DF20 | 非接触交易限额 | Contactless transaction limit | n 6 | T | 12
DF21 | 非接触 CVM 限额 | Contactless CVM limit | n 6 | T | 12
DF02 | CA 公钥模 | CA public key modulus | b | T | 7
DF03 | CA 公钥校验值 | CA public key checksum | b 20 | T | 7
DF04 | CA 公钥指数 | CA public key exponent | b 1-3 | T | 7
DF05 | CA 公钥有效期 | CA public key expiry date | b 3-8 | T | 7
DF06 | CA 公钥哈希算法标识 | CA public key hash algorithm | b 1 | T | 7
DF07 | CA 公钥签名算法标识 | CA public key signature algorithm | b 1 | T | 7
DF4D | 圈存日志入口 | Load log entry | b 2 | C | 13
DF4F | 圈存日志格式 | Load log format | dol | C | 13
DF60 | 分段扣费交易指示位 | CAPP transaction indicator | b 1 | T | 14
DF61 | 分段扣费应用标识 | Split-deduction application flag | b 1 | C | 14
DF62 | 分段扣费抵扣限额 | Split-deduction credit limit | n 6 | C | 14
DF63 | 分段扣费已抵扣额 | Split-deduction credit used | n 6 | C | 14
DF69 | 国密算法支持指示器 | SM algorithm support indicator | b 1 | T | 17
DF71 | 第二币种电子现金应用货币代码 | Second-currency e-cash currency code | n 2 | C | 15
DF72 | 第二币种电子现金重置阈值 | Second-currency e-cash reset threshold | n 6 | C | 15
DF76 | 第二币种电子现金卡片 CVM 限额 | Second-currency card CVM limit | n 6 | C | 15
DF77 | 第二币种电子现金余额上限 | Second-currency e-cash balance limit | n 6 | C | 15
DF78 | 第二币种电子现金单笔交易限额 | Second-currency e-cash single limit | n 6 | C | 15
DF79 | 第二币种电子现金余额 | Second-currency e-cash balance | n 6 | C | 15
"""
