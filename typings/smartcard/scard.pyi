# What szunion uses of pyscard's thin layer over PC/SC; results come as [code, ...].
SCARD_SCOPE_USER: int
SCARD_SHARE_EXCLUSIVE: int
SCARD_PROTOCOL_T0: int
SCARD_PROTOCOL_T1: int
SCARD_PCI_T0: int
SCARD_PCI_T1: int
SCARD_LEAVE_CARD: int
SCARD_RESET_CARD: int
SCARD_UNPOWER_CARD: int
SCARD_STATE_UNAWARE: int
SCARD_STATE_CHANGED: int
SCARD_STATE_PRESENT: int

def SCardEstablishContext(dwScope: int) -> tuple[int, int]: ...
def SCardReleaseContext(hcontext: int) -> int: ...
def SCardListReaders(hcontext: int, readergroups: list[str]) -> tuple[int, list[str]]: ...
def SCardGetStatusChange(
    hcontext: int, dwTimeout: int, readerstatelist: list[tuple[str, int]]
) -> tuple[int, list[tuple[str, int, list[int]]]]: ...
def SCardConnect(
    hcontext: int, szReader: str, dwShareMode: int, dwPreferredProtocols: int
) -> tuple[int, int, int]: ...
def SCardStatus(hcard: int) -> tuple[int, str, int, int, list[int]]: ...
def SCardTransmit(
    hcard: int, pioSendPci: int, apducommand: list[int]
) -> tuple[int, list[int]]: ...
def SCardDisconnect(hcard: int, dwDisposition: int) -> int: ...
