"""Know why a cryptogram does not match: which recipe, key or data would have given it.

``explain_arqc()`` answers the question that every issuer's project asks first. It tries the
recipes of PBOC and of other schemes, the keys at hand, and the usual slips (a field left out,
zeroed, the ATC off by one), and says in Chinese and English what would match and how that differs
from what the card's 9F10 claims. It needs keys in the clear: test keys, never a live issuer's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from types import MappingProxyType
from typing import Final

from attrs import evolve, field, frozen

from szunion.emv import crypto, cryptogram
from szunion.emv.crypto import Algorithm, MasterKeyOption, Padding, Sm4Mac, Sm4Session
from szunion.emv.cryptogram import (
    OTHERS,
    PBOC_01,
    PBOC_01_HASH,
    PBOC_17,
    PBOC_VERSIONS,
    Input,
    Part,
    Session,
    Sm4Rules,
    Values,
    Version,
)
from szunion.emv.errors import BadField, Language
from szunion.emv.vault import Account, MasterKeys, SoftwareVault

_MOST_MATCHES: Final = 20
_USES: Final = ("ac", "mac", "enc")
_PADDINGS: Final = {
    Algorithm.TDES: (Padding.METHOD_2, Padding.METHOD_1),
    Algorithm.SM4: (Padding.METHOD_2,),
}
_SM4_READINGS: Final = tuple(
    Sm4Rules(session=session, mac=mac) for session, mac in product(Sm4Session, Sm4Mac)
)


def _distinct(versions: tuple[Version, ...]) -> tuple[Version, ...]:
    """Leave out versions with the same inputs: session and padding are tried anyway."""
    return tuple({version.inputs: version for version in reversed(versions)}.values())[::-1]


_VERSIONS: Final = _distinct((PBOC_01, PBOC_17, PBOC_01_HASH, *OTHERS))


Slip = tuple[str, str]


@frozen(kw_only=True)
class Recipe:
    """One way to make a cryptogram."""

    key_index: int
    algorithm: Algorithm
    use: str = "ac"
    """Which of the issuer's keys: ac, mac or enc."""
    option: MasterKeyOption = MasterKeyOption.A
    psn: str = "00"
    version: str
    """Name of the version whose inputs are taken."""
    session: Session
    padding: Padding = Padding.METHOD_2
    sm4: Sm4Rules = cryptogram.PART_17
    slip: Slip = ("", "")
    """What was done to the data, in Chinese and English; empty: nothing."""


#: what differs -> 中文, English; {want} is what 9F10 and the book say, {got} what matches
_TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "key_index": (
            "密钥索引应为 {got}，9F10 中是 {want}",
            "the key of index {got} was used, 9F10 says {want}",
        ),
        "algorithm": ("算法是 {got}，9F10 中是 {want}", "the algorithm is {got}, 9F10 says {want}"),
        "use": (
            "用的是 {got} 主密钥，应为 {want}",
            "the {got} master key was used instead of {want}",
        ),
        "option": (
            "子密钥按选项 {got} 分散，应为 {want}",
            "the card key was derived by option {got} instead of {want}",
        ),
        "psn": (
            "卡序列号按 {got} 分散，报文中是 {want}",
            "the card key was derived with sequence number {got}, the message says {want}",
        ),
        "version": (
            "输入数据是 {got} 的，9F10 要求 {want}",
            "the inputs are those of {got}, 9F10 asks for {want}",
        ),
        "session": (
            "过程密钥的算法是 {got}，应为 {want}",
            "the session key is {got} instead of {want}",
        ),
        "padding": ("填充是 {got}，应为 {want}", "the padding is {got} instead of {want}"),
        "sm4": (
            "按标准的另一部分计算：{got}，缺省 {want}",
            "another part of the standard was followed: {got}, the default is {want}",
        ),
        "slip": (
            "数据有出入，这样才相符：{got}",
            "the data differ; they match like this: {got}",
        ),
    }
)


@frozen(kw_only=True)
class Match:
    """A recipe that gives the card's cryptogram, and how it differs from the one that ought to."""

    recipe: Recipe
    expected: Recipe

    @property
    def differences(self) -> tuple[str, ...]:
        """Return the names of what differs; empty for a cryptogram that is right."""
        return tuple(
            name for name in _TEXTS if getattr(self.recipe, name) != getattr(self.expected, name)
        )

    def sentences(self, language: Language = "zh") -> list[str]:
        """Return one sentence for each difference."""
        return [
            _TEXTS[name][0 if language == "zh" else 1].format(
                got=_word(getattr(self.recipe, name), language),
                want=_word(getattr(self.expected, name), language),
            )
            for name in self.differences
        ]


def _word(value: object, language: Language) -> str:
    match value:
        case (str(zh), str(en)):
            return zh if language == "zh" else en
        case int():
            return f"{value:02X}"
        case Algorithm() | MasterKeyOption() | Padding():
            return value.name
        case Session():
            return value.value
        case Sm4Rules():
            return f"{value.session.value} / {value.mac.value}"
        case _:
            return str(value)


