"""Read a member's card: ``python read_card.py [READER]``; without a name, a simulated card."""

import sys

from szunion.adapters import PcscReader
from szunion.emv import Performer, read_public, run
from szunion.errors import ReaderError
from szunion.testing import SampleCard


def main(name: str | None = None) -> int:
    """Print what the card tells everybody, masked; nothing on the card changes."""
    try:
        reader = PcscReader() if name else SampleCard.grow().reader("desk", "air")
        channel = reader.connect(name or "desk")
        try:
            found = run(read_public(), Performer(transmit=channel.transmit))
        finally:
            channel.close()
    except ReaderError as error:
        print(error)
        return 1
    if found is None:
        print("这张卡上没有借记或贷记应用  no debit or credit application on this card")
        return 1
    print(found.label, found.number, found.name and found.name.name, found.expires)
    print(found.assurance.name, "：只作提示，复制的卡读出来一样  a hint: a copy reads the same")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
