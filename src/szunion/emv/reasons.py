"""Know every reason why a card, a key or a certificate is not believed: 认证失败原因.

One word for each check of offline data authentication. A word is safe to log and to show; its two
sentences say it to people.
"""

from __future__ import annotations

from enum import Enum, unique

from szunion.emv.errors import AuthenticationFailed, KeyRefused, Language


@unique
class Reason(Enum):
    """A check that failed: 中文, English."""

    # --- what the card must have ---
    METHOD_NOT_SUPPORTED = "卡与终端没有共同的认证方式", "card and terminal share no method"
    METHOD_BELOW_FLOOR = "认证方式低于要求", "the method is weaker than demanded"
    CA_INDEX_MISSING = "缺少根公钥索引 8F", "the CA key index 8F is missing"
    CA_KEY_UNKNOWN = "没有该根公钥", "the CA key is not known"
    ISSUER_CERTIFICATE_MISSING = "缺少发卡行证书 90", "the issuer certificate 90 is missing"
    ISSUER_EXPONENT_MISSING = "缺少发卡行公钥指数 9F32", "the issuer key exponent 9F32 is missing"
    ICC_CERTIFICATE_MISSING = "缺少卡证书 9F46", "the card certificate 9F46 is missing"
    ICC_EXPONENT_MISSING = "缺少卡公钥指数 9F47", "the card key exponent 9F47 is missing"
    STATIC_SIGNATURE_MISSING = "缺少静态签名 93", "the static signature 93 is missing"
    DYNAMIC_SIGNATURE_MISSING = "缺少动态签名 9F4B", "the dynamic signature 9F4B is missing"
    PAN_MISSING = "缺少卡号 5A", "the card number 5A is missing"
    AIP_MISSING = "缺少应用交互特征 82", "the application interchange profile 82 is missing"
    # --- keys ---
    CHECKSUM_WRONG = "校验值不符", "the checksum does not fit"
    CHECKSUM_MISSING = "缺少校验值", "the checksum is missing"
    KEY_EXPIRED = "密钥已过期", "the key has expired"
    KEY_EXPIRY_MISSING = "缺少密钥有效期", "the key's expiry date is missing"
    KEY_REVOKED = "密钥已吊销", "the key is revoked"
    KEY_DUPLICATE = "同一索引有两个密钥", "two keys share one index"
    REVOCATION_MALFORMED = (
        "吊销行应为 revoked、RID（10 位十六进制）、索引（2 位），以及证书序列号（6 位）",
        "a revocation is revoked, RID (10 hex digits), index (2) and certificate serial (6)",
    )
    KEY_MALFORMED = "密钥数据不完整或长度不对", "the key's data are incomplete or of a wrong length"
    EXPONENT_NOT_ALLOWED = "公钥指数不是 3 或 65537", "the exponent is neither 3 nor 65537"
    MODULUS_TOO_SHORT = "模数过短", "the modulus is too short"
    MODULUS_TOO_LONG = "模数过长", "the modulus is too long"
    MODULUS_NOT_WHOLE = "模数最高位不是 1", "the modulus does not fill its bytes"
    MODULUS_EVEN = "模数为偶数", "the modulus is even"
    MODULUS_SMALL_FACTOR = "模数含小因子", "the modulus has a small factor"
    MODULUS_SQUARE = "模数为平方数", "the modulus is a square"
    MODULUS_ROCA = "模数有 ROCA 特征 (CVE-2017-15361)", "the modulus is a ROCA key (CVE-2017-15361)"
    POINT_NOT_ON_CURVE = "公钥不在 SM2 曲线上", "the key is not a point of the SM2 curve"
    # --- certificates and signatures ---
    CERTIFICATE_LENGTH = "证书长度不对", "the certificate's length is wrong"
    RECOVERY_HEADER = "恢复数据头不是 6A", "the recovered data do not begin with 6A"
    RECOVERY_TRAILER = "恢复数据尾不是 BC", "the recovered data do not end with BC"
    CERTIFICATE_FORMAT = "证书格式字节不对", "the certificate's format byte is wrong"
    HASH_ALGORITHM = "不支持的杂凑算法标识", "the hash algorithm is not supported"
    KEY_ALGORITHM = "不支持的公钥算法标识", "the key algorithm is not supported"
    HASH_WRONG = "杂凑值不符", "the hash does not fit"
    PADDING_WRONG = "填充字节不是 BB", "the padding is not BB"
    REMAINDER_MISSING = "缺少公钥余数 92 或 9F48", "the key remainder 92 or 9F48 is missing"
    REMAINDER_WRONG = "公钥余数长度不对", "the key remainder's length is wrong"
    EXPONENT_LENGTH = "公钥指数长度不符", "the exponent's length does not fit"
    SIGNATURE_WRONG = "SM2 签名不对", "the SM2 signature is wrong"
    CERTIFICATE_EXPIRED = "证书已过期", "the certificate has expired"
    CERTIFICATE_DATE = "证书有效期不是月份", "the certificate's expiry is no month"
    CERTIFICATE_REVOKED = "证书已吊销", "the certificate is revoked"
    IIN_MISMATCH = "发卡行标识与卡号不符", "the issuer's number is no prefix of the card number"
    PAN_MISMATCH = "卡号不一致", "the card numbers differ"
    PAN_NOT_SIGNED = "卡号不在签名数据中", "the card number is not among the signed data"
    STATIC_LIST = "静态数据标签列表 9F4A 只能是 82", "the static data list 9F4A is not just 82"
    RECORD_FORM = "记录不是完整的模板 70", "a record is no whole template 70"
    DUPLICATE_TAG = "同一标签有两个不同的值", "one tag has two different values"
    BRAND_MISMATCH = "应用标识与卡号段不属于同一品牌", "application and number are of two brands"
    DF_NAME_MISMATCH = "DF 名称与所选应用不符", "the DF name is not of the chosen application"
    # --- dynamic data ---
    DYNAMIC_LENGTH = "动态数据长度不对", "the dynamic data have a wrong length"
    CHALLENGE_TOO_SHORT = "不可预知数不足 4 字节", "the unpredictable number has less than 4 bytes"
    DDOL_WITHOUT_CHALLENGE = "DDOL 不含不可预知数", "the DDOL has no unpredictable number"
    CID_MISMATCH = "签名中的密文类型与应答不符", "the cryptogram kind signed is not that answered"
    CRYPTOGRAM_MISMATCH = "签名中的密文与应答不符", "the cryptogram signed is not that answered"
    TRANSACTION_HASH = "交易数据杂凑不符", "the hash of the transaction data does not fit"
    ATC_MISMATCH = "动态数不是交易计数器", "the dynamic number is not the transaction counter"
    ATC_REPLAYED = "交易计数器没有增加", "the transaction counter did not rise"
    FDDA_VERSION = "fDDA 版本不被接受", "the fDDA version is not accepted"
    FDDA_DATA_MISSING = (
        "缺少 fDDA 版本 01 的数据 9F69",
        "the data of fDDA version 01 (9F69) are missing",
    )
    CTQ_MISMATCH = "签名中的 CTQ 与应答不符", "the CTQ signed is not that answered"
    VERDICT_FORGED = "结论不是认证得出的", "the verdict does not come from an authentication"
    ANSWER_FORM = "应答格式不对", "the answer has a wrong form"

    def __init__(self, zh: str, en: str) -> None:
        self.zh = zh
        self.en = en

    def say(self, language: Language = "zh") -> str:
        """Return the sentence in one language."""
        return self.zh if language == "zh" else self.en


def refused(*reasons: Reason) -> KeyRefused:
    """Make the error that names every reason against a key; `.reason` is the first one's name."""
    return KeyRefused("KEY", **_texts(reasons))


def failed(*reasons: Reason) -> AuthenticationFailed:
    """Make the error that names every reason against a card."""
    return AuthenticationFailed("AUTH", **_texts(reasons))


def _texts(reasons: tuple[Reason, ...]) -> dict[str, object]:
    return {
        "reason": reasons[0].name,
        "reasons": reasons,
        "zh": "；".join(reason.zh for reason in reasons),
        "en": "; ".join(reason.en for reason in reasons),
    }
