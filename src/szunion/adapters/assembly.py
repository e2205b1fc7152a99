"""Know how the signed HTTP line is put together: keys and bank adapters meet here alone."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from szunion.adapters.addresses import AddressRule
from szunion.adapters.bank.json_wire import REQUESTS
from szunion.adapters.bank.signatures import CheckingKey, Keyring, SigningKey, Validity
from szunion.adapters.bank.signed_http import SignedHttpBank
from szunion.adapters.bank.signed_http_config import KeyConfig, SignedHttpConfig
from szunion.adapters.http import HttpLine, Tls
from szunion.adapters.keys.messages import signer_of, verifier_of
from szunion.domain.city_time import meant
from szunion.errors import ConfigError
from szunion.ports.bank import BankInfo
from szunion.ports.system import Clock

_MIB: Final = 1024 * 1024


def keyring(sign: list[KeyConfig], verify: list[KeyConfig]) -> Keyring:
    """Return the keys of the settings.

    Raises:
        ConfigError: two keys have one id, or a time is not understood (E-BANK-062).
        KeysUnavailable: a file cannot be used, or there is no SM2 here (E-KEYS-003, -004, -006).
    """
    for side in (sign, verify):
        ids = [key.id for key in side]
        if not ids or len(set(ids)) < len(ids):
            raise ConfigError("E-BANK-062", what="id")
    return Keyring(
        signing=tuple(
            SigningKey(
                id=key.id,
                signer=signer_of(key.suite, key.file, user=key.sm2_user),
                valid=_validity(key),
            )
            for key in sign
        ),
        checking=tuple(
            CheckingKey(
                id=key.id,
                verifier=verifier_of(key.suite, key.file, user=key.sm2_user),
                valid=_validity(key),
            )
            for key in verify
        ),
    )


def signed_http_bank(config: SignedHttpConfig, clock: Clock) -> SignedHttpBank:
    """Return the line that *config* describes.

    Raises:
        ConfigError: a setting cannot be used (E-BANK-062, E-HTTP-001 to -003, E-KEYS-005).
        KeysUnavailable: a key cannot be used (E-KEYS-003, -004, -006).
    """
    unknown = [each for each in config.accepts if each not in REQUESTS]
    if unknown:
        raise ConfigError("E-BANK-062", what=f"accepts: {unknown[0]}")
    line = HttpLine(
        config.url,
        rule=AddressRule.of(config.networks, loopback=config.loopback),
        tls=Tls(ca=config.tls_ca, certificate=config.tls_certificate, key=config.tls_key),
        most_answer=config.most_answer_mib * _MIB,
    )
    path = line.origin.path
    if config.callback_path == path or config.callback_path.startswith(f"{path}/requests"):
        # With one secret both ways, our own request could come back as a callback.
        raise ConfigError("E-BANK-062", what="callback_path")
    return SignedHttpBank(
        info=BankInfo(
            name=config.name,
            accepts=frozenset(REQUESTS[each] for each in config.accepts),
            most_rows=config.most_rows,
            charset=config.charset,
            idempotent_send=config.idempotent_send,
            settling=timedelta(hours=config.settling_hours),
            gapless=config.gapless,
        ),
        line=line,
        ring=keyring(config.sign, config.verify),
        clock=clock,
        ids=lambda: secrets.token_hex(16),
        path=path,
        callback_path=config.callback_path,
        most_answer=config.most_answer_mib * _MIB,
    )


def _validity(key: KeyConfig) -> Validity:
    valid = Validity(since=_moment(key.since), until=_moment(key.until))
    if valid.since is not None and valid.until is not None and valid.since >= valid.until:
        raise ConfigError("E-BANK-062", what=f"{key.id}: since, until")
    return valid


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError("E-BANK-062", what=text[:40]) from None
    return meant(moment)
