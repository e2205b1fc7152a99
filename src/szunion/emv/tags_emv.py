"""Know the tags that all schemes share: the data elements of EMV 共用标签.

One row: tag | 中文 | English | format and length | origin and secrecy. Origin is C (card),
T (terminal) or I (issuer); P after it means personal, S secret.
"""

SOURCE = "EMV 4.3 Book 3, annex A"

ROWS = """
06 | 对象标识 | Object identifier (OID) | b | C
41 | 国家代码与国家数据 | Country code and national data | b | C
42 | 发卡行标识代码 IIN | Issuer identification number (IIN) | n 3 | C
4F | 应用标识符 AID | Application identifier (AID) | b 5-16 | C
50 | 应用标签 | Application label | ans 1-16 | C
51 | 文件引用路径 | File reference (path) | b | C
52 | 执行的命令 | Command to perform | b | C
53 | 自定义数据 | Discretionary data | b | C
56 | 一磁数据 | Track 1 data | ans 0-76 | CP
57 | 二磁等效数据 | Track 2 equivalent data | track2 0-19 | CP
58 | 三磁等效数据 | Track 3 equivalent data | b | CP
5A | 主账号 PAN | Application primary account number (PAN) | cn 0-10 | CP
5F20 | 持卡人姓名 | Cardholder name | ans 2-26 | CP
5F24 | 应用失效日期 | Application expiration date | n 3 | C
5F25 | 应用生效日期 | Application effective date | n 3 | C
5F28 | 发卡行国家代码 | Issuer country code | n 2 | C
5F2A | 交易货币代码 | Transaction currency code | n 2 | T
5F2D | 首选语言 | Language preference | an 2-8 | C
5F30 | 服务码 | Service code | n 2 | C
5F34 | 主账号序列号 PSN | PAN sequence number (PSN) | n 1 | C
5F36 | 交易货币指数 | Transaction currency exponent | n 1 | T
5F50 | 发卡行网址 | Issuer URL | ans | C
5F53 | 国际银行账号 IBAN | International bank account number (IBAN) | b 0-34 | CP
5F54 | 银行标识码 BIC | Bank identifier code (BIC) | b 8-11 | C
5F55 | 发卡行国家代码（两位字母） | Issuer country code (alpha-2) | a 2 | C
5F56 | 发卡行国家代码（三位字母） | Issuer country code (alpha-3) | a 3 | C
5F57 | 账户类型 | Account type | n 1 | T
61 | 应用模板 | Application template | tlv | C
62 | 文件控制参数模板 | File control parameters (FCP) template | tlv | C
6F | 文件控制信息模板 FCI | File control information (FCI) template | tlv | C
70 | 记录模板 | Record template (READ RECORD) | tlv | C
71 | 发卡行脚本模板 1 | Issuer script template 1 | tlv | I
72 | 发卡行脚本模板 2 | Issuer script template 2 | tlv | I
73 | 目录自定义模板 | Directory discretionary template | tlv | C
77 | 响应模板格式 2 | Response message template format 2 | tlv | C
80 | 响应模板格式 1 | Response message template format 1 | b | C
81 | 授权金额（二进制） | Amount, authorised (binary) | b 4 | T
82 | 应用交互特征 AIP | Application interchange profile (AIP) | b 2 | C
83 | 命令模板 | Command template | b | T
84 | 专用文件名称 | Dedicated file (DF) name | b 5-16 | C
86 | 发卡行脚本命令 | Issuer script command | b 0-261 | I
87 | 应用优先指示器 | Application priority indicator | b 1 | C
88 | 短文件标识符 SFI | Short file identifier (SFI) | b 1 | C
89 | 授权码 | Authorisation code | an 6 | I
8A | 授权响应码 | Authorisation response code | an 2 | I
8C | 卡片风险管理数据对象列表 1 CDOL1 | Card risk management DOL 1 (CDOL1) | dol 0-252 | C
8D | 卡片风险管理数据对象列表 2 CDOL2 | Card risk management DOL 2 (CDOL2) | dol 0-252 | C
8E | 持卡人验证方法列表 CVM | Cardholder verification method (CVM) list | b 10-252 | C
8F | CA 公钥索引 | Certification authority public key index | b 1 | C
90 | 发卡行公钥证书 | Issuer public key certificate | b | C
91 | 发卡行认证数据 | Issuer authentication data | b 8-16 | I
92 | 发卡行公钥余数 | Issuer public key remainder | b | C
93 | 签名的静态应用数据 SSAD | Signed static application data (SSAD) | b | C
94 | 应用文件定位器 AFL | Application file locator (AFL) | b 0-252 | C
95 | 终端验证结果 TVR | Terminal verification results (TVR) | b 5 | T
97 | 交易证书数据对象列表 TDOL | Transaction certificate DOL (TDOL) | dol 0-252 | C
98 | 交易证书哈希值 | Transaction certificate (TC) hash value | b 20-32 | T
99 | 交易 PIN 数据 | Transaction PIN data | b | TS
9A | 交易日期 | Transaction date | n 3 | T
9B | 交易状态信息 TSI | Transaction status information (TSI) | b 2 | T
9C | 交易类型 | Transaction type | n 1 | T
9D | 目录定义文件名称 | Directory definition file (DDF) name | b 5-16 | C
9F01 | 收单行标识 | Acquirer identifier | n 6 | T
9F02 | 授权金额 | Amount, authorised | n 6 | T
9F03 | 其他金额 | Amount, other | n 6 | T
9F04 | 其他金额（二进制） | Amount, other (binary) | b 4 | T
9F05 | 应用自定义数据 | Application discretionary data | b 1-32 | C
9F06 | 应用标识符（终端） | Application identifier (terminal) | b 5-16 | T
9F07 | 应用用途控制 AUC | Application usage control (AUC) | b 2 | C
9F08 | 应用版本号（卡片） | Application version number (card) | b 2 | C
9F09 | 应用版本号（终端） | Application version number (terminal) | b 2 | T
9F0B | 持卡人姓名扩展 | Cardholder name, extended | ans 27-45 | CP
9F0D | 发卡行行为代码－默认 | Issuer action code, default | b 5 | C
9F0E | 发卡行行为代码－拒绝 | Issuer action code, denial | b 5 | C
9F0F | 发卡行行为代码－联机 | Issuer action code, online | b 5 | C
9F10 | 发卡行应用数据 IAD | Issuer application data (IAD) | b 0-32 | C
9F11 | 发卡行代码表索引 | Issuer code table index | n 1 | C
9F12 | 应用首选名称 | Application preferred name | ans 1-16 | C
9F13 | 上次联机 ATC | Last online ATC register | b 2 | C
9F14 | 连续脱机交易下限 | Lower consecutive offline limit | b 1 | C
9F15 | 商户类别码 MCC | Merchant category code (MCC) | n 2 | T
9F16 | 商户标识 | Merchant identifier | ans 15 | T
9F17 | PIN 剩余尝试次数 | PIN try counter | b 1 | C
9F18 | 发卡行脚本标识 | Issuer script identifier | b 4 | I
9F19 | 令牌请求方标识 | Token requestor ID | n 6 | C
9F1A | 终端国家代码 | Terminal country code | n 2 | T
9F1B | 终端最低限额 | Terminal floor limit | b 4 | T
9F1C | 终端标识 | Terminal identification | an 8 | T
9F1D | 终端风险管理数据 | Terminal risk management data | b 1-8 | T
9F1E | 接口设备序列号 | Interface device (IFD) serial number | an 8 | T
9F1F | 一磁自定义数据 | Track 1 discretionary data | ans | CP
9F20 | 二磁自定义数据 | Track 2 discretionary data | cn | CP
9F21 | 交易时间 | Transaction time | n 3 | T
9F22 | CA 公钥索引（终端） | CA public key index (terminal) | b 1 | T
9F23 | 连续脱机交易上限 | Upper consecutive offline limit | b 1 | C
9F24 | 支付账户参考号 PAR | Payment account reference (PAR) | an 29 | CP
9F25 | 主账号末四位 | Last 4 digits of PAN | n 2 | CP
9F26 | 应用密文 AC | Application cryptogram (AC) | b 8 | C
9F27 | 密文信息数据 CID | Cryptogram information data (CID) | b 1 | C
9F2D | IC 卡 PIN 加密公钥证书 | ICC PIN encipherment public key certificate | b | C
9F2E | IC 卡 PIN 加密公钥指数 | ICC PIN encipherment public key exponent | b 1-3 | C
9F2F | IC 卡 PIN 加密公钥余数 | ICC PIN encipherment public key remainder | b | C
9F32 | 发卡行公钥指数 | Issuer public key exponent | b 1-3 | C
9F33 | 终端性能 | Terminal capabilities | b 3 | T
9F34 | 持卡人验证方法结果 | CVM results | b 3 | T
9F35 | 终端类型 | Terminal type | n 1 | T
9F36 | 应用交易计数器 ATC | Application transaction counter (ATC) | b 2 | C
9F37 | 不可预知数 | Unpredictable number | b 4 | T
9F38 | 处理选项数据对象列表 PDOL | Processing options DOL (PDOL) | dol | C
9F39 | 销售点输入方式 | Point-of-service (POS) entry mode | n 1 | T
9F3A | 参考货币金额 | Amount, reference currency | b 4 | T
9F3B | 应用参考货币 | Application reference currency | n 2-8 | C
9F3C | 交易参考货币代码 | Transaction reference currency code | n 2 | T
9F3D | 交易参考货币指数 | Transaction reference currency exponent | n 1 | T
9F40 | 终端附加性能 | Additional terminal capabilities | b 5 | T
9F41 | 交易序列计数器 | Transaction sequence counter | n 2-4 | T
9F42 | 应用货币代码 | Application currency code | n 2 | C
9F43 | 应用参考货币指数 | Application reference currency exponent | n 1-4 | C
9F44 | 应用货币指数 | Application currency exponent | n 1 | C
9F45 | 数据认证码 DAC | Data authentication code (DAC) | b 2 | C
9F46 | IC 卡公钥证书（含卡号） | ICC public key certificate (holds the PAN) | b | CP
9F47 | IC 卡公钥指数 | ICC public key exponent | b 1-3 | C
9F48 | IC 卡公钥余数 | ICC public key remainder | b | C
9F49 | 动态数据认证数据对象列表 DDOL | Dynamic data authentication DOL (DDOL) | dol 0-252 | C
9F4A | 静态数据认证标签列表 | Static data authentication tag list | b | C
9F4B | 签名的动态应用数据 SDAD | Signed dynamic application data (SDAD) | b | C
9F4C | IC 卡动态数 | ICC dynamic number | b 2-8 | C
9F4D | 日志入口 | Log entry | b 2 | C
9F4E | 商户名称 | Merchant name and location | ans | T
9F4F | 日志格式 | Log format | dol | C
A5 | FCI 专有模板 | FCI proprietary template | tlv | C
BF0C | FCI 发卡行自定义数据 | FCI issuer discretionary data | tlv | C
"""
