"""The bank language in JSON: every value both ways, to the letter, and nothing unknown crashes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any, get_args

import cattrs
import pytest
from attrs import evolve
from tests.adapters.bank.language import NOTICES as NOTICE_KINDS
from tests.adapters.bank.language import REQUESTS as REQUEST_KINDS
from tests.adapters.bank.language import Maker, one_of_each

from szunion.adapters.bank.json_rows import rows_of
from szunion.adapters.bank.json_text import BadJson, read_json, write_json
from szunion.adapters.bank.json_wire import (
    CONVERTER,
    NOTICES,
    REQUESTS,
    notice_from_plain,
    notice_to_plain,
    receipt_from_plain,
    receipt_to_plain,
    request_from_plain,
    request_to_plain,
)
from szunion.application import canonical
from szunion.domain.bank import BankNotice, CardChanged, NotUnderstood, OrderSettled, StatementLine
from szunion.domain.bank_requests import BankRequest, CardApplicant, PayLine, PayOut, Receipt
from szunion.errors import SzunionError


def to_plain(value: Any) -> dict[str, Any]:
    if isinstance(value, Receipt):
        return receipt_to_plain(value)
    return request_to_plain(value) if type(value) in REQUEST_KINDS else notice_to_plain(value)


def from_plain(value: Any, plain: object) -> Any:
    if isinstance(value, Receipt):
        return receipt_from_plain(plain)
    if type(value) in REQUEST_KINDS:
        return request_from_plain(plain)
    return notice_from_plain(plain)


@pytest.mark.parametrize("seed", range(40))
def test_every_value_of_the_language_survives_the_wire(seed: int) -> None:
    for value in one_of_each(seed):
        body = write_json(to_plain(value))
        assert from_plain(value, read_json(body)) == value


def test_every_kind_has_a_name_of_its_own() -> None:
    assert set(REQUESTS.values()) == set(get_args(BankRequest))
    assert set(NOTICES.values()) == set(get_args(BankNotice)) - {NotUnderstood}
    assert not set(REQUESTS) & set(NOTICES)
    assert {"open_cards", "set_card_use", "pay_out"} <= set(REQUESTS)
    assert {"card_changed", "order_settled", "daily_card_list", "statement"} <= set(NOTICES)


def test_the_wire_is_what_the_manual_shows() -> None:
    """The names and forms of the wire are a promise: banks are built against them."""
    maker = Maker(3)
    plain = to_plain(evolve(maker.make(OrderSettled)))
    assert plain.keys() == {"type", "told", "order", "fen"}
    assert plain["told"].keys() == {"event_id", "stream", "sequence", "effective"}
    assert type(plain["fen"]) is int
    card = to_plain(maker.make(CardChanged))
    assert {"type", "told", "card", "event", "state", "row", "successor"} <= card.keys()
    assert card["card"].keys() == {"token", "psn"}
    assert card["event"] in {"issued", "activated", "loss_oral", "closed"} or card["event"]


# --- to the letter ----------------------------------------------------------------------------


def _spoiled(plain: Any) -> Iterator[Any]:
    """Yield copies with one thing wrong, at every place."""
    if isinstance(plain, dict):
        yield {**plain, "extra": 1}
        for name, part in plain.items():
            yield from ({**plain, name: worse} for worse in _spoiled(part))
    elif isinstance(plain, list):
        yield from ({}, "text")
        for index, part in enumerate(plain):
            yield from ([*plain[:index], worse, *plain[index + 1 :]] for worse in _spoiled(part))
    else:
        yield from _WORSE[type(plain)](plain)


_WORSE: Mapping[type, Callable[[Any], tuple[Any, ...]]] = {
    bool: lambda flag: (int(flag), "true", []),
    int: lambda number: (bool(number), str(number), float(number), [number], 10**17),
    str: lambda text: (1, True, [text], {"text": text}, text + "\x00", "x" * 2000),
    type(None): lambda _: (0, False, [], {}),
}


@pytest.mark.parametrize("kind", [*REQUEST_KINDS, Receipt])
def test_a_request_or_receipt_with_one_thing_wrong_is_refused(kind: type[Any]) -> None:
    tried = 0
    for seed in range(6):
        value = Maker(seed).make(kind)
        for worse in _spoiled(to_plain(value)):
            tried += 1
            try:
                read = from_plain(value, copy.deepcopy(worse))
            except ValueError:
                continue
            # A whole number may be of any size where the language sets no bound, and no more.
            assert read != value, worse
            assert json.dumps(to_plain(read)) == json.dumps({**to_plain(read), **worse}), worse
    assert tried > 30


@pytest.mark.parametrize("kind", NOTICE_KINDS)
def test_a_notice_with_one_thing_wrong_is_set_aside_and_is_no_crash(kind: type[Any]) -> None:
    value = Maker(5).make(kind)
    for worse in _spoiled(to_plain(value)):
        read = notice_from_plain(worse)
        if not isinstance(read, NotUnderstood):
            assert read != value
            continue
        assert read.raw.plain() == write_json(worse).decode()
        assert str(read.raw) == "*" * len(read.raw.plain())


def test_an_unknown_kind_keeps_the_id_that_the_bank_gave_it() -> None:
    plain = {**to_plain(Maker(1).make(OrderSettled)), "type": "order_reversed", "why": "new"}
    read = notice_from_plain(plain)
    assert isinstance(read, NotUnderstood)
    assert read.named == "order_reversed"
    assert read.told.event_id == plain["told"]["event_id"]
    assert canonical.decode(canonical.encode(read)) == read


@pytest.mark.parametrize("plain", [None, 1, "x", [], {}, {"type": 5}, {"type": "<b>"}, [[]]])
def test_rubbish_has_its_content_for_an_id(plain: object) -> None:
    one, other = notice_from_plain(plain), notice_from_plain(plain)
    assert isinstance(one, NotUnderstood)
    assert one == other
    assert one.told.event_id.startswith("not-understood-")
    assert one != notice_from_plain([plain, plain])


def test_money_is_whole_fen_and_never_a_fraction() -> None:
    plain = to_plain(Maker(2).make(PayOut))
    plain["lines"] = [
        {"order": "A" * 26, "payee": {"token": "T2345678", "psn": 1}, "fen": 1, "remark": ""}
    ]
    assert isinstance(request_from_plain(plain), PayOut)
    for worse in (1.0, 1.5, "1", True, None, 10**16):
        plain["lines"][0]["fen"] = worse
        with pytest.raises(ValueError, match="no PayOut"):
            request_from_plain(plain)


def test_what_is_refused_is_not_quoted() -> None:
    """A person's data do not end in an error's text, or in the chain behind it."""
    plain = to_plain(Maker(2).make(REQUEST_KINDS[0]))
    plain["rows"] = [{"name": "不该出现"}]
    with pytest.raises(ValueError, match="no OpenCards") as raised:
        request_from_plain(plain)
    assert "不该出现" not in str(raised.value)
    assert raised.value.__suppress_context__


def _outcome(make: Callable[[list[Any]], Any], rows: list[Any]) -> Any:
    try:
        return make(copy.deepcopy(rows))
    except (ValueError, TypeError, KeyError, SzunionError, cattrs.ForbiddenExtraKeysError):
        return "refused"


def _rows(kind: type[Any], spoil: Callable[[Any], Iterator[Any]]) -> Iterator[list[Any]]:
    maker = Maker(11)
    rows = [CONVERTER.unstructure(maker.make(kind)) for _ in range(5)]
    yield from (rows[:count] for count in range(6))
    for at, row in enumerate(rows):
        yield from ([*rows[:at], worse, *rows[at + 1 :]] for worse in spoil(row))
        for name in row:
            less = {each: part for each, part in row.items() if each != name}
            yield [*rows[:at], less, *rows[at + 1 :]]
            yield [*rows[:at], {**less, "other": row[name]}, *rows[at + 1 :]]


@pytest.mark.parametrize("kind", [StatementLine, PayLine, CardApplicant])
def test_a_list_is_read_by_columns_as_it_is_read_object_by_object(kind: type[Any]) -> None:
    """Where one cell is wrong, left out or too many, and where nothing is."""
    by_columns, one = rows_of(kind, CONVERTER), CONVERTER.get_structure_hook(kind)

    def object_by_object(rows: list[Any]) -> tuple[Any, ...]:
        return tuple([one(row, kind) for row in rows])

    read = 0
    for rows in _rows(kind, _spoiled):
        found = _outcome(by_columns, rows)
        assert found == _outcome(object_by_object, rows), rows
        read += found != "refused"
    assert read > 5


# --- strict JSON ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"{}x", b"{'a':1}", b"{a:1}", b"[1,]", b"nul", b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}', b"NaN", b"[Infinity]", b"[-Infinity]", b"1.0", b"[1e3]", b"1E5",
        b"-0.0", b"1" * 19, b"-" + b"1" * 19, b"\xef\xbb\xbf{}", b'"\\ud800"', b'"\xed\xa0\x80"',
        b'"\xff"', "{}".encode("utf-16"), '"䶮"'.encode("gb18030"), b"[" * 17 + b"]" * 17,
        b'{"a":' * 17 + b"1" + b"}" * 17, b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000, "１".encode(), b"01", b"+1", b"0x1", b"'a'", b'"a\nb"', b"// x\n{}",
        b'{"\\ud800":1}', b'["' + b"1" * 19 + b'",' + b"1" * 19 + b"]",
        b'{"a" :1,"a"\t:2}', b'{"":1,"":2}', b'{"a":"","a":""}', b'[{"a":1},{"a":1,"b":"a","b":1}]',
        b'{"a":"\\"","a":1}', b'{"a":1,"\\u0061":1}', b"[[" + b"[" * 15 + b"]" * 15 + b"],[]]",
    ],
)  # fmt: skip
def test_json_that_two_programs_could_read_differently_is_refused(body: bytes) -> None:
    with pytest.raises(BadJson):
        read_json(body)


@pytest.mark.parametrize(
    "body",
    [b"1" * 18, b"-" + b"1" * 18, b"[" * 16 + b"]" * 16, b'{"a":' * 16 + b"1" + b"}" * 16, b" {} ",
     b'"\\ud83d\\ude00"', '"𠮷"'.encode(), b"[[],[],{}]", b'{"a":[1],"b":[1]}',
     b'"' + b"1" * 19 + b'"', b'["' + b"1" * 30 + b'",7]', b'{"a":"\\"","b":"\\\\"}', b'""',
     b'{"a":{"a":"a"},"":["a","a"]}'],
)  # fmt: skip
def test_json_at_its_limits_is_read(body: bytes) -> None:
    read_json(body)


def _text(chance: Random, depth: int) -> tuple[str, bool]:
    """Return a text in JSON, and whether it gives a key twice somewhere."""
    if depth == 0 or chance.random() < 0.3:
        return chance.choice(
            ["1", "true", "null", '""', '"a"', '"\\""', '"{"', '":"', '"会"']
        ), False
    below = [_text(chance, depth - 1) for _ in range(chance.randrange(4))]
    texts, twice = [text for text, _ in below], any(each for _, each in below)
    if chance.random() < 0.5:
        return f"[{', '.join(texts)}]", twice
    keys = [chance.choice(["a", "b", "c", "d", "", ":", "会"]) for _ in texts]
    between = chance.choice([":", " :", "\n: "])
    cells = [f'"{key}"{between}{text}' for key, text in zip(keys, texts, strict=True)]
    return f"{{{','.join(cells)}}}", twice or len(set(keys)) < len(keys)


def test_a_key_given_twice_is_found_wherever_it_stands_and_nothing_else_is() -> None:
    chance, found = Random(206), 0
    for _ in range(3_000):
        text, twice = _text(chance, 4)
        try:
            assert read_json(text.encode()) == json.loads(text)
        except BadJson:
            assert twice, text
            found += 1
        else:
            assert not twice, text
    assert 300 < found < 2_000, found


def test_reading_takes_time_in_proportion() -> None:
    """No pattern, no recursion and no scan of ours grows faster than its input: counted work."""
    for hostile in (b'"' * 65_536, b'"\\"' * 20_000, b"[" * 65_536, b"\\" * 65_536, b"[]" * 30_000):
        with pytest.raises(BadJson):
            read_json(hostile)
