"""Know every promise of a bank adapter, gathered for a stranger to inherit.

Subclass :class:`BankPromises`, give it one factory, and run pytest. What your bank does not accept
(``info.accepts``) is skipped, and said so::

    class TestYunhai(BankPromises):
        def make_bank(self, behind: BankBehind) -> BankAdapter:
            peer = YunhaiPeer(behind)  # your bank's format over the kit's bank
            return YunhaiBank(CONFIG, transport=peer.transport)
"""

from __future__ import annotations

from szunion.testing.bank.callbacks import CallbackPromises
from szunion.testing.bank.notices import NoticePromises
from szunion.testing.bank.requests import RequestPromises
from szunion.testing.bank.storms import StormPromises
from szunion.testing.bank.whole import WholePromises
from szunion.testing.bank.wire import WirePromises


class BankPromises(
    RequestPromises, WirePromises, NoticePromises, CallbackPromises, StormPromises, WholePromises
):
    """What every bank adapter promises (银行适配器的承诺)."""
