"""Know how to make files that attack a reader of rosters, each with the code that refuses it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from random import Random
from typing import Final

MIB: Final = 1024 * 1024
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
HEADER_CELLS = "".join(
    f'<c r="{place}1" t="inlineStr"><is><t>{word}</t></is></c>'
    for place, word in (("A", "姓名"), ("B", "身份证号"))
)


def sheet(cells: str = "", *, root: str = "worksheet", before: str = "") -> bytes:
    rows = f'<row r="1">{HEADER_CELLS}</row>{cells}'
    return (
        f'{_HEAD}{before}<{root} xmlns="{_MAIN}"><sheetData>{rows}</sheetData></{root}>'
    ).encode()


def parts(
    sheet_xml: bytes | None = None, target: str = "worksheets/sheet1.xml"
) -> dict[str, bytes]:
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return {
        "[Content_Types].xml": (
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
            f'<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{types}.sheet.main+xml"/></Types>'
        ).encode(),
        "_rels/.rels": (
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ).encode(),
        "xl/workbook.xml": (
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets>'
            f'<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ).encode(),
        "xl/_rels/workbook.xml.rels": (
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_DOCUMENT}/worksheet" Target="{target}"/></Relationships>'
        ).encode(),
        "xl/worksheets/sheet1.xml": sheet() if sheet_xml is None else sheet_xml,
    }


def packed(entries: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def book(sheet_xml: bytes | None = None, **more: bytes) -> bytes:
    extra = {name.replace("__", "/"): content for name, content in more.items()}
    return packed({**parts(sheet_xml), **extra})


def with_part(name: str, content: bytes) -> bytes:
    return packed({**parts(), name: content})


def cell(place: str, value: str = "1") -> str:
    return f'<row><c r="{place}"><v>{value}</v></c></row>'


def _noise(size: int, seed: int = 1) -> bytes:
    return Random(seed).randbytes(size)


def _many_large_parts() -> bytes:
    noise = _noise(600_000)
    large = {f"xl/media/{at}.bin": b"\x01" * (45 * MIB) + noise for at in range(5)}
    return packed({**parts(), **large})


def _lying_size() -> bytes:
    data = bytearray(book(sheet(cell("A2") * 50_000)))
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(b"xl/worksheets/sheet1.xml"))
    data[at + 24 : at + 28] = (500).to_bytes(4, "little")
    return bytes(data)


def _overlap() -> bytes:
    data = bytearray(packed({**parts(), "xl/a.xml": b"<a/>", "xl/b.xml": b"<b/>"}))
    first = data.find(b"PK\x01\x02")
    while data[first + 46 : first + 54] != b"xl/a.xml":
        first = data.find(b"PK\x01\x02", first + 4)
    second = data.find(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    return bytes(data)


def _flagged_as_encrypted() -> bytes:
    data = bytearray(book())
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(magic)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(magic, at + 4)
    return bytes(data)


def _doubled() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts().items():
            archive.writestr(name, content)
        archive.writestr("XL/worksheets/SHEET1.xml", sheet(cell("XFD1048576")))
    return out.getvalue()


_LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)


def _xls(change: Callable[[bytearray], None]) -> bytes:
    import xlwt

    workbook = xlwt.Workbook()
    page = workbook.add_sheet("S")
    for at, word in enumerate(("姓名", "身份证号")):
        page.write(0, at, word)
    out = BytesIO()
    workbook.save(out)
    data = bytearray(out.getvalue())
    change(data)
    return bytes(data)


def _fat_loop(data: bytearray) -> None:
    """Make every sector of the allocation table point at itself."""
    sector = int.from_bytes(data[76:80], "little")
    start = 512 + sector * 512
    for at in range(128):
        data[start + at * 4 : start + at * 4 + 4] = at.to_bytes(4, "little")


def _no_header(data: bytearray) -> None:
    data[512:1536] = b"\xff" * 1024


def _cut(data: bytearray) -> None:
    del data[1024:]


def _text_rows(count: int) -> bytes:
    return ("姓名,身份证号\n" + "张,1\n" * count).encode()


def files() -> dict[str, tuple[Callable[[], bytes], set[str]]]:
    """Return every hostile file: its name, how to make it, the codes that may refuse it."""
    many, hostile, other = {"E-ROSTER-002"}, {"E-ROSTER-007"}, {"E-ROSTER-003"}
    broken, nothing = {"E-ROSTER-008"}, {"E-ROSTER-001"}
    image = "xl/media/image1.png"
    return {
        # the zip
        "zeros-100MiB.xlsx": (lambda: with_part(image, bytes(100 * MIB)), many),
        "sheet-of-spaces.xlsx": (lambda: book(sheet(" " * 30 * MIB)), many),
        "many-large-parts.xlsx": (_many_large_parts, many),
        "lying-size.xlsx": (_lying_size, broken | many),
        "65-parts.xlsx": (
            lambda: packed({**parts(), **{f"xl/{at}.xml": b"<a/>" for at in range(60)}}), many,
        ),
        "10000-parts.xlsx": (
            lambda: packed({f"xl/{at}.xml": b"" for at in range(10_000)}), many,
        ),
        "climbing.xlsx": (lambda: with_part("../../evil.xml", b"<a/>"), hostile),
        "climbing-inside.xlsx": (lambda: with_part("xl/../../evil.xml", b"<a/>"), hostile),
        "absolute.xlsx": (lambda: with_part("/etc/evil.xml", b"<a/>"), hostile),
        "backslash.xlsx": (lambda: with_part("xl\\..\\evil.xml", b"<a/>"), hostile),
        "drive.xlsx": (lambda: with_part("C:/evil.xml", b"<a/>"), hostile),
        "control-name.xlsx": (lambda: with_part("xl/\x1b[2J.xml", b"<a/>"), hostile),
        "doubled.xlsx": (_doubled, hostile),
        "overlap.xlsx": (_overlap, hostile | broken),
        "encrypted-flag.xlsx": (_flagged_as_encrypted, other),
        "bzip2.xlsx": (lambda: packed(parts(), zipfile.ZIP_BZIP2), hostile),
        "lzma.xlsx": (lambda: packed(parts(), zipfile.ZIP_LZMA), hostile),
        "cut.xlsx": (lambda: book()[:700], broken),
        "only-magic.xlsx": (lambda: b"PK\x03\x04" + _noise(3000), broken),
        "empty-zip.xlsx": (lambda: packed({}), nothing),
        "nested.xlsx": (lambda: with_part("xl/embeddings/a.xlsx", book()), hostile),
        "no-workbook.zip": (lambda: packed({"a.txt": b"a"}), nothing),
        "word.docx": (lambda: packed({"word/document.xml": b"<a/>"}), nothing),
        "calc.ods": (lambda: packed({"mimetype": b"a", "content.xml": b"<a/>"}), other),
        "binary.xlsb": (lambda: packed({"xl/workbook.bin": b"\x83\x01"}), other),
        # the XML
        "doctype.xlsx": (lambda: book(sheet(before="<!DOCTYPE x>")), hostile),
        "laughs.xlsx": (lambda: book(sheet("&i;", before=_LAUGHS)), hostile),
        "laughs-strings.xlsx": (
            lambda: with_part("xl/sharedStrings.xml", f"{_HEAD}{_LAUGHS}<sst>&i;</sst>".encode()),
            hostile,
        ),
        "xxe-file.xlsx": (
            lambda: book(sheet(before='<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>')),
            hostile,
        ),
        "xxe-http.xlsx": (
            lambda: book(sheet(before='<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">')), hostile,
        ),
        "xxe-parameter.xlsx": (
            lambda: book(sheet(before='<!DOCTYPE x [<!ENTITY % p SYSTEM "x.dtd">%p;]>')), hostile,
        ),
        "xxe-workbook.xlsx": (
            lambda: with_part("xl/workbook.xml", b"<!DOCTYPE a><workbook/>"), hostile,
        ),
        "utf-16.xlsx": (
            lambda: book(sheet(cell("XFD1048576")).decode().replace("UTF-8", "UTF-16")
                         .encode("utf-16")), hostile,
        ),
        "declared-gbk.xlsx": (
            lambda: book(sheet().replace(b"UTF-8", b"GBK")), hostile | broken,
        ),
        "malformed.xlsx": (lambda: book(sheet()[:-20]), broken),
        "deep.xlsx": (lambda: book(sheet("<a>" * 1000 + "</a>" * 1000)), hostile),
        "long-attribute.xlsx": (
            lambda: book(sheet(f'<row a="{_noise(2 * MIB).hex()}"/>')), hostile,
        ),
        "long-comment.xlsx": (lambda: book(sheet(f"<!--{_noise(2 * MIB).hex()}-->")), hostile),
        "long-cell.xlsx": (
            lambda: book(sheet(f'<row><c t="inlineStr"><is><t>{"x" * 1025}</t></is></c></row>')),
            many,
        ),
        "long-string.xlsx": (
            lambda: with_part("xl/sharedStrings.xml",
                              f"<sst><si><t>{_noise(200_000).hex()}</t></si></sst>".encode()), many,
        ),
        "rich-string.xlsx": (
            lambda: with_part("xl/sharedStrings.xml", b"<sst><si>"
                              + b"<r><t>xxxxxxxxxx</t></r>" * 200 + b"</si></sst>"), many,
        ),
        "far-corner.xlsx": (lambda: book(sheet(cell("XFD1048576"))), many),
        "far-column.xlsx": (lambda: book(sheet(cell("XFD1"))), many),
        "far-row.xlsx": (lambda: book(sheet(cell("A1048576"))), many),
        "one-row-too-many.xlsx": (lambda: book(sheet(cell("A50032"))), many),
        "one-column-too-many.xlsx": (lambda: book(sheet(cell("BM2"))), many),
        "columns-without-places.xlsx": (
            lambda: book(sheet(f"<row>{'<c><v>1</v></c>' * 65}</row>")), many,
        ),
        "beyond-excel.xlsx": (lambda: book(sheet(cell("XFE1"))), hostile),
        "row-zero.xlsx": (lambda: book(sheet(cell("A0"))), hostile),
        "row-huge.xlsx": (lambda: book(sheet(cell("A9999999"))), hostile),
        "no-place.xlsx": (lambda: book(sheet(cell("evil"))), hostile),
        "prefixed.xlsx": (
            lambda: book((f'{_HEAD}<x:worksheet xmlns:x="{_MAIN}"><x:sheetData><x:row>'
                          '<x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row></x:sheetData>'
                          '</x:worksheet>').encode()), many,
        ),
        "disguised.xlsx": (
            lambda: packed({**parts(target="media/image1.png"),
                            image: b"\x89PNG " + sheet(cell("XFD1048576"))}), hostile,
        ),
        "string-out-of-range.xlsx": (
            lambda: book(sheet('<row r="1"><c r="A1" t="s"><v>999999999</v></c></row>')),
            broken | {"E-ROSTER-005"},
        ),
        # old workbooks
        "garbage.xls": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + _noise(8000), broken),
        "loop.xls": (lambda: _xls(_fat_loop), broken | {"E-ROSTER-005"}),
        "no-directory.xls": (lambda: _xls(_no_header), broken | {"E-ROSTER-005"}),
        "cut.xls": (lambda: _xls(_cut), broken | {"E-ROSTER-005"}),
        "password.xls": (
            lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
            + "EncryptedPackage".encode("utf-16-le"), other,
        ),
        "wps.et": (lambda: _xls(lambda _: None), other),
        "biff5.xls": (lambda: b"\x09\x08\x08\x00\x00\x05" + bytes(100), other),
        # other things
        "page.xls": (lambda: b"<html><table><tr><td>1</td></tr></table></html>", other),
        "paper.xlsx": (lambda: b"%PDF-1.7 " + _noise(100), nothing),
        "program.xlsx": (lambda: b"MZ\x90\x00" + _noise(100), nothing),
        "packed.csv": (lambda: b"\x1f\x8b\x08\x00" + _noise(100), nothing),
        "nothing.csv": (lambda: b"", nothing),
        "zeros.csv": (lambda: b"a\x00" + bytes(5000), {"E-ROSTER-001", "E-ROSTER-004"}),
        "one-line.csv": (lambda: _text_rows(0) + b"x" * 5 * MIB, many),
        "one-row-too-many.csv": (lambda: _text_rows(50_001), many),
        "too-large.csv": (lambda: _text_rows(1) + b"\n" * 20 * MIB, many),
    }  # fmt: skip
