"""Know a test issuer: roots, issuer keys and certificates of both kinds, grown from one seed.

测试发卡行. Nothing of it is ever a real bank's: whoever knows the seed knows every key.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from attrs import frozen

from szunion.emv.capk import CaKeys, Revocation
from szunion.emv.card import testca
from szunion.emv.card.chance import Chance
from szunion.emv.card.profiles import Flaw, Profile
from szunion.emv.card.testca import Certificate, PrivateKey, TestAuthority
from szunion.emv.crypto import Algorithm
from szunion.emv.issuer import IssuerHost
from szunion.emv.vault import MasterKeys, SoftwareVault

RID: Final = bytes.fromhex("A000000333")
RSA_INDEX: Final = 0xE1
SM2_INDEX: Final = 0xE2
KEY_INDEX: Final = 1
SERIAL: Final = bytes.fromhex("000001")
_REVOKED_SERIAL: Final = bytes.fromhex("000666")
PAST: Final = date(2020, 12, 31)


def month(day: date) -> bytes:
    """Return MMYY, as certificates write the last month of their life."""
    return bytes.fromhex(f"{day:%m%y}")


@frozen(kw_only=True)
class Side:
    """One kind of public-key cryptography: a root and the issuer under it."""

    root: TestAuthority
    issuer: PrivateKey
    first_file: int
    """File of the certificates for contacts."""
    air_file: int
    """File of the card certificate for the contactless path."""

    def certificate(self, profile: Profile, expires: date) -> Certificate:
        """Certify the issuer, or someone else if that is the flaw."""
        flaw = profile.flaw
        return testca.certify_issuer(
            self.root.key,
            "622222" if flaw is Flaw.WRONG_IIN else profile.pan[:6],
            month(PAST if flaw is Flaw.ISSUER_EXPIRED else expires),
            _REVOKED_SERIAL if flaw is Flaw.REVOKED else SERIAL,
            self.issuer,
        )


@frozen(kw_only=True)
class TestBank:
    """A test issuer with all its keys. Nothing of it is ever a real bank's."""

    __test__ = False  # pytest: this is no test class

    rsa: Side
    sm2: Side
    vault: SoftwareVault
    expires: date

    @classmethod
    def grow(
        cls, seed: int, *, expires: date = date(2035, 12, 31), root_bits: int = 1408
    ) -> TestBank:
        """Make a bank; the same seed makes the same bank.

        Args:
            seed: any number.
            expires: last day of roots and issuer certificates.
            root_bits: RSA root, 1024 to 1984; the issuer's key is 256 bits shorter, 1152 at least.
        """
        chance = Chance(seed)
        root = TestAuthority.rsa(chance, rid=RID, index=RSA_INDEX, expires=expires, bits=root_bits)
        national = TestAuthority.sm2(chance, rid=RID, index=SM2_INDEX, expires=expires)
        keys = {
            (KEY_INDEX, algorithm): MasterKeys(
                ac=chance.bytes(16), mac=chance.bytes(16), enc=chance.bytes(16)
            )
            for algorithm in Algorithm
        }
        issuer = testca.rsa_private(chance, max(1152, root_bits - 256))
        return cls(
            rsa=Side(root=root, issuer=issuer, first_file=2, air_file=7),
            sm2=Side(root=national, issuer=testca.sm2_private(chance), first_file=6, air_file=8),
            vault=SoftwareVault(keys),
            expires=expires,
        )

    def roots(self, today: date) -> CaKeys:
        """Return what a terminal loads: both roots and the revocation list.

        Raises:
            KeyRefused: the roots have expired.
        """
        revoked = {
            Revocation(rid=RID, index=index, serial=_REVOKED_SERIAL)
            for index in (RSA_INDEX, SM2_INDEX)
        }
        keys = (self.rsa.root.public(today), self.sm2.root.public(today))
        return CaKeys(keys, frozenset(revoked))

    def host(self) -> IssuerHost:
        """Return the bank's host."""
        return IssuerHost(vault=self.vault)
