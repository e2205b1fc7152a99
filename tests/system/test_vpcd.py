"""Our simulated card through Debian's PC/SC daemon and virtual reader, driven by others too.

The virtual reader listens on all interfaces without authentication, so daemon and test run in a
network namespace of their own. Needs root, pcscd, vsmartcard-vpcd; opensc-tool is a terminal that
we did not write, and so is emv-tool where it is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.system import vpcd_plan as plan

ROOT = Path(__file__).parents[2]
NO_MOUNT = 77


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
    return None


@pytest.fixture(scope="module")
def report() -> str:
    reason = _missing()
    if reason:
        pytest.skip(reason)
    script = Path(__file__).with_name("vpcd_namespace.sh")
    done = subprocess.run(
        ["unshare", "--net", "--mount", "sh", str(script), sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "unshare failed" in done.stderr or done.returncode == NO_MOUNT:
        pytest.skip("network and mount namespaces are not allowed here")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.vpcd
@pytest.mark.parametrize("step", plan.STEPS)
def test_the_real_daemon(report: str, step: str) -> None:
    assert f"ok: {step}" in report.splitlines()


@pytest.mark.parametrize("step", plan.FOREIGN)
def test_a_whole_terminal_that_we_did_not_write(report: str, step: str) -> None:
    if shutil.which("emv-tool") is None:
        pytest.skip(plan.NO_EMV_TOOL)
    assert f"ok: {step}" in report.splitlines()
