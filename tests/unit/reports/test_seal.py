from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipeline.errors import DataError
from reports.seal import SIGNATURE, SUMS, fingerprint, hashes_in, is_signed_by, signature_of, sums_of

# RFC 8032, section 7.1, test 2: secret key, and its signature of the one byte 0x72.
SECRET = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
SIGNED = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
KEY = Ed25519PrivateKey.from_private_bytes(SECRET)
FILES = {"report.json": b"{}\n", "report.csv": b"a\n"}


def test_a_signature_is_that_of_rfc_8032() -> None:
    assert signature_of(b"\x72", KEY) == SIGNED


def test_the_list_is_the_one_that_sha256sum_writes() -> None:
    assert sums_of({"b": b"", "a": b"abc"}) == (
        b"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n"
        b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n"
    )


@pytest.mark.parametrize("line", ["00  a", f"{'0' * 64}  ../a", f"{'0' * 64} a", "\x00"])
def test_a_list_that_names_other_folders_or_is_none_is_refused(line: str) -> None:
    with pytest.raises(DataError, match=r"report\.sha256:1: expected a SHA-256"):
        hashes_in(line.encode())


def test_a_changed_list_or_another_key_does_not_pass() -> None:
    sums = sums_of(FILES)
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    assert is_signed_by(sums, signature_of(sums, KEY), KEY.public_key())
    assert not is_signed_by(sums + b" ", signature_of(sums, KEY), KEY.public_key())
    assert not is_signed_by(sums, signature_of(sums, KEY), other)
    assert not is_signed_by(sums, b"short", KEY.public_key())


def test_a_customer_checks_it_without_kilowatch(tmp_path: Path) -> None:
    openssl, sha256sum = shutil.which("openssl"), shutil.which("sha256sum")
    assert openssl
    assert sha256sum
    sums = sums_of(FILES)
    for name, raw in {**FILES, SUMS: sums, SIGNATURE: signature_of(sums, KEY)}.items():
        (tmp_path / name).write_bytes(raw)
    public = KEY.public_key()
    (tmp_path / "KEY.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    subprocess.run([sha256sum, "-c", SUMS], cwd=tmp_path, check=True, capture_output=True)  # noqa: S603 - fixed words
    words = f"pkeyutl -verify -pubin -inkey KEY.pem -rawin -in {SUMS} -sigfile {SIGNATURE}"
    subprocess.run([openssl, *words.split()], cwd=tmp_path, check=True, capture_output=True)  # noqa: S603 - fixed words
    der = subprocess.run(  # noqa: S603 - fixed words
        [openssl, "pkey", "-pubin", "-in", "KEY.pem", "-outform", "DER"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    ).stdout
    (tmp_path / "der").write_bytes(der)
    told = subprocess.run([sha256sum, "der"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout  # noqa: S603 - fixed words
    assert told.split()[0] == fingerprint(public)
