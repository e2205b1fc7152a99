"""Know how a test drives the PC/SC adapter in a process of its own: one order a line."""

# ruff: noqa: T201 - it speaks with its parent over stdout

from __future__ import annotations

import sys
import threading

from szunion.adapters.reader.pcsc import PcscReader
from szunion.errors import ReaderError
from szunion.ports.reader import CardChannel


class Client:
    def __init__(self) -> None:
        self.reader = PcscReader(seconds=20.0)
        self.channel: CardChannel | None = None

    def obey(self, words: list[str]) -> str:  # noqa: PLR0911 - one for each order
        match words:
            case ["list"]:
                seen = self.reader.list()
                return " ".join(
                    f"{reader.name}:{'-' if reader.atr is None else reader.atr.hex().upper()}"
                    for reader in seen
                )
            case ["connect", name]:
                channel = self.reader.connect(name)
                self.channel = channel
                return f"ok {channel.atr.hex().upper()}"
            case ["send", text] if self.channel:
                return self.channel.transmit(bytes.fromhex(text)).hex().upper()
            case ["close"] if self.channel:
                self.channel.close()
                self.channel.close()
                return "ok"
            case ["wait", name, how, seconds]:
                return str(self.reader.wait(name, present=how == "present", seconds=float(seconds)))
            case ["storm"]:
                return self.storm()
            case ["patience", seconds]:
                self.reader.seconds = float(seconds)
                return "ok"
            case ["pay"]:
                return self.pay()
            case ["stale"] if self.channel:
                # whatever is said after the end, and however often, is the same error
                return " ".join(self.told(["send", "80CA9F3600"]) for _ in range(3))
            case _:
                return "what?"

    def pay(self) -> str:
        """Pay with the card in the desk; the channel stays, to be asked afterwards."""
        # growing a test bank takes a moment: only for this order
        from tests.emv.world import BUSINESS, performer, terminal
        from tests.emv.world import card as any_card

        from szunion.emv.flow import run
        from szunion.emv.transaction import transact

        self.channel = channel = self.reader.connect("desk")
        wired = performer(any_card(), transmit=channel.transmit)
        outcome = run(transact(terminal(), BUSINESS), wired)
        channel.close()
        return f"{outcome.decision.name} {outcome.assurance.name}"

    def told(self, words: list[str]) -> str:
        try:
            return self.obey(words)
        except ReaderError as error:
            return error.code

    def storm(self) -> str:
        errors: list[ReaderError] = []

        def look() -> None:
            try:
                for _ in range(10):
                    self.reader.list()
            except ReaderError as error:
                errors.append(error)

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return errors[0].code if errors else "ok"


def main() -> None:
    client = Client()
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            print(client.obey(line.split()), flush=True)
        except ReaderError as error:
            told = error.what() and error.do()
            print(type(error).__name__, error.code if told else "mute", flush=True)


if __name__ == "__main__":
    main()
