"""Know how a browser on the same machine shows the simulated bank's page, and presses on it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit

from szunion.adapters.bank.server.behind import MovableClock
from szunion.adapters.bank.server.connection import PLAIN, Connection, Place
from szunion.adapters.bank.server.desk import press
from szunion.adapters.bank.server.page import STYLE, Look, page
from szunion.domain.city_time import local
from szunion.errors import SzunionError
from szunion.text import Language

_MOST_FORM: Final = 4096
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HTML: Final = "text/html; charset=utf-8"
_SAFE: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def _from_here(call: Connection) -> bool:
    """Whether a browser on this machine speaks to this machine by its own name."""
    host = call.headers.get("host", "").rpartition(":")[0] or call.headers.get("host", "")
    origin = call.headers.get("origin")
    peer = str(call.client_address[0])
    return (
        host in _LOCAL
        and (peer == "::1" or peer.startswith("127."))
        and origin in {None, f"{call.scheme}://{call.headers['host']}"}
    )


def _show(
    call: Connection, said: str = "", language: Language | None = None, status: int = 200
) -> None:
    asked = parse_qs(urlsplit(call.path).query).get("lang", ["zh"])[0]
    chosen = language or (Language.EN if asked == "en" else Language.ZH)
    behind = call.behind
    with behind.lock:
        look = Look(
            language=chosen,
            token=behind.control,
            now=local(behind.clock.now()),
            movable=isinstance(behind.clock, MovableClock),
            said=said,
            faults=behind.faults(),
        )
        text = page(behind.peer.bank, look)
    call.write(status, text.encode(), _HTML, _SAFE)


def show(call: Connection, _: bytes) -> None:
    """Show the page, on this machine alone."""
    if _from_here(call):
        _show(call)
    else:
        call.refuse(403)


def style(call: Connection, _: bytes) -> None:
    """Give the stylesheet."""
    call.write(200, STYLE.encode(), "text/css; charset=utf-8", _SAFE)


def _form(call: Connection, body: bytes) -> dict[str, str] | None:
    """Return the fields of a form that our own page sent; None: it was refused."""
    if len(body) <= _MOST_FORM and _from_here(call):
        fields = {name: each[0] for name, each in parse_qs(body.decode("ascii", "replace")).items()}
        if hmac.compare_digest(fields.get("token", "").encode(), call.behind.control.encode()):
            return fields
    call.refuse(403)
    return None


def do(call: Connection, body: bytes) -> None:
    """Press a button."""
    form = _form(call, body)
    if form is None:
        return
    language = Language.EN if form.get("lang") == "en" else Language.ZH
    try:
        with call.behind.lock:
            press(call.behind.peer.bank, form.get("act", ""), form.get("target", ""))
    except SzunionError as error:
        _show(call, error.what(language), language, 409)
        return
    _back(call, language)


def move_clock(call: Connection, body: bytes) -> None:
    """Move the clock from the page."""
    form = _form(call, body)
    if form is None:
        return
    word = form.get("target", "")
    if word.isascii() and word.isdigit() and len(word) <= 8:  # noqa: PLR2004 - three years
        call.behind.advance(float(word))
    _back(call, Language.EN if form.get("lang") == "en" else Language.ZH)


def _back(call: Connection, language: Language) -> None:
    call.head(303, 0, PLAIN, {"location": f"/?lang={language.value}"})


PAGE: Final[Mapping[tuple[str, str], Place]] = {
    ("GET", "/"): show,
    ("GET", "/style.css"): style,
    ("POST", "/do"): do,
    ("POST", "/clock"): move_clock,
}