@frozen(kw_only=True)
class Explanation:
    """What was tried, and what fits. The best fit comes first."""

    right: bool
    """The cryptogram is what 9F10 and the book say it should be."""
    matches: tuple[Match, ...]
    tried: int
    missing: tuple[str, ...]
    """Inputs that the message does not have, by tag or name."""
    odd: tuple[tuple[str, int, int], ...] = ()
    """Inputs of an odd length: tag, bytes expected, bytes found."""

    def sentences(self, language: Language = "zh") -> list[str]:
        """Say it to people."""
        zh = language == "zh"
        out = [
            f"{tag} 应为 {want} 字节，实为 {got} 字节"
            if zh
            else f"{tag} should have {want} bytes, it has {got}"
            for tag, want, got in self.odd
        ]
        if self.missing:
            names = ", ".join(self.missing)
            out.append(f"报文缺少：{names}" if zh else f"the message lacks: {names}")
        if self.right:
            return [*out, "密文正确" if zh else "the cryptogram is right"]
        if not self.matches:
            nothing = (
                f"试了 {self.tried} 种算法都不相符：密钥不对，或输入数据与卡所用的不同",
                f"none of {self.tried} recipes fits: another key, or other data than the card's",
            )
            return [*out, nothing[0 if zh else 1]]
        return out + self.matches[0].sentences(language)


_LENGTHS: Final[Mapping[int, int]] = MappingProxyType(
    {
        0x9F02: 6, 0x9F03: 6, 0x9F1A: 2, 0x95: 5, 0x5F2A: 2, 0x9A: 3, 0x9C: 1,
        0x9F37: 4, 0x82: 2, 0x9F36: 2, 0x9F26: 8,
    }
)  # fmt: skip


def _name(wanted: Input) -> str:
    return wanted.name if isinstance(wanted, Part) else f"{wanted:02X}"


# --- the search


@frozen(kw_only=True)
class _Key:
    """A card's master key and how it came about."""

    recipe: Recipe
    master: bytes = field(repr=False)


def _expected(account: Account, values: Values) -> Recipe:
    """Return what ought to be: what 9F10 claims, or plain PBOC where it cannot be read."""
    psn = account.psn or "00"
    try:
        head = cryptogram.read_issuer_header(values.get(0x9F10, b""))
    except BadField:
        return Recipe(
            key_index=1,
            algorithm=Algorithm.TDES,
            psn=psn,
            version=PBOC_01.name,
            session=Session.PBOC,
        )
    version = PBOC_VERSIONS.get(head.cvn, PBOC_01)
    return Recipe(
        key_index=head.key_index,
        algorithm=head.algorithm,
        psn=psn,
        version=version.name,
        session=Session.PBOC,
    )


def _keys(
    keys: Mapping[tuple[int, Algorithm], MasterKeys], account: Account, expected: Recipe
) -> Iterator[_Key]:
    """Yield card keys from every issuer key, use, option and likely sequence number."""
    numbers = dict.fromkeys((expected.psn, "00", "01", "02"))
    for (index, algorithm), own in keys.items():
        for use, option, psn in product(_USES, MasterKeyOption, numbers):
            issuer_key = getattr(own, use)
            if len(issuer_key) != 16:
                continue
            recipe = evolve(
                expected, key_index=index, algorithm=algorithm, use=use, option=option, psn=psn
            )
            master = crypto.master_key(algorithm, issuer_key, account.pan, psn, option)
            yield _Key(recipe=recipe, master=master)


def _sessions(key: _Key, values: Values) -> Iterator[tuple[Recipe, bytes]]:
    """Yield session keys by every recipe that goes with the algorithm."""
    atc = values.get(0x9F36, b"")
    if len(atc) != 2:
        return
    recipe = key.recipe
    if recipe.algorithm is Algorithm.SM4:
        for sm4 in _SM4_READINGS:
            made = crypto.pboc_session_key(Algorithm.SM4, key.master, atc, sm4.session)
            yield evolve(recipe, sm4=sm4), made
        return
    unpredictable = values.get(0x9F37, b"")
    for method in Session:
        if method is Session.EMV_CRYPTOGRAM:
            continue
        if method is Session.EMV_ATC_UN and len(unpredictable) != 4:
            continue
        made = cryptogram.session_key(
            method, Algorithm.TDES, key.master, atc=atc, unpredictable=unpredictable
        )
        yield evolve(recipe, session=method), made


def _inputs(values: Values) -> tuple[dict[str, bytes], set[str]]:
    """Return the assembled data of each version, and what is missing for the others."""
    data: dict[str, bytes] = {}
    missing: set[str] = set()
    for version in _VERSIONS:
        try:
            data[version.name] = cryptogram.assemble(version, values)
        except BadField as error:
            missing.add(str(error.context["tag"]))
    return data, missing


