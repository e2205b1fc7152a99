"""The signed HTTP bank from a settings file: through the plug-in door, into a whole system."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from tests.adapters.bank.processes import BankProcess
from tests.adapters.bank.sample import SOON, applicant, batch, key
from tests.adapters.bank.wired import CALLBACK, wired

from szunion.adapters.bank.http_peer import Callback
from szunion.adapters.bank.signed_http import SignedHttpBank
from szunion.adapters.callbacks import CallbackDoor
from szunion.adapters.crowd import Combiner
from szunion.adapters.keys.file import FileKeys
from szunion.application.access import authorise
from szunion.bootstrap import UnionSystem
from szunion.domain.access import Operation, engine
from szunion.domain.bank_requests import AskCardList, OpenCards
from szunion.errors import ConfigError, KeysUnavailable, SignatureInvalid
from szunion.plugins import collect
from szunion.settings import load_settings
from szunion.testing.clock import SimClock


def _secret(folder: Path, name: str) -> str:
    file = folder / name
    file.touch(mode=0o600)
    file.write_text(secrets.token_hex(32), "ascii")
    return str(file)


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    return {
        "url": "https://bank.example/union/v1",
        "sign": [{"id": "u1", "file": _secret(tmp_path, "u.key")}],
        "verify": [{"id": "b1", "file": _secret(tmp_path, "b.key"), "suite": "hmac-sm3"}],
    }


def _built(settings: dict[str, Any]) -> SignedHttpBank:
    bank = collect().bank("signed_http").build(settings, SimClock())
    assert isinstance(bank, SignedHttpBank)
    bank.close()
    return bank


def test_it_comes_in_by_the_door_with_its_settings(settings: dict[str, Any]) -> None:
    bank = _built(settings | {"accepts": ["open_cards", "ask_card_list"], "settling_hours": 48})
    assert bank.info.name == "signed_http"
    assert bank.info.accepts == {OpenCards, AskCardList}
    assert bank.info.settling.total_seconds() == 48 * 3600
    assert not bank.info.idempotent_send


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"url": "http://bank.example/"}, "E-HTTP-001"),
        ({"url": "http://127.0.0.1:1/x"}, "E-HTTP-001"),
        ({"networks": ["127.0.0.0/8"]}, "E-HTTP-002"),
        ({"tls_ca": "gone.pem"}, "E-HTTP-003"),
        ({"accepts": ["open_card"]}, "E-BANK-062"),
        ({"callback_path": "/union/v1/requests"}, "E-BANK-062"),
        ({"callback_path": "/union/v1"}, "E-BANK-062"),
        ({"sign": []}, "E-BANK-062"),
        ({"unknown": 1}, "E-PLUGIN-004"),
        ({"url": None}, "E-HTTP-001"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_at_the_start(
    change: dict[str, Any], code: str, settings: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError) as raised:
        _built(settings | change)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"since": "yesterday"}, "E-BANK-062"),
        ({"since": "2027-01-01", "until": "2026-01-01"}, "E-BANK-062"),
        ({"suite": "md5"}, "E-KEYS-005"),
        ({"file": "gone.key"}, "E-KEYS-003"),
    ],
)
def test_a_key_that_cannot_be_is_refused_at_the_start(
    change: dict[str, Any], code: str, settings: dict[str, Any]
) -> None:
    settings["sign"] = [settings["sign"][0] | change]
    with pytest.raises((ConfigError, KeysUnavailable)) as raised:
        _built(settings)
    assert raised.value.code == code
    settings["sign"] = [settings["verify"][0], settings["verify"][0]]
    with pytest.raises(ConfigError):
        _built(settings)


def test_a_day_begins_at_midnight_in_the_city(settings: dict[str, Any]) -> None:
    settings["sign"] = [settings["sign"][0] | {"since": "2026-01-01"}]
    bank = _built(settings)
    since = bank._ring.signing[0].valid.since
    assert since is not None
    assert since.isoformat() == "2026-01-01T00:00:00+08:00"


def test_the_settings_that_the_bank_writes_open_a_whole_system(tmp_path: Path) -> None:
    """What ``szunion sim bank serve`` writes down is all that a union needs."""
    with BankProcess(tmp_path / "home", day=None) as bank:
        text = (bank.home / "union.toml").read_text("utf-8")
        file = tmp_path / "szunion.toml"
        database = f'[szunion]\ndatabase = "sqlite:///{tmp_path}/union.db"\n\n'
        file.write_text(database + text, "utf-8")
        with UnionSystem.from_settings(load_settings(str(file))) as system:
            assert system.owns_bank
            assert isinstance(system.callbacks(), CallbackDoor)
            receipt = system.bank.send(batch("batch"), deadline=SOON)
            assert receipt.rows == 3
            system.run_until_idle()
            assert system.bank.ask(key("never"), deadline=SOON) is None


def test_a_refused_callback_is_audited_and_a_flood_of_them_once_a_minute(
    settings: dict[str, Any],
) -> None:
    """Whoever cannot sign cannot fill the log either."""
    clock = SimClock()
    bank = _built(settings)
    with UnionSystem.open("memory:", bank=bank, clock=clock, keys=FileKeys(bytes(32))) as system:
        door = system.callbacks()
        said: list[str] = []
        for pause in [0.0] * 50 + [61.0, 0.0]:
            clock.advance(seconds=pause)
            environ = {
                "REQUEST_METHOD": "POST", "PATH_INFO": "/bank/callback", "CONTENT_LENGTH": "2",
                "wsgi.input": BytesIO(b"{}"),
            }  # fmt: skip
            door(environ, lambda status, _: said.append(status))
        logged = system.office.storage.read(
            lambda work: [
                json.loads(entry)
                for entry in work.audit.unsealed(authorise(work, engine(), Operation.BANK_DESK), 99)
            ]
        )
    assert set(said) == {"401 Unauthorized"}
    refused = [one[11] for one in logged if one[7] == "inbox.refuse"]
    assert refused == ["1", "50"]


def test_calls_at_one_moment_meet_in_the_systems_crowd_and_are_answered_when_heard() -> None:
    both = wired()
    both.line.send(batch("batch", count=12), deadline=SOON)
    both.bank.simulate.produce(key("batch"))
    told, line = list(both.bank.truth.told), both.line
    calls = [both.peer.callbacks(notice)[0] for notice in told]
    with (
        UnionSystem.open(
            "memory:", bank=line, clock=both.clock, keys=FileKeys(bytes(32))
        ) as system,
        ThreadPoolExecutor(len(calls)) as threads,
    ):
        door = system.callbacks(CALLBACK)

        def post(call: Callback) -> str:
            said: list[str] = []
            named = {f"HTTP_{name.upper().replace('-', '_')}": text
                     for name, text in call.headers.items()}  # fmt: skip
            environ = {
                "REQUEST_METHOD": "POST", "PATH_INFO": CALLBACK,
                "CONTENT_LENGTH": f"{len(call.body)}", "wsgi.input": BytesIO(call.body), **named,
            }  # fmt: skip
            door(environ, lambda status, _: said.append(status))
            return said[0]

        assert list(threads.map(post, calls)) == ["204 No Content"] * len(calls)
        crowd = system.office.bank_calls
        assert isinstance(crowd, Combiner)
        assert crowd._worker is not None, "they came by it"
        heard = system.office.storage.read(
            lambda work: [
                work.inbox.get(
                    authorise(work, engine(), Operation.BANK_DESK), line.info.name,
                    notice.told.event_id,
                )
                for notice in told
            ]
        )  # fmt: skip
        assert None not in heard
        system.close()
        assert post(calls[0]).startswith("503"), "it is closed: the bank calls again"


def test_a_call_is_handed_in_without_waiting_and_told_when_it_is_heard() -> None:
    both = wired()
    both.line.send(batch("batch"), deadline=SOON)
    both.bank.simulate.produce(key("batch"))
    (notice, *_), line = list(both.bank.truth.told), both.line
    (call,) = both.peer.callbacks(notice)
    answers: Queue[Callable[[], None]] = Queue()
    with UnionSystem.open(
        "memory:", bank=line, clock=both.clock, keys=FileKeys(bytes(32))
    ) as system:
        door = system.callbacks(CALLBACK)
        with pytest.raises(SignatureInvalid):
            door.hear_soon({**call.headers}, call.body + b" ", answers.put)
        assert answers.empty()
        door.hear_soon({**call.headers}, call.body, answers.put)
        answers.get(timeout=60)()
        heard, refused = system.office.storage.read(
            lambda work: (
                work.inbox.get(
                    scope := authorise(work, engine(), Operation.BANK_DESK), line.info.name,
                    notice.told.event_id,
                ),
                [entry for entry in work.audit.unsealed(scope, 99) if "inbox.refuse" in str(entry)],
            )
        )  # fmt: skip
    assert heard is not None
    assert len(refused) == 1


def test_a_bank_without_callbacks_says_so(tmp_path: Path) -> None:
    with (
        UnionSystem.open(f"sqlite:///{tmp_path}/union.db") as system,
        pytest.raises(ConfigError) as raised,
    ):
        system.callbacks()
    assert raised.value.code == "E-BANK-063"


def test_no_log_line_of_a_call_holds_personal_data_or_a_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every logger at its loudest, httpx and httpcore included."""
    caplog.set_level(logging.DEBUG)
    with BankProcess(tmp_path / "home") as bank:
        line = bank.line(SimClock())
        line.send(batch("batch", applicant(7, name="不该出现")), deadline=SOON)
        list(line.collect(after=None))
        secret = (bank.home / "union.key").read_text("ascii")
    assert "httpcore" in {record.name.partition(".")[0] for record in caplog.records}
    for word in ("不该出现", "E00000007", secret, r"\u4e0d"):
        assert word not in caplog.text
