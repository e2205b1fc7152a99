"""Know the data elements of single bits: AIP, AUC, TVR, TSI, terminal capabilities, TTQ and CTQ.

Spec: EMV 4.3 Book 3, annex C; Book 4, annex A; JR/T 0025.5; JR/T 0025.12 (TTQ, CTQ, 9F63).
"""

from __future__ import annotations

from typing import ClassVar

from szunion.emv.bits import Bit, BitField


class Aip(BitField):
    """Application interchange profile 应用交互特征, tag 82: what the card can do."""

    NAME: ClassVar = "82 AIP"
    LENGTH: ClassVar = 2

    SDA = Bit(1, 7, "支持 SDA", "SDA supported")
    DDA = Bit(1, 6, "支持 DDA", "DDA supported")
    CARDHOLDER_VERIFICATION = Bit(1, 5, "支持持卡人验证", "cardholder verification supported")
    TERMINAL_RISK_MANAGEMENT = Bit(
        1, 4, "须执行终端风险管理", "terminal risk management to be performed"
    )
    ISSUER_AUTHENTICATION = Bit(1, 3, "支持发卡行认证", "issuer authentication supported")
    CDA = Bit(1, 1, "支持 CDA", "CDA supported")


class Auc(BitField):
    """Application usage control 应用用途控制, tag 9F07: where the card may be used."""

    NAME: ClassVar = "9F07 AUC"
    LENGTH: ClassVar = 2

    DOMESTIC_CASH = Bit(1, 8, "国内取现有效", "valid for domestic cash")
    INTERNATIONAL_CASH = Bit(1, 7, "国际取现有效", "valid for international cash")
    DOMESTIC_GOODS = Bit(1, 6, "国内商品有效", "valid for domestic goods")
    INTERNATIONAL_GOODS = Bit(1, 5, "国际商品有效", "valid for international goods")
    DOMESTIC_SERVICES = Bit(1, 4, "国内服务有效", "valid for domestic services")
    INTERNATIONAL_SERVICES = Bit(1, 3, "国际服务有效", "valid for international services")
    ATM = Bit(1, 2, "ATM 有效", "valid at ATMs")
    OTHER_TERMINALS = Bit(1, 1, "ATM 以外的终端有效", "valid at terminals other than ATMs")
    DOMESTIC_CASHBACK = Bit(2, 8, "允许国内返现", "domestic cashback allowed")
    INTERNATIONAL_CASHBACK = Bit(2, 7, "允许国际返现", "international cashback allowed")


class Tvr(BitField):
    """Terminal verification results 终端验证结果, tag 95: what the terminal found out."""

    NAME: ClassVar = "95 TVR"
    LENGTH: ClassVar = 5

    ODA_NOT_PERFORMED = Bit(
        1, 8, "未进行脱机数据认证", "offline data authentication was not performed"
    )
    SDA_FAILED = Bit(1, 7, "SDA 失败", "SDA failed")
    ICC_DATA_MISSING = Bit(1, 6, "IC 卡数据缺失", "ICC data missing")
    ON_EXCEPTION_FILE = Bit(
        1, 5, "卡片在终端异常文件中", "card appears on the terminal exception file"
    )
    DDA_FAILED = Bit(1, 4, "DDA 失败", "DDA failed")
    CDA_FAILED = Bit(1, 3, "CDA 失败", "CDA failed")
    SDA_SELECTED = Bit(1, 2, "已选择 SDA", "SDA selected")

    VERSIONS_DIFFER = Bit(
        2, 8, "卡与终端应用版本不一致", "ICC and terminal have different application versions"
    )
    EXPIRED = Bit(2, 7, "应用已失效", "expired application")
    NOT_YET_EFFECTIVE = Bit(2, 6, "应用尚未生效", "application not yet effective")
    SERVICE_NOT_ALLOWED = Bit(
        2, 5, "卡片产品不允许所请求的服务", "requested service not allowed for card product"
    )
    NEW_CARD = Bit(2, 4, "新卡", "new card")

    CVM_NOT_SUCCESSFUL = Bit(3, 8, "持卡人验证失败", "cardholder verification was not successful")
    UNRECOGNISED_CVM = Bit(3, 7, "未知的 CVM", "unrecognised CVM")
    PIN_TRY_LIMIT_EXCEEDED = Bit(3, 6, "PIN 重试次数超限", "PIN try limit exceeded")
    PIN_PAD_NOT_WORKING = Bit(
        3, 5, "要求输入 PIN，但密码键盘不存在或故障", "PIN required, PIN pad missing or not working"
    )
    PIN_NOT_ENTERED = Bit(
        3, 4, "要求输入 PIN，有密码键盘，但未输入", "PIN required, PIN pad present, PIN not entered"
    )
    ONLINE_PIN_ENTERED = Bit(3, 3, "已输入联机 PIN", "online PIN entered")

    FLOOR_LIMIT_EXCEEDED = Bit(4, 8, "交易超过最低限额", "transaction exceeds floor limit")
    LOWER_LIMIT_EXCEEDED = Bit(
        4, 7, "超过连续脱机交易下限", "lower consecutive offline limit exceeded"
    )
    UPPER_LIMIT_EXCEEDED = Bit(
        4, 6, "超过连续脱机交易上限", "upper consecutive offline limit exceeded"
    )
    RANDOMLY_SELECTED = Bit(
        4, 5, "随机选择联机处理", "transaction selected randomly for online processing"
    )
    MERCHANT_FORCED_ONLINE = Bit(4, 4, "商户要求联机", "merchant forced transaction online")

    DEFAULT_TDOL_USED = Bit(5, 8, "使用缺省 TDOL", "default TDOL used")
    ISSUER_AUTHENTICATION_FAILED = Bit(5, 7, "发卡行认证失败", "issuer authentication failed")
    SCRIPT_FAILED_BEFORE = Bit(
        5,
        6,
        "最后一次 GENERATE AC 之前脚本处理失败",
        "script processing failed before final GENERATE AC",
    )
    SCRIPT_FAILED_AFTER = Bit(
        5,
        5,
        "最后一次 GENERATE AC 之后脚本处理失败",
        "script processing failed after final GENERATE AC",
    )


