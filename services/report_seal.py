"""The key that monthly reports are signed with, and the check of a report that somebody hands in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from pipeline.errors import ConfigError, DataError
from reports.seal import SIGNATURE, SUMS, fingerprint, hashes_in, is_signed_by

MAKE_A_KEY = "make one with 'openssl genpkey -algorithm ed25519 -out report-key.pem'"
MOST_BYTES = 64 * 1024
"""Of a key or a list of hashes: more is another file."""


class FileState(StrEnum):
    """What became of one file of a report."""

    INTACT = "intact"
    CHANGED = "changed"
    ABSENT = "absent"


class Signature(StrEnum):
    """What a signature over the list of hashes proves."""

    GOOD = "good"
    """Made with the private half of the key that was given."""
    BAD = "bad"
    """The list was changed, or signed with another key."""
    ABSENT = "absent"
    NOT_CHECKED = "not checked"
    """There is one, but no public key was given to check it by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealCheck:
    """What the seal of a report says."""

    files: dict[str, FileState]
    signature: Signature
    key_fingerprint: str
    """Of the key that the signature was checked by; empty where none was given."""

    @property
    def holds(self) -> bool:
        """Whether no file was changed, and whoever gave a key finds a good signature by it.

        A file that was not handed on does no harm; a missing signature does, for a forger leaves it out.
        """
        trusted = self.signature is (Signature.GOOD if self.key_fingerprint else self.signature)
        is_told = bool(self.files) and FileState.CHANGED not in self.files.values()
        return is_told and trusted and self.signature is not Signature.BAD


def signing_key(path: Path | None) -> Ed25519PrivateKey | None:
    """Return the key that reports are signed with (setting ``report_key_file``); None: they are not signed.

    Raises:
        ConfigError: If the file is no Ed25519 private key without a password; says how to make one.
    """
    if path is None:
        return None
    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm, DataError) as error:
        raise ConfigError(
            f"KILOWATCH_REPORT_KEY_FILE {path}: expected a private Ed25519 key in PEM without a password "
            f"({error}); {MAKE_A_KEY}"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(
            f"KILOWATCH_REPORT_KEY_FILE {path}: expected an Ed25519 key, got {type(key).__name__}; "
            f"{MAKE_A_KEY}"
        )
    return key


def verify_report(path: Path, public_key: Path | None = None) -> SealCheck:
    """Check the files of a report against their list, and the list against its signature.

    Args:
        path: Any file of the report (``report.json``, a PDF ...), or its folder.
        public_key: The issuer's, from a source that you trust: not from whoever handed the report in.

    Raises:
        DataError: If there is no list of hashes beside it, the list does not name the file, or a file cannot
            be read.
        ConfigError: If the public key is none.
    """
    folder = path if path.is_dir() else path.parent
    sums = _read(folder / SUMS)
    listed = hashes_in(sums)
    if not path.is_dir() and path.name not in {*listed, SUMS, SIGNATURE}:
        raise DataError(
            f"{path}: {SUMS} beside it does not name this file; it lists {', '.join(sorted(listed))}"
        )
    key = None if public_key is None else _public_key(public_key)
    return SealCheck(
        files={name: _state(folder / name, digest) for name, digest in sorted(listed.items())},
        signature=_signature(folder / SIGNATURE, sums, key),
        key_fingerprint="" if key is None else fingerprint(key),
    )


def _state(path: Path, digest: str) -> FileState:
    if not path.exists():
        return FileState.ABSENT
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    return FileState.INTACT if found == digest else FileState.CHANGED


def _signature(path: Path, sums: bytes, key: Ed25519PublicKey | None) -> Signature:
    if not path.exists():
        return Signature.ABSENT
    if key is None:
        return Signature.NOT_CHECKED
    return Signature.GOOD if is_signed_by(sums, _read(path), key) else Signature.BAD


def _public_key(path: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, TypeError, UnsupportedAlgorithm, DataError) as error:
        raise ConfigError(
            f"{path}: expected the issuer's public Ed25519 key in PEM ({error}); they make it with "
            "'openssl pkey -in report-key.pem -pubout'"
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"{path}: expected an Ed25519 key, got {type(key).__name__}")
    return key


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
