"""Our simulated card through Debian's PC/SC daemon and virtual reader, driven by others too.

The virtual reader listens on all interfaces without authentication, so daemon and test run in a
network namespace of their own. Needs root, pcscd, vsmartcard-vpcd; opensc-tool is a terminal that
we did not write.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
STEPS = (
    "pyscard sees both virtual readers and our card's ATR",
    "opensc-tool reads the ATR",
    "opensc-tool selects our application and reads a record",
    "RSA DDA approved online with a script",
    "RSA CDA approved online with a script",
    "SM DDA approved online with a script",
    "SM CDA approved online with a script",
    "a card taken out is told",
    "a card put in again answers",
)

pytestmark = [pytest.mark.vpcd]


def _missing() -> str | None:
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    needed = [name for name in ("pcscd", "opensc-tool", "unshare", "ip") if not shutil.which(name)]
    if needed:
        return f"not installed: {', '.join(needed)}"
    if find_spec("smartcard") is None:
        return "pyscard is not installed"
    if not any(Path("/etc/reader.conf.d").glob("vpcd*")):
        return "vsmartcard-vpcd is not installed"
    if Path("/run/pcscd/pcscd.comm").exists() and _in_use():
        return "another pcscd is running on this machine"
    return None


def _in_use() -> bool:
    listed = subprocess.run(["pgrep", "-x", "pcscd"], capture_output=True, check=False)
    return listed.returncode == 0


@pytest.fixture(scope="module")
def report() -> str:
    reason = _missing()
    if reason:
        pytest.skip(reason)
    script = Path(__file__).with_name("vpcd_namespace.sh")
    done = subprocess.run(
        ["unshare", "--net", "sh", str(script), sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "unshare failed" in done.stderr:
        pytest.skip("network namespaces are not allowed here")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("step", STEPS)
def test_the_real_daemon(report: str, step: str) -> None:
    assert f"ok: {step}" in report.splitlines()
