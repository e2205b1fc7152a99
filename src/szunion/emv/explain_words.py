"""Know the small code tables that explanations need: currencies, countries, types 代码表.

Spec: ISO 4217 and ISO 3166-1 numbers; EMV 4.3 Book 4, annex A; JR/T 0025.5; JR/T 0025.6, 7.9.3.
"""

from __future__ import annotations

from szunion.emv.explain_model import Said

CURRENCIES = {
    156: Said("人民币", "Chinese yuan"),
    344: Said("港元", "Hong Kong dollar"),
    392: Said("日元", "Japanese yen"),
    410: Said("韩元", "South Korean won"),
    446: Said("澳门元", "Macao pataca"),
    702: Said("新加坡元", "Singapore dollar"),
    826: Said("英镑", "pound sterling"),
    840: Said("美元", "US dollar"),
    901: Said("新台币", "New Taiwan dollar"),
    978: Said("欧元", "euro"),
}

COUNTRIES = {
    156: Said("中国", "China"),
    158: Said("台湾地区", "Taiwan"),
    344: Said("香港", "Hong Kong"),
    392: Said("日本", "Japan"),
    410: Said("韩国", "South Korea"),
    446: Said("澳门", "Macao"),
    702: Said("新加坡", "Singapore"),
    826: Said("英国", "United Kingdom"),
    840: Said("美国", "United States"),
}

#: Application identifiers by their beginning; the longest that fits is meant.
APPLICATIONS = {
    "A000000333010101": Said("银联借记", "UnionPay debit"),
    "A000000333010102": Said("银联贷记", "UnionPay credit"),
    "A000000333010103": Said("银联准贷记", "UnionPay quasi-credit"),
    "A000000333010106": Said("银联纯电子现金", "UnionPay e-cash only"),
    "A000000333010108": Said("银联美国通用借记", "UnionPay US common debit"),
    "A000000333": Said("银联", "UnionPay"),
    "A000000632010105": Said("交通联合电子钱包", "T-Union purse"),
    "A000000632010106": Said("交通联合电子现金", "T-Union e-cash"),
    "A00000000386980701": Said("城市一卡通（住建部）", "City Union"),
    "A0000000031010": Said("Visa 借记/贷记", "Visa debit/credit"),
    "A0000000041010": Said("Mastercard", "Mastercard"),
    "315041592E5359532E4444463031": Said("支付系统环境 PSE", "payment system environment (PSE)"),
    "325041592E5359532E4444463031": Said("近场支付环境 PPSE", "proximity environment (PPSE)"),
    "5041592E535A54": Said("深圳通", "Shenzhen Tong"),
    "F0535A554E494F4E01": Said("工会会员凭证", "union membership record"),
}

TRANSACTION_TYPES = {
    0x00: Said("消费", "purchase of goods or services"),
    0x01: Said("取现", "cash"),
    0x09: Said("消费返现", "purchase with cashback"),
    0x20: Said("退货", "refund"),
    0x30: Said("查询余额", "balance inquiry"),
    0x31: Said("查询余额", "balance inquiry"),
    0x60: Said("指定账户圈存", "load from the linked account"),
    0x62: Said("非指定账户圈存", "load from another account"),
    0x63: Said("现金充值", "load with cash"),
}

AUTHORISATION_CODES = {
    "00": Said("联机批准", "approved online"),
    "Y1": Said("脱机批准", "approved offline"),
    "Y3": Said("无法联机，脱机批准", "unable to go online, approved offline"),
    "Z1": Said("脱机拒绝", "declined offline"),
    "Z3": Said("无法联机，脱机拒绝", "unable to go online, declined offline"),
}

TERMINAL_TYPES = {
    0x11: Said("金融机构，有人值守，仅联机", "bank, attended, online only"),
    0x12: Said("金融机构，有人值守，可脱机可联机", "bank, attended, offline with online"),
    0x13: Said("金融机构，有人值守，仅脱机", "bank, attended, offline only"),
    0x14: Said("金融机构，无人值守，仅联机", "bank, unattended, online only"),
    0x15: Said("金融机构，无人值守，可脱机可联机", "bank, unattended, offline with online"),
    0x16: Said("金融机构，无人值守，仅脱机", "bank, unattended, offline only"),
    0x21: Said("商户，有人值守，仅联机", "merchant, attended, online only"),
    0x22: Said("商户，有人值守，可脱机可联机", "merchant, attended, offline with online"),
    0x23: Said("商户，有人值守，仅脱机", "merchant, attended, offline only"),
    0x24: Said("商户，无人值守，仅联机", "merchant, unattended, online only"),
    0x25: Said("商户，无人值守，可脱机可联机", "merchant, unattended, offline with online"),
    0x26: Said("商户，无人值守，仅脱机", "merchant, unattended, offline only"),
    0x34: Said("持卡人自有，仅联机", "cardholder's own, online only"),
    0x35: Said("持卡人自有，可脱机可联机", "cardholder's own, offline with online"),
    0x36: Said("持卡人自有，仅脱机", "cardholder's own, offline only"),
}

ALGORITHMS = {0x01: Said("3DES", "3DES"), 0x04: Said("SM4 国密", "SM4")}

IDD_KINDS = {
    0x01: Said("电子现金余额", "e-cash balance"),
    0x02: Said("累计脱机金额 CTTA", "cumulative offline amount (CTTA)"),
    0x03: Said("电子现金余额与 CTTA", "e-cash balance and CTTA"),
    0x04: Said("CTTA 与上限", "CTTA and its limit"),
    0x05: Said("可用脱机消费金额", "available offline amount"),
}

CVM_RESULTS = {
    0x00: Said("结果未知", "unknown"),
    0x01: Said("失败", "failed"),
    0x02: Said("成功", "successful"),
}


def application(aid: bytes) -> Said | None:
    """Return what the application *aid* is, by the longest known beginning."""
    text = aid.hex().upper()
    known = [head for head in APPLICATIONS if text.startswith(head)]
    return APPLICATIONS[max(known, key=len)] if known else None