class Tsi(BitField):
    """Transaction status information 交易状态信息, tag 9B: which steps were done."""

    NAME: ClassVar = "9B TSI"
    LENGTH: ClassVar = 2

    ODA_PERFORMED = Bit(1, 8, "已进行脱机数据认证", "offline data authentication was performed")
    CARDHOLDER_VERIFICATION_PERFORMED = Bit(
        1, 7, "已进行持卡人验证", "cardholder verification was performed"
    )
    CARD_RISK_MANAGEMENT_PERFORMED = Bit(
        1, 6, "已进行卡片风险管理", "card risk management was performed"
    )
    ISSUER_AUTHENTICATION_PERFORMED = Bit(
        1, 5, "已进行发卡行认证", "issuer authentication was performed"
    )
    TERMINAL_RISK_MANAGEMENT_PERFORMED = Bit(
        1, 4, "已进行终端风险管理", "terminal risk management was performed"
    )
    SCRIPT_PERFORMED = Bit(1, 3, "已进行脚本处理", "script processing was performed")


class TerminalCapabilities(BitField):
    """Terminal capabilities 终端性能, tag 9F33. Bit 1 of byte 2 exists only in PBOC."""

    NAME: ClassVar = "9F33"
    LENGTH: ClassVar = 3

    MANUAL_ENTRY = Bit(1, 8, "手工键盘输入", "manual key entry")
    MAGNETIC_STRIPE = Bit(1, 7, "磁条", "magnetic stripe")
    CONTACTS = Bit(1, 6, "接触式 IC 卡", "IC with contacts")
    PLAIN_PIN = Bit(2, 8, "IC 卡明文 PIN 验证", "plaintext PIN for ICC verification")
    ONLINE_PIN = Bit(2, 7, "加密 PIN 联机验证", "enciphered PIN for online verification")
    SIGNATURE = Bit(2, 6, "签名", "signature")
    ENCIPHERED_OFFLINE_PIN = Bit(
        2, 5, "加密 PIN 脱机验证", "enciphered PIN for offline verification"
    )
    NO_CVM = Bit(2, 4, "无需 CVM", "no CVM required")
    ID_DOCUMENT = Bit(2, 1, "持卡人证件验证", "cardholder shows an ID document")
    SDA = Bit(3, 8, "SDA", "SDA")
    DDA = Bit(3, 7, "DDA", "DDA")
    CARD_CAPTURE = Bit(3, 6, "吞卡", "card capture")
    CDA = Bit(3, 4, "CDA", "CDA")


