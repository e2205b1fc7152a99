"""What is said of a use case is what its caller is to know: the unit of work is the office's."""

from __future__ import annotations

import inspect
import pydoc
from typing import get_type_hints

from szunion.application.bookings import Bookings
from szunion.application.members import Members


def test_help_shows_what_a_caller_hands_in() -> None:
    assert [*inspect.signature(Members.as_of).parameters] == ["self", "person", "on", "known"]
    page = pydoc.plain(pydoc.render_doc(Members.as_of))
    assert "work" not in page
    assert "person: Who is asked about." in page


def test_what_is_behind_it_is_still_found() -> None:
    assert "def put_up(" in inspect.getsource(Bookings.put_up)
    assert get_type_hints(Bookings.put_up)["return"].__name__ == "Offer"
