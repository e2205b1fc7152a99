"""Know how a person becomes the bytes that are sealed, and comes back.

Four parts between group separators: mobile, declared sex and birth; versions; documents. Parts of
a record stand between unit separators, which no checked name or number can contain. It is a form
that a bulk import can write with one f-string a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from szunion.adapters.storage.sql.times import maybe_day, maybe_iso, micros, moment
from szunion.domain.documents import TELLING, gender_of
from szunion.domain.identity import (
    DocumentKind,
    DocumentNumber,
    Gender,
    IdentityDocument,
    Mobile,
    PersonName,
)
from szunion.domain.people import HeldDocument, IdentityVersion, Origin, Person
from szunion.domain.roster_rows import PlainRow
from szunion.domain.values import PersonId

_GROUP: Final = "\x1d"
_RECORD: Final = "\x1e"
_UNIT: Final = "\x1f"
_FORM: Final = "1"
_GROUP_BYTE, _RECORD_BYTE, _UNIT_BYTE = _GROUP.encode(), _RECORD.encode(), _UNIT.encode()
_KINDS: Final = {kind.value.encode(): kind for kind in DocumentKind}


def plain_bytes(person: Person) -> bytes:
    """Return what is sealed of *person*."""
    gender = person.declared_gender.value if person.declared_gender else ""
    declared = (
        person.mobile.plain() if person.mobile else "",
        gender,
        maybe_iso(person.declared_birth) or "",
    )
    versions = (
        (
            str(each.number), each.name.plain(), each.document.kind.value,
            each.document.number.plain(), str(micros(each.recorded)), each.origin.value,
        )
        for each in person.versions
    )  # fmt: skip
    documents = (
        (
            held.document.kind.value, held.document.number.plain(),
            maybe_iso(held.since) or "", maybe_iso(held.until) or "",
        )
        for held in person.documents
    )  # fmt: skip
    return _GROUP.join(
        (
            _FORM,
            _UNIT.join(declared),
            _RECORD.join(map(_UNIT.join, versions)),
            _RECORD.join(map(_UNIT.join, documents)),
        )
    ).encode()


def gender_in(plain: bytes) -> Gender | None:
    """Return the sex that the present document of a sealed person says, and read nothing else."""
    versions = plain.split(_GROUP_BYTE, 3)[2]
    _, _, kind, number, _ = versions[versions.rfind(_RECORD_BYTE) + 1 :].split(_UNIT_BYTE, 4)
    return gender_of(_KINDS[kind], number.decode())


def mobiles_in(plains: Iterable[bytes]) -> list[Mobile | None]:
    """Return the mobile number of each sealed person, and read nothing else."""
    texts = [plain.split(_GROUP_BYTE, 2)[1].partition(_UNIT_BYTE)[0].decode() for plain in plains]
    made = iter(Mobile.many([text for text in texts if text]))
    return [next(made) if text else None for text in texts]


def new_plains(rows: Iterable[PlainRow], recorded: int) -> Iterator[bytes]:
    """Yield the same bytes for newcomers from a roster, without making any value."""
    usual, word = DocumentKind.RESIDENT, DocumentKind.RESIDENT.value
    for _, name, kind, number, mobile, _, gender, birth, _, _ in rows:
        written, declared = word, "\x1f"
        if kind is not usual:
            written = kind.value
            if kind not in TELLING:
                declared = f"{gender.value if gender else ''}\x1f{maybe_iso(birth) or ''}"
        yield (
            f"1\x1d{mobile or ''}\x1f{declared}"
            f"\x1d1\x1f{name}\x1f{written}\x1f{number}\x1f{recorded}\x1fROSTER"
            f"\x1d{written}\x1f{number}\x1f\x1f"
        ).encode()


#: The words of a file: found in a table they cost a tenth of what calling the kind by them does.
_KIND_OF_WORD: Final = {kind.value: kind for kind in DocumentKind}
_ORIGINS: Final = {origin.value: origin for origin in Origin}


def _document(kind: str, number: str) -> IdentityDocument:
    return IdentityDocument(_KIND_OF_WORD[kind], DocumentNumber(number))


def person_of(id_: PersonId, plain: bytes, merged_into: PersonId | None, version: int) -> Person:
    """Return the person that *plain* says."""
    _, declared, versions, documents = plain.decode().split(_GROUP)
    mobile, gender, birth = declared.split(_UNIT)
    return Person(
        id=id_,
        versions=tuple(
            IdentityVersion(
                number=int(number), name=PersonName(name), document=_document(kind, text),
                recorded=moment(int(recorded)), origin=_ORIGINS[origin],
            )
            for number, name, kind, text, recorded, origin in (
                record.split(_UNIT) for record in versions.split(_RECORD)
            )
        ),
        documents=tuple(
            HeldDocument(
                document=_document(kind, text),
                since=maybe_day(since or None), until=maybe_day(until or None),
            )
            for kind, text, since, until in (
                record.split(_UNIT) for record in documents.split(_RECORD) if record
            )
        ),
        mobile=Mobile(mobile) if mobile else None,
        declared_gender=Gender(gender) if gender else None,
        declared_birth=date.fromisoformat(birth) if birth else None,
        merged_into=merged_into,
        version=version,
    )  # fmt: skip
