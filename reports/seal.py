"""The seal of a report: the hash of each of its files in one list, and a signature (Ed25519) over the list.

Both are made so that a customer needs no Kilowatch to check them: ``sha256sum -c report.sha256`` and
``openssl pkeyutl -verify -pubin -inkey KEY.pem -rawin -in report.sha256 -sigfile report.sha256.sig``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipeline.errors import DataError

SUMS = "report.sha256"
SIGNATURE = "report.sha256.sig"
_LINE = re.compile(r"([0-9a-f]{64})  ([^/\\\0]+)")


def sums_of(files: Mapping[str, bytes]) -> bytes:
    """Return the list as ``sha256sum`` writes it, by name."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return "".join(lines).encode()


def hashes_in(sums: bytes) -> dict[str, str]:
    """Return the hash of each file that a list names.

    Raises:
        DataError: If it is no such list, or names a file outside its own folder.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(sums.decode("utf-8", errors="replace").splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise DataError(
                f"{SUMS}:{number}: expected a SHA-256, two spaces and the name of a file, got {line[:80]!r}"
            )
        found[match.group(2)] = match.group(1)
    return found


def signature_of(sums: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return the 64 bytes of the signature over a list."""
    return key.sign(sums)


def is_signed_by(sums: bytes, signature: bytes, key: Ed25519PublicKey) -> bool:
    """Tell whether a signature over a list was made with the private half of ``key``."""
    try:
        key.verify(signature, sums)
    except InvalidSignature:
        return False
    return True


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return the SHA-256 of a public key in the form that ``openssl pkey -outform DER`` writes."""
    raw = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(raw).hexdigest()
