"""The simulated bank in a process of its own, spoken to over real sockets."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from attrs import evolve, frozen
from tests.adapters.bank.processes import BankProcess, SharedClock
from tests.adapters.bank.sample import SOON, CarefulClient, applicant, batch, key, payout
from tests.adapters.bank.wired import wired
from tests.adapters.http.machines import Authority
from tests.cardtown import card_town_on
from tests.offices import office_on

from szunion.adapters.assembly import signed_http_bank
from szunion.adapters.bank.faults import FaultKind
from szunion.adapters.bank.server.desk import PRESSES
from szunion.adapters.bank.server.storm import read_storm, storm_of
from szunion.adapters.bank.signed_http import SignedHttpBank
from szunion.adapters.callbacks import CallbackDoor, Start
from szunion.adapters.sim_home import open_home
from szunion.application.worker import Worker
from szunion.domain.bank import BankNotice, BankState, CardProduced, DailyCardList
from szunion.domain.bank_requests import Answer, BankRequest, Receipt
from szunion.domain.values import RequestKey
from szunion.errors import BankOutcomeUnknown, BankUnavailable, ConfigError, InvalidInput
from szunion.ports.bank import BankInfo, Collected, Cursor, Deadline
from szunion.testing import FaultPlan, Findings, check_bank, check_collected, check_effects
from szunion.testing.clock import SimClock
from szunion.testing.proxy import TcpProxy, WireFault, WireFaults


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankProcess]:
    """One bank for all tests that can live beside others: keys of their own, weather restored."""
    with BankProcess(tmp_path_factory.mktemp("bank") / "home") as process:
        yield process


@pytest.fixture
def bank(shared: BankProcess) -> Iterator[BankProcess]:
    yield shared
    shared.weather()


@pytest.fixture
def clock(bank: BankProcess) -> SimClock:
    """The moment that it is at the bank."""
    return SimClock(datetime.fromisoformat(bank.control("state")["now"]))


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[BankProcess]:
    """A bank at which nothing has happened."""
    with BankProcess(tmp_path / "home") as process:
        yield process


def _storm_file(folder: Path, **rates: object) -> str:
    lines = [f"{name} = {value!r}".replace("'", '"') for name, value in rates.items()]
    file = folder / "storm.toml"
    file.write_text("\n".join(lines), "utf-8")
    return str(file)


def test_the_whole_way_of_a_card_through_a_bank_in_another_process(
    fresh: BankProcess, tmp_path: Path
) -> None:
    bank = fresh
    place = card_town_on(office_on("memory", tmp_path))
    line = bank.line(place.clock)
    worker = Worker(office=place.office, bank=line, notifier=place.notifier)
    people = place.admit(3)
    asked = place.approve(people)
    worker.run_until_idle()
    assert asked.key is not None
    bank.control("do", act="produce", target=asked.key.text)
    bank.control("do", act="face_sign", target=asked.key.text)
    worker.run_until_idle()
    states = [place.card(person).card.bank.state for person in people]
    assert states == [BankState.ACTIVE] * 3
    truth = bank.truth()
    assert check_bank(truth.truth) == Findings()
    assert len(truth.truth.cards) == 3


def test_the_bank_remembers_after_a_kill(tmp_path: Path) -> None:
    """A request that was answered before ``kill -9`` is answered the same after it."""
    bank = BankProcess(tmp_path / "home").start()
    clock = SimClock()
    receipt = bank.line(clock).send(batch("batch"), deadline=SOON)
    bank.stop(signal.SIGKILL)
    with BankProcess(tmp_path / "home") as again:
        line = again.line(clock)
        assert line.ask(key("batch"), deadline=SOON) == receipt
        assert line.send(batch("batch"), deadline=SOON) == receipt
        assert again.truth().truth.effects[key("batch")] == 1


def test_a_bank_that_is_not_there_was_never_reached(tmp_path: Path) -> None:
    bank = BankProcess(tmp_path / "home").start()
    config = bank.config()
    bank.stop()
    line = bank.line(SimClock(), config=config)
    with pytest.raises(BankUnavailable):
        line.send(batch("batch"), deadline=SOON)
    line.close()


def test_its_journal_is_the_banks_alone_and_its_secrets_the_owners(tmp_path: Path) -> None:
    with BankProcess(tmp_path / "home") as bank:
        with pytest.raises(AssertionError, match="E-SIM-005"):
            BankProcess(tmp_path / "home").start()
        for name in ("union.key", "bank.key"):
            assert (bank.home / name).stat().st_mode & 0o077 == 0
        settings = (bank.home / "union.toml").read_text("utf-8")
    assert bank.url in settings
    said = BankProcess(tmp_path / "home").start().stop()
    assert b"journal.jsonl" in said
    assert b"E-SIM" not in said


# --- faults -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("unreachable", BankUnavailable),
        ("drop_request", BankOutcomeUnknown),
        ("drop_response", BankOutcomeUnknown),
        ("error_after_acting", BankOutcomeUnknown),
        ("html_answer", BankOutcomeUnknown),
        ("truncate_answer", BankOutcomeUnknown),
        ("slow_answer", BankOutcomeUnknown),
        ("wrong_charset", BankOutcomeUnknown),
        ("forged_answer", BankOutcomeUnknown),
        ("stale_answer", BankOutcomeUnknown),
    ],
)
def test_each_fault_on_the_wire_is_one_of_the_two_failures(
    kind: str, error: type[Exception], bank: BankProcess, clock: SimClock
) -> None:
    before = bank.control("state")["faults"].get(kind, 0)
    line = bank.line(clock)
    bank.weather(**{kind: 1.0})
    asked = key(kind)
    with pytest.raises(error):
        line.send(batch(kind, applicant(1, row=f"row-{kind}")), deadline=Deadline(1.0))
    bank.weather()
    assert bank.control("state")["faults"][kind] > before
    assert kind in {each[0] for each in bank.control("happened")}
    acted = kind not in {"unreachable", "drop_request"}
    assert (line.ask(asked, deadline=SOON) is not None) is acted


def test_an_expired_certificate_lets_nothing_arrive(tmp_path: Path) -> None:
    authority, clients = Authority(tmp_path), Authority(tmp_path, "Union CA")
    good, ours = authority.papers("127.0.0.1"), clients.papers("union.example")
    old = authority.papers("127.0.0.1", until=timedelta(hours=-1))
    storm = _storm_file(tmp_path, expired_certificate=0.5, seed=3)
    arguments = (
        "--faults", storm, "--tls", good.certificate, good.key, "--expired", old.certificate,
        old.key, "--clients", clients.file,
    )  # fmt: skip
    with BankProcess(tmp_path / "home", arguments) as bank:
        met: list[Answer | None] = []
        for number in range(12):
            config = bank.config(
                tls_ca=authority.file, tls_certificate=ours.certificate, tls_key=ours.key
            )
            secure = evolve(config, url=config.url.replace("http:", "https:"))
            line = bank.line(SimClock(), config=secure)
            try:
                met.append(line.send(batch(f"batch-{number}"), deadline=SOON).answer)
            except BankUnavailable:
                met.append(None)
    assert set(met) == {None, Answer.ACCEPTED}


def test_a_storm_file_says_what_it_does_not_know(tmp_path: Path) -> None:
    plan = read_storm(
        _storm_file(
            tmp_path, seed=3, drop_response=0.2, most_delay="24h", clock_skew="90s", reach=5
        )
    )
    assert plan == FaultPlan(
        seed=3, drop_response=0.2, most_delay=timedelta(hours=24),
        clock_skew=timedelta(seconds=90), reach=5,
    )  # fmt: skip
    assert storm_of({"begin_with": "storm", "drop_response": 0}, seed=4) == FaultPlan.from_json(
        FaultPlan.storm(4).to_json().replace('"drop_response": 0.2', '"drop_response": 0.0')
    )
    wrongs: tuple[dict[str, object], ...] = (
        {"seed": "7"}, {"begin_with": "gale"}, {"thunder": 0.1}, {"drop_response": "0.1"},
        {"drop_response": True}, {"most_delay": 3}, {"most_delay": "3w"}, {"most_delay": "３d"},
        {"reach": 0}, {"reach": 1.5}, {"kept": []}, {"drop_response": 1.5},
        {"replay": 1}, {"replay": [["gale", "x", 1]]}, {"replay": [["drop_response", "x"]]},
    )  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(InvalidInput) as raised:
            storm_of(wrong)
        assert raised.value.code == "E-SIM-001"
    with pytest.raises(InvalidInput):
        read_storm(tmp_path / "gone.toml")


# --- callbacks --------------------------------------------------------------------------------


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        return None


class Union:
    """A union that listens for callbacks; it may be away for a while."""

    def __init__(self) -> None:
        self.heard: list[BankNotice] = []
        self.away = 0
        self.door: CallbackDoor | None = None
        self._server = make_server("127.0.0.1", 0, self._answer, handler_class=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}/bank/callback"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _answer(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if self.away:
            self.away -= 1
            start("503 Service Unavailable", [("Content-Length", "0")])
            return ()
        assert self.door is not None
        return self.door(environ, start)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


@pytest.fixture
def union() -> Iterator[Union]:
    made = Union()
    yield made
    made.close()


def handed(notices: Sequence[BankNotice], _: object) -> None:
    pytest.fail(f"nobody handed {len(notices)} in")


def test_the_bank_brings_what_it_tells_and_forgeries_are_turned_away(
    tmp_path: Path, union: Union
) -> None:
    storm = _storm_file(tmp_path, forge_callback=1.0, replay_callback=1.0, stale_callback=1.0)
    arguments = ("--faults", storm, "--callback", union.url)
    with BankProcess(tmp_path / "home", arguments) as bank:
        clock = SimClock()
        line = bank.line(clock)
        union.door = CallbackDoor(line, union.heard.extend, handed, "/bank/callback")
        union.away = 3
        line.send(batch("batch"), deadline=SOON)
        bank.control("do", act="produce", target=key("batch").text)
        seen: dict[str, int] = {}
        for _ in range(40):
            seen = bank.control("push")["seen"]
            if seen.get("taken") == 6:
                break
        told = list(bank.truth().truth.told)
    assert [each.told.event_id for each in told] == list(
        dict.fromkeys(each.told.event_id for each in union.heard)
    )
    assert set(union.heard) == set(told)
    assert seen["taken"] == len(told)
    assert seen["again"] >= 1
    assert seen["forge_callback-refused"] >= len(told)
    assert seen["stale_callback-refused"] >= len(told)
    assert seen["replay_callback-taken"] >= len(told) - 1, "genuine: the inbox knows its id"
    assert not {"forge_callback-taken", "stale_callback-taken"} & set(seen)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"PATH_INFO": "/other"}, "404"), ({"REQUEST_METHOD": "GET"}, "405"),
        ({"CONTENT_LENGTH": ""}, "411"), ({"CONTENT_LENGTH": "-1"}, "411"),
        ({"CONTENT_LENGTH": "１"}, "411"), ({"CONTENT_LENGTH": "262145"}, "413"),
        ({"CONTENT_LENGTH": "9" * 30}, "413"), ({}, "401"),
        ({"HTTP_SZUNION_ID": "E1"}, "401"),
    ],
)  # fmt: skip
def test_the_door_measures_before_it_reads(change: dict[str, str], status: str) -> None:
    read: list[int] = []

    class Body(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            read.append(-1 if size is None else size)
            return super().read(size)

    said: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/bank/callback", "CONTENT_LENGTH": "2",
        "wsgi.input": Body(b"{}"), **change,
    }  # fmt: skip
    door = CallbackDoor(wired().line, lambda _: None, handed, "/bank/callback")
    door(environ, lambda word, _: said.append(word))
    assert said[0].startswith(status)
    assert bool(read) is (status == "401")


# --- the page ---------------------------------------------------------------------------------


def _token(page: bytes) -> str:
    found = re.search(rb'name="token" value="([^"]+)"', page)
    assert found is not None
    return found[1].decode()


def _form(bank: BankProcess, **headers: str) -> dict[str, str]:
    plain = {"host": f"127.0.0.1:{bank.port}", "content-type": "application/x-www-form-urlencoded"}
    return {**plain, **headers}


def _press(bank: BankProcess, body: str, **headers: str) -> tuple[int, bytes]:
    return bank.http("POST", "/do", body.encode(), _form(bank, **headers))


def test_a_person_presses_the_whole_life_of_a_card_and_of_a_payment(
    fresh: BankProcess,
) -> None:
    """Every button that the page offers is one that the bank does not refuse."""
    bank = fresh
    line = bank.line(SimClock())
    line.send(batch("batch", count=2), deadline=SOON)
    for act in ("verify", "produce", "face_sign"):
        status, page = bank.http("GET", "/")
        assert status == 200
        offered = re.findall(rb'name="act" value="(\w+)"', page)
        assert act.encode() in offered
        body = f"token={_token(page)}&act={act}&target={key('batch').text}&lang=zh"
        assert _press(bank, body)[0] == 303
    cards = [each.notice for each in line.collect(after=None)]
    card = next(each.card for each in cards if isinstance(each, CardProduced))
    line.send(payout("pay", ("order", card, 300_000)), deadline=SOON)
    name = f"{card.token.plain()}.{card.psn}"
    acts = ["loss_oral", "loss_written", "loss_undone", "frozen", "unfrozen", "dormant", "revived"]
    steps = [(act, name) for act in acts] + [
        ("settle", key("order").text), ("return_payment", key("order").text),
        ("daily_list", ""), ("statement", ""), ("closed", name),
    ]  # fmt: skip
    for act, target in steps:
        _, page = bank.http("GET", "/?lang=en")
        assert re.search(rf'value="{act}"><input[^>]*value="{target}"'.encode(), page), act
        body = f"token={_token(page)}&act={act}&target={target}&lang=en"
        status, answer = _press(bank, body)
        assert status == 303, answer
    assert bank.truth().truth.cards[0].state is BankState.CLOSED
    assert b"3,000.00" in bank.http("GET", "/")[1]


def test_the_page_shows_no_number_or_name_and_says_what_was_refused(
    bank: BankProcess, clock: SimClock
) -> None:
    asked = batch("page", applicant(1, row="row-page", name="不该出现"))
    bank.line(clock).send(asked, deadline=SOON)
    bank.control("do", act="produce", target=asked.key.text)
    page = bank.http("GET", "/")[1].decode()
    seen = bank.truth().truth.cards[-1]
    assert "不该出现" not in page
    assert seen.number.plain() not in page
    assert seen.last_four in page
    status, answer = _press(bank, f"token={_token(page.encode())}&act=settle&target={'A' * 26}")
    assert status == 409
    assert "代发批次或订单" in answer.decode()
    status, answer = _press(bank, f"token={_token(page.encode())}&act=<b>&target=x&lang=en")
    assert status == 409
    assert b"<b>" not in answer


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"}, {"host": "evil.example:80"}, {"origin": "http://evil.example"},
        {"origin": "null"}, {"origin": "https://127.0.0.1"}, {"host": ""},
    ],
)  # fmt: skip
def test_another_sites_form_presses_nothing(bank: BankProcess, headers: dict[str, str]) -> None:
    """CSRF and DNS rebinding: a page elsewhere cannot make this bank act, or read the word."""
    page = bank.http("GET", "/")[1]
    body = f"token={_token(page)}&act=daily_list&target="
    assert _press(bank, body, **headers)[0] == 403
    if "origin" not in headers:
        assert bank.http("GET", "/", b"", _form(bank, **headers))[0] == 403
    assert not any(isinstance(each, DailyCardList) for each in bank.truth().truth.told)


@pytest.mark.parametrize("token", ["", "x", "%00", "词", None])
def test_a_form_without_the_word_presses_nothing(bank: BankProcess, token: str | None) -> None:
    body = "act=daily_list&target=" + ("" if token is None else f"&token={token}")
    assert _press(bank, body)[0] == 403
    for what in ("clock", "do", "heal", "push", "state", "snapshot"):
        headers = {} if token is None else {"x-szunion-control": "wrong"}
        assert bank.http("POST", f"/sim/{what}", b"{}", headers)[0] == 403
    assert not any(isinstance(each, DailyCardList) for each in bank.truth().truth.told)


def test_the_page_moves_the_clock_and_has_two_languages(fresh: BankProcess) -> None:
    bank = fresh
    chinese, english = (bank.http("GET", path)[1].decode() for path in ("/", "/?lang=en"))
    assert "模拟银行 · 2017-11-23 09:00" in chinese
    assert "Simulated bank" in english
    for page in (chinese, english):
        assert "script" not in page.lower()
        assert not re.search(r'(?:src|href|action)="(?!/)', page)
    body = f"token={_token(chinese.encode())}&act=advance&target=86400&lang=zh".encode()
    assert bank.http("POST", "/clock", body, _form(bank))[0] == 303
    assert "2017-11-24 09:00" in bank.http("GET", "/")[1].decode()
    assert bank.http("GET", "/style.css")[0] == 200
    for text, _ in PRESSES.values():
        assert text.zh
        assert text.en


def test_calls_that_nobody_makes_are_answered_plainly(bank: BankProcess) -> None:
    assert bank.http("GET", "/nothing")[0] == 401
    assert bank.http("POST", "/union/v1/requests", b"{}")[0] == 401
    assert bank.http("GET", "/union/v1/notices?after=&most=1", b"", {"szunion-id": "x"})[0] == 401
    assert bank.http("POST", "/union/v1/requests", b"", {"content-length": "99999999999"})[0] == 411
    assert bank.http("POST", "/union/v1/requests", b"", {"content-length": "99999999"})[0] == 413


def test_a_port_that_is_taken_is_said(bank: BankProcess, tmp_path: Path) -> None:
    other = BankProcess(tmp_path / "other", ("--port", str(bank.port)))
    with pytest.raises(AssertionError, match="E-SIM-009"):
        other.start()


# --- through a proxy --------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [kind for kind in WireFault if kind is not WireFault.DELAY])
def test_bytes_that_go_wrong_are_one_of_the_two_failures(
    bank: BankProcess, clock: SimClock, fault: WireFault
) -> None:
    direct = bank.line(clock)
    request = batch(fault.value, applicant(1, row=f"row-{fault.value}"))
    plan = WireFaults(**{fault.value: 1.0}, cut_within=60)  # type: ignore[arg-type]
    with TcpProxy(("127.0.0.1", bank.port), plan) as proxy:
        line = bank.line(clock, port=proxy.port)
        with pytest.raises((BankUnavailable, BankOutcomeUnknown)) as raised:
            line.send(request, deadline=SOON)
        with pytest.raises(BankUnavailable):
            line.ask(request.key, deadline=SOON)
        assert {met.fault for met in proxy.met} == {fault}
    acted = direct.ask(request.key, deadline=SOON) is not None
    answered = {WireFault.CUT_ANSWER, WireFault.RESET_ANSWER}
    assert acted is (fault in answered)
    if acted:
        assert isinstance(raised.value, BankOutcomeUnknown), "acted on, so never: it did not arrive"


@frozen
class Anew:
    """A line that is opened anew for each call, so that each call meets its own connection."""

    open: Callable[[], SignedHttpBank]

    @property
    def info(self) -> BankInfo:
        line = self.open()
        line.close()
        return line.info

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        with closing(self.open()) as line:
            return line.send(request, deadline=deadline)

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        with closing(self.open()) as line:
            return line.ask(key, deadline=deadline)

    def collect(self, *, after: Cursor | None) -> Iterator[Collected]:
        with closing(self.open()) as line:
            yield from line.collect(after=after)


def test_a_storm_of_real_bytes_doubles_loses_and_holds_up_nothing(fresh: BankProcess) -> None:
    bank = fresh
    plan = WireFaults(
        seed=5, refuse=0.05, drop=0.03, cut_request=0.08, cut_answer=0.1, reset_answer=0.08,
        delay=0.1, most_delay=0.005, cut_within=600,
    )  # fmt: skip
    clock = SharedClock(bank)
    with TcpProxy(("127.0.0.1", bank.port), plan) as proxy:
        anew = Anew(lambda: signed_http_bank(bank.config(port=proxy.port), clock))
        client = CarefulClient(anew, clock)
        for start in range(0, 120, 3):
            rows = (applicant(number) for number in range(start, start + 3))
            client.want(batch(f"batch-{start}", *rows))
        for _ in range(40):
            client.turn()
            clock.advance(hours=3)
            if not client.waiting:
                break
        proxy.faults = WireFaults()
        for _ in range(4):
            client.turn()
            clock.advance(days=1)
        faults = {met.fault for met in proxy.met}
    truth = bank.truth().truth
    assert client.waiting == {}
    assert len(faults) >= 5
    assert check_bank(truth) == Findings()
    assert check_collected(truth, client.collected) == Findings()
    effects = {one: truth.effects.get(one, 0) for one in client.attempted}
    assert check_effects(
        attempted=client.attempted, acknowledged=client.acknowledged, effects=effects,
        now=clock.now(), stuck_after=timedelta(days=30),
    ) == Findings()  # fmt: skip


def test_a_delay_alone_changes_nothing(bank: BankProcess, clock: SimClock) -> None:
    with TcpProxy(("127.0.0.1", bank.port), WireFaults(delay=1.0, most_delay=0.02)) as proxy:
        request = batch("delayed", applicant(1, row="row-delayed"))
        receipt = bank.line(clock, port=proxy.port).send(request, deadline=SOON)
    assert receipt.answer is Answer.ACCEPTED
    with pytest.raises(InvalidInput):
        WireFaults(drop=1.5)


def test_settings_that_somebody_else_wrote_are_not_written_over(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for _ in range(2):  # its own, with another port each time
        with BankProcess(home) as process:
            assert process.url in (home / "union.toml").read_text("utf-8")
    (home / "union.toml").write_text("# 本市的设置\n", "utf-8")
    with pytest.raises(AssertionError, match="E-SIM-010"):
        BankProcess(home).start()
    assert (home / "union.toml").read_text("utf-8") == "# 本市的设置\n"


@pytest.mark.parametrize("day", ["2017-11-23", None])
def test_simulated_time_is_said(day: str | None, tmp_path: Path) -> None:
    process = BankProcess(tmp_path / "home", day=day).start()
    assert ("模拟时钟" in process.stop().decode()) == (day is not None)


def test_keys_in_a_file_are_read_to_the_letter(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    for wrong in ("sign = 1", "[[sign]]\nid = 'a'", "[[sign]]\nid='a'\nfile='b'\nmore=1", "["):
        file.write_text(wrong, "utf-8")
        with pytest.raises(ConfigError) as raised:
            open_home(tmp_path / "home", file)
        assert raised.value.code == "E-SIM-008"
    assert FaultKind.EXPIRED_CERTIFICATE.value == "expired_certificate"
