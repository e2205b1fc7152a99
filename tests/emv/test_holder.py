"""Names, documents and the product: read leniently, shown masked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.codec import unhex

from szunion.emv.errors import BadField
from szunion.emv.fields import ProductFeatures
from szunion.emv.holder import Document, DocumentType, HolderName, Name, Product, encode_gbk, gbk


def test_a_name_is_gbk_with_filling() -> None:
    read = HolderName.parse("张三".encode("gbk") + b"      \0\xff")
    assert read.name.plain() == "张三"
    assert read.whole
    assert str(read.name) == "张*"
    assert "张三" not in repr(read)
    assert HolderName.parse(b"ZHANG/SAN             ").name.masked() == "Z****/S**"


def test_a_name_cut_in_the_middle_of_a_character_is_still_read() -> None:
    read = HolderName.parse("欧阳娜娜".encode("gbk")[:7])
    assert (read.name.plain(), read.whole) == ("欧阳娜�", False)


@pytest.mark.parametrize("name", ["䶮某", "𠮷田", "阿依古丽·买买提", "李\ue863"])
def test_rare_names_survive(name: str) -> None:
    assert gbk(name.encode("gb18030")) == (name, True)


@settings(derandomize=True, max_examples=200)
@given(st.binary(max_size=45))
def test_any_bytes_make_a_name_without_control_characters(raw: bytes) -> None:
    text = HolderName.parse(raw).name.plain()
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in text)


@settings(derandomize=True, max_examples=100)
@given(st.text("深圳市总工会AZ az09", max_size=12), st.integers(0, 20))
def test_a_written_name_is_cut_at_a_whole_character(text: str, length: int) -> None:
    raw = encode_gbk(text, length)
    assert len(raw) == length
    read, whole = gbk(raw)
    assert whole
    assert text.strip().startswith(read)


def test_hostile_text_loses_its_teeth() -> None:
    assert gbk(b"A\x1b[2J\x07B\x0d\x0a") == ("A[2JB", True)


def test_gbk_is_checked_when_it_is_written() -> None:
    with pytest.raises(BadField):
        encode_gbk("😀", 10)
    with pytest.raises(BadField):
        encode_gbk("A", 10, b"")


def test_a_document_prints_nothing_of_its_number() -> None:
    document = Document.parse(b"440301199001011234      ", b"\x00")
    assert document.number.plain() == "440301199001011234"
    assert document.kind is DocumentType.ID_CARD
    assert document.kind.zh == "身份证"
    assert document.kind.en == "identity card"
    assert "4403" not in f"{document!r}{document}{document.number}"
    assert Document.parse(b"E1", b"\x09").kind is None
    assert Document.parse(b"E1").kind is None
    assert Document.parse(b"E1", b"\x02").kind is DocumentType.PASSPORT
    for wrong in (b"A" * 41, b"\xc9\xee"):
        with pytest.raises(BadField):
            Document.parse(wrong)


def test_the_product_is_sixteen_bytes_that_do_not_print() -> None:
    raw = unhex("31030480584000011001A0030000B0B1")
    product = Product.parse(raw)
    assert product.features.on() == (ProductFeatures.TRANSIT,)
    assert (product.mobile, product.own, product.version) == (1, unhex("A0B0B1"), unhex("030000"))
    assert product.encode() == raw
    assert "features" not in repr(product)
    with pytest.raises(BadField):
        Product.parse(raw[:15])


def test_a_name_of_nothing_is_nothing() -> None:
    assert str(Name("")) == ""