class AdditionalCapabilities(BitField):
    """Additional terminal capabilities 终端附加性能, tag 9F40."""

    NAME: ClassVar = "9F40"
    LENGTH: ClassVar = 5

    CASH = Bit(1, 8, "现金", "cash")
    GOODS = Bit(1, 7, "商品", "goods")
    SERVICES = Bit(1, 6, "服务", "services")
    CASHBACK = Bit(1, 5, "返现", "cashback")
    INQUIRY = Bit(1, 4, "查询", "inquiry")
    TRANSFER = Bit(1, 3, "转账", "transfer")
    PAYMENT = Bit(1, 2, "付款", "payment")
    ADMINISTRATIVE = Bit(1, 1, "管理", "administrative")
    CASH_DEPOSIT = Bit(2, 8, "存款", "cash deposit")
    NUMERIC_KEYS = Bit(3, 8, "数字键", "numeric keys")
    ALPHABETIC_KEYS = Bit(3, 7, "字母与特殊字符键", "alphabetic and special keys")
    COMMAND_KEYS = Bit(3, 6, "命令键", "command keys")
    FUNCTION_KEYS = Bit(3, 5, "功能键", "function keys")
    PRINT_ATTENDANT = Bit(4, 8, "打印（操作员）", "print, attendant")
    PRINT_CARDHOLDER = Bit(4, 7, "打印（持卡人）", "print, cardholder")
    DISPLAY_ATTENDANT = Bit(4, 6, "显示（操作员）", "display, attendant")
    DISPLAY_CARDHOLDER = Bit(4, 5, "显示（持卡人）", "display, cardholder")


class Ttq(BitField):
    """Terminal transaction qualifiers 终端交易属性, tag 9F66, as PBOC defines them (not Visa)."""

    NAME: ClassVar = "9F66 TTQ"
    LENGTH: ClassVar = 4

    CONTACTLESS_PBOC = Bit(1, 7, "支持非接触借贷记", "contactless PBOC debit/credit supported")
    QPBOC = Bit(1, 6, "支持 qPBOC", "qPBOC supported")
    CONTACT_PBOC = Bit(1, 5, "支持接触式借贷记", "contact PBOC debit/credit supported")
    OFFLINE_ONLY = Bit(1, 4, "终端仅支持脱机", "offline-only terminal")
    ONLINE_PIN = Bit(1, 3, "支持联机 PIN", "online PIN supported")
    SIGNATURE = Bit(1, 2, "支持签名", "signature supported")
    ONLINE_CRYPTOGRAM_REQUIRED = Bit(2, 8, "要求联机密文", "online cryptogram required")
    CVM_REQUIRED = Bit(2, 7, "要求 CVM", "CVM required")
    FDDA_01 = Bit(4, 8, "支持 01 版 fDDA", "fDDA version 01 supported")


class Ctq(BitField):
    """Card transaction qualifiers 卡片交易属性, tag 9F6C."""

    NAME: ClassVar = "9F6C CTQ"
    LENGTH: ClassVar = 2

    ONLINE_PIN_REQUIRED = Bit(1, 8, "需要联机 PIN", "online PIN required")
    SIGNATURE_REQUIRED = Bit(1, 7, "需要签名", "signature required")
    ONLINE_IF_FDDA_FAILS = Bit(
        1, 6, "fDDA 失败且终端可联机时联机", "go online if fDDA fails and the terminal can"
    )
    SWITCH_IF_FDDA_FAILS = Bit(
        1, 5, "fDDA 失败且终端支持接触式时转接触", "switch interface if fDDA fails and it can"
    )


class ProductFeatures(BitField):
    """The card's uses, byte 9 of the product identification 产品标识信息, tag 9F63."""

    NAME: ClassVar = "9F63, byte 9"
    LENGTH: ClassVar = 1

    CITIZEN_CARD = Bit(1, 8, "市民卡", "citizen card")
    MILITARY = Bit(1, 7, "军人保障卡", "military card")
    POINTS = Bit(1, 6, "积分卡", "points card")
    TRANSIT = Bit(1, 5, "公交卡", "transit card")
    SOCIAL_SECURITY = Bit(1, 4, "社保卡", "social security card")
    STUDENT = Bit(1, 3, "学生卡", "student card")
    AIRLINE = Bit(1, 2, "航空卡", "airline card")
    UTILITIES = Bit(1, 1, "公用事业卡", "utilities card")
