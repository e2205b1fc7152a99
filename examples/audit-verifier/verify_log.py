"""Check an exported audit log with nothing of szunion: ``verify_log.py LOG KEY [OLD-CHECKPOINT]``.

SHA-256, JSON, and one Ed25519 verification: whoever trusts no line of ours writes this again.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def signed(note: str, key: str) -> tuple[int, bytes]:
    """Return the size and the root that the log's key has signed, or stop."""
    text, _, below = note.partition("\n\n")
    name, _, rest = key.strip().partition("+")
    kind_and_public = base64.b64decode(rest.partition("+")[2])
    key_id = sha(f"{name}\n".encode(), kind_and_public)[:4]
    for line in below.splitlines():
        _, who, data = line.split(" ")
        mark = base64.b64decode(data, validate=True)
        if (who, mark[:4]) == (name, key_id):
            public = Ed25519PublicKey.from_public_bytes(kind_and_public[1:])
            public.verify(mark[4:], f"{text}\n".encode())
            origin, size, root = text.split("\n")
            if origin == name:
                return int(size), base64.b64decode(root, validate=True)
    sys.exit("a checkpoint is not signed by the log's key")


def root_of(edge: list[tuple[int, bytes]]) -> bytes:
    """Return the root from the roots of the full subtrees: how many leaves, and which hash."""
    root = edge[-1][1] if edge else sha()
    for _, left in reversed(edge[:-1]):
        root = sha(b"\x01", left, root)
    return root


def main(log: str, key_file: str, old: str = "") -> None:
    key = Path(key_file).read_text("utf-8")
    known = signed(Path(old).read_text("utf-8"), key) if old else (0, sha())
    edge: list[tuple[int, bytes]] = []
    size, covered, met = 0, 0, known[0] == 0
    for number, line in enumerate(Path(log).open(encoding="utf-8"), start=1):  # noqa: SIM115
        said = json.loads(line)
        if line != json.dumps(said, ensure_ascii=False) + "\n":
            sys.exit(f"line {number} is not written as it must be")
        if "entry" in said:
            leaves, node = 1, sha(b"\x00", said["entry"].encode())
            while edge and edge[-1][0] == leaves:
                leaves, node = leaves * 2, sha(b"\x01", edge.pop()[1], node)
            edge.append((leaves, node))
            size += 1
            met = met or (size == known[0] and root_of(edge) == known[1])
        elif "checkpoint" in said:
            covered, root = signed(said["checkpoint"], key)
            if (covered, root) != (size, root_of(edge)):
                sys.exit(f"line {number}: the entries are not those that were signed")
        elif number > 1 or said["format"] != "szunion-audit/2":
            sys.exit(f"line {number} is neither entry nor checkpoint")
    if not size or covered != size or not met:
        sys.exit("the log does not reach its end, or is not the one of the old checkpoint")
    print(f"{size} entries, root {base64.b64encode(root_of(edge)).decode()}: sound")


if __name__ == "__main__":
    main(*sys.argv[1:])
