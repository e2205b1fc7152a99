"""Know how messages to and from 海潮银行 are signed: HMAC-SHA256 over time and body."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from szunion.errors import SignatureInvalid
from szunion.ports import Clock

_WINDOW = timedelta(seconds=300)
_TIME = re.compile(r"[1-9][0-9]{9}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Signing:
    """One shared secret and one clock."""

    def __init__(self, secret: str, clock: Clock) -> None:
        """Keep *secret* for :meth:`headers` and :meth:`verify`."""
        self._secret = secret.encode()
        self._clock = clock

    def headers(self, body: bytes) -> dict[str, str]:
        """Return the headers of a message with *body*, signed now."""
        now = str(int(self._clock.now().timestamp()))
        return {"x-time": now, "x-signature": self._sign(now, body)}

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Hold a message to its signature.

        Raises:
            SignatureInvalid: it is forged, stale or malformed; never said which.
        """
        told, signature = headers.get("x-time", ""), headers.get("x-signature", "")
        if not (_TIME.fullmatch(told) and _SIGNATURE.fullmatch(signature)):
            raise SignatureInvalid("E-SIG-001")
        genuine = hmac.compare_digest(self._sign(told, body), signature)
        age = self._clock.now() - datetime.fromtimestamp(int(told), UTC)
        if not genuine or abs(age) > _WINDOW:
            raise SignatureInvalid("E-SIG-001")

    def _sign(self, told: str, body: bytes) -> str:
        return hmac.new(self._secret, told.encode() + b"." + body, hashlib.sha256).hexdigest()
