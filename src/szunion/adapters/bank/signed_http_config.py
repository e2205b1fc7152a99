"""Know the settings of the signed HTTP line."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

_MOST_ROWS: Final = 5000


@frozen(kw_only=True)
class KeyConfig:
    """One key: its id, its suite, its file, and from when until when it counts (密钥)."""

    id: str
    file: str
    suite: str = "hmac-sha256"
    since: str = ""
    until: str = ""
    """Days or moments; a day begins at midnight in the city. Empty: without end on that side."""
    sm2_user: str = "1234567812345678"


@frozen(kw_only=True)
class SignedHttpConfig:
    """The settings of a bank that takes signed JSON over HTTP (签名 JSON 接口)."""

    url: str
    """``https://host[:port]/path``; the three calls lie under the path."""
    sign: list[KeyConfig]
    """Our keys; the one that began last signs."""
    verify: list[KeyConfig]
    """The bank's keys; every one that counts is accepted."""
    callback_path: str = "/bank/callback"
    tls_ca: str = ""
    tls_certificate: str = ""
    tls_key: str = ""
    networks: list[str] = field(factory=list)
    """Networks of a private line (专线) that may be connected to, such as ``10.20.0.0/16``."""
    loopback: bool = False
    """Whether this machine may be connected to: for a simulated bank."""
    accepts: list[str] = field(factory=lambda: ["open_cards", "set_card_use", "pay_out"])
    """The kinds of request that this bank takes."""
    most_rows: int = _MOST_ROWS
    charset: str = "utf-8"
    idempotent_send: bool = False
    settling_hours: int = 24
    gapless: bool = False
    most_answer_mib: int = 4
    """The longest answer; a daily list of fifty thousand cards has four MiB."""
    name: str = "signed_http"
    """The source under which the inbox keeps what this bank tells."""
