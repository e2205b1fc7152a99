"""The door of the card layer, and that its errors all have their two texts."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import szunion.emv
from szunion.emv import errors

SOURCE = Path(szunion.emv.__file__).parent


def test_importing_it_loads_neither_cryptography_nor_pyscard() -> None:
    code = (
        "import sys, szunion.emv, szunion.emv.explain, szunion.emv.logs, szunion.emv.reference;"
        "far = {'cryptography', 'smartcard', 'szunion.domain', 'szunion.errors'};"
        "bad = far & set(sys.modules);"
        "sys.exit(str(bad) if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def _raised_codes() -> set[str]:
    """Return every literal code with which a module of the package raises one of its errors."""
    kinds = {name for name in dir(errors) if isinstance(getattr(errors, name), type)}
    found = set()
    for path in SOURCE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                continue
            if call.func.id not in kinds - {"BadTlv", "Literal"}:
                continue
            found |= {
                arg.value
                for arg in call.args
                if isinstance(arg, ast.Constant)
                and isinstance(arg.value, str)
                and arg.value.partition("-")[0].isupper()
                and "-" in arg.value
            }
    return found


def test_every_code_that_is_raised_has_its_two_texts() -> None:
    codes = _raised_codes()
    assert {"FIELD-LENGTH", "DOL-ENTRY", "APDU-COMMAND"} <= codes
    assert codes <= set(errors.TEXTS)
    for zh, en in errors.TEXTS.values():
        assert zh != en
        assert all(ord(char) < 0x2E80 for char in en)


def test_an_error_says_what_happened_in_both_languages() -> None:
    error = errors.BadField("FIELD-LENGTH", name="95 TVR", want=5, got=4)
    assert error.what() == "95 TVR 应为 5 字节，实为 4 字节"
    assert error.what("en") == "95 TVR must have 5 bytes, got 4"
    assert str(error) == f"[FIELD-LENGTH] {error.what('zh')} / {error.what('en')}"
    assert isinstance(error, ValueError)
    fault = errors.CardFault(0x6A81, meaning="x")
    assert (fault.sw, "6A81" in str(fault)) == (0x6A81, True)
    limit = errors.LimitExceeded("AFL", 128)
    assert (limit.name, limit.limit) == ("AFL", 128)
