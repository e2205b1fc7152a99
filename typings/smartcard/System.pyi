# What the tests use of pyscard's list of readers; it has no types of its own.

from smartcard.CardConnection import CardConnection

class Reader:
    name: str
    def createConnection(self) -> CardConnection: ...

def readers(groups: list[str] | None = ...) -> list[Reader]: ...