def _slipped(version: Version, values: Values) -> Iterator[tuple[Slip, Values]]:
    """Yield the usual slips: one input left out, zeroed, turned round, or off by one."""
    for wanted in version.inputs:
        try:
            value = cryptogram.assemble(evolve(version, inputs=(wanted,)), values)
        except BadField:
            continue
        name = _name(wanted)
        yield (f"{name} 全为零", f"{name} zero"), {**values, wanted: bytes(len(value))}
        yield (
            (f"{name} 字节倒序", f"{name} with its bytes reversed"),
            {**values, wanted: value[::-1]},
        )
        if len(value) > 1:
            yield (
                (f"{name} 去掉首字节", f"{name} without its first byte"),
                {**values, wanted: value[1:]},
            )
        number = int.from_bytes(value, "big")
        for step in (-1, 1):
            if 0 <= number + step < 1 << 8 * len(value):
                changed = (number + step).to_bytes(len(value), "big")
                yield (f"{name} {step:+d}", f"{name} {step:+d}"), {**values, wanted: changed}
    if 0x9F1A in values and 0x5F2A in values:
        swapped = {**values, 0x9F1A: values[0x5F2A], 0x5F2A: values[0x9F1A]}
        yield ("9F1A 与 5F2A 互换", "9F1A and 5F2A exchanged"), swapped
    if 0x9F02 in values and 0x9F03 in values:
        swapped = {**values, 0x9F02: values[0x9F03], 0x9F03: values[0x9F02]}
        yield ("9F02 与 9F03 互换", "9F02 and 9F03 exchanged"), swapped


def _omitted(version: Version) -> Iterator[tuple[Slip, Version]]:
    for place, wanted in enumerate(version.inputs):
        rest = version.inputs[:place] + version.inputs[place + 1 :]
        yield (f"不含 {_name(wanted)}", f"without {_name(wanted)}"), evolve(version, inputs=rest)


def _with_slips(values: Values, version: Version) -> Iterator[tuple[Slip, bytes, Values]]:
    """Yield a name for each slip, the data that it gives, and the values for the session key."""
    for name, changed in _slipped(version, values):
        try:
            yield name, cryptogram.assemble(version, changed), changed
        except BadField:
            continue
    for name, shorter in _omitted(version):
        try:
            yield name, cryptogram.assemble(shorter, values), values
        except BadField:
            continue


def _fits(recipe: Recipe, key: bytes, data: bytes, claimed: bytes) -> Iterator[Recipe]:
    for padding in _PADDINGS[recipe.algorithm]:
        made = cryptogram.cryptogram(recipe.algorithm, key, data, padding, recipe.sm4)
        if crypto.same(made, claimed):
            yield evolve(recipe, padding=padding)


def explain_arqc(vault: SoftwareVault, account: Account, values: Values) -> Explanation:
    """Find out what would have given a cryptogram.

    Args:
        vault: test keys; every key in it is tried for every use.
        account: number and sequence number of the message.
        values: the message's elements by tag: 9F26, 9F36, 9F37, 9F10 and the inputs; a TC hash
            under 98, the CVR or counters of other schemes under `szunion.emv.cryptogram.Part`.

    Returns:
        The best fits, and what is missing. It never raises for bad data.
    """
    expected, claimed = _expected(account, values), values.get(0x9F26, b"")
    data, missing = _inputs(values)
    odd = tuple(
        (f"{tag:02X}", want, len(values[tag]))
        for tag, want in _LENGTHS.items()
        if tag in values and len(values[tag]) != want
    )
    tried, found = 0, list[Recipe]()
    keys = list(_keys(vault.keys, account, expected)) if len(claimed) == 8 else []
    for key in keys:
        for recipe, session in _sessions(key, values):
            for name, whole in data.items():
                tried += len(_PADDINGS[recipe.algorithm])
                found += _fits(evolve(recipe, version=name), session, whole, claimed)
    if not found:
        more, found = _search_slips(keys, values, expected, claimed)
        tried += more
    matches = sorted(
        (Match(recipe=recipe, expected=expected) for recipe in found),
        key=lambda match: len(match.differences),
    )[:_MOST_MATCHES]
    needed = {_name(wanted) for wanted in _by_name(expected.version).inputs} | {"9F36"}
    lacking = (missing & needed) | {
        f"{tag:02X}" for tag in (0x9F26, 0x9F10, 0x9F36) if tag not in values
    }
    return Explanation(
        right=bool(matches) and not matches[0].differences,
        matches=tuple(matches),
        tried=tried,
        missing=tuple(sorted(lacking)),
        odd=odd,
    )


def _by_name(name: str) -> Version:
    return next(version for version in _VERSIONS if version.name == name)


def _search_slips(
    keys: list[_Key], values: Values, expected: Recipe, claimed: bytes
) -> tuple[int, list[Recipe]]:
    """Try the slips under the keys that differ from the expected one in the number at most."""
    tried, found = 0, list[Recipe]()
    near = [key for key in keys if len(Match(recipe=key.recipe, expected=expected).differences) < 2]
    for version in (
        _by_name(expected.version),
        *(v for v in _VERSIONS if v.name != expected.version),
    ):
        for slip, data, changed in _with_slips(values, version):
            for key in near:
                for recipe, session in _sessions(key, changed):
                    tried += len(_PADDINGS[recipe.algorithm])
                    named = evolve(recipe, version=version.name, slip=slip)
                    found += _fits(named, session, data, claimed)
        if found:
            break
    return tried, found
