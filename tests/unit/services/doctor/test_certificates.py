"""A certificate that has run out, or will within a month, is told before people or gateways are kept out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from services.doctor.certificates import certificates
from services.doctor.finding import Grade
from services.doctor.machine import Machine
from services.settings import Settings

NOW = datetime.now(UTC)


def certificate(path: Path, ends: datetime) -> Path:
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pages")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=400))
        .not_valid_after(ends)
        .sign(key, None)
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return path


def on(**settings: Path) -> Machine:
    machine = Machine()
    machine.__dict__["settings"] = Settings.model_validate(settings)
    return machine


@pytest.mark.parametrize(
    ("days", "grade", "says"),
    [(-1, Grade.FAULT, "has run out"), (29, Grade.WARNING, "runs out"), (300, Grade.OK, "holds until")],
)
def test_until_when_a_certificate_holds_is_told(tmp_path: Path, days: int, grade: Grade, says: str) -> None:
    file = certificate(tmp_path / "pages.pem", NOW + timedelta(days=days))
    ((found, told, step),) = certificates(on(dashboard_tls_cert_file=file))
    assert found is grade
    assert says in told
    assert str(file) in told
    assert ("renew it" in step) == (grade is not Grade.OK)


def test_of_a_chain_the_first_to_run_out_counts(tmp_path: Path) -> None:
    own = certificate(tmp_path / "own.pem", NOW + timedelta(days=300))
    above = certificate(tmp_path / "above.pem", NOW - timedelta(days=1))
    own.write_bytes(own.read_bytes() + above.read_bytes())
    ((found, _, _),) = certificates(on(mqtt_cert_file=own))
    assert found is Grade.FAULT


def test_of_authorities_one_that_holds_will_do(tmp_path: Path) -> None:
    bundle = certificate(tmp_path / "ca.pem", NOW - timedelta(days=1))
    newer = certificate(tmp_path / "newer.pem", NOW + timedelta(days=300))
    ((found, _, _),) = certificates(on(mqtt_ca_file=bundle))
    assert found is Grade.FAULT
    bundle.write_bytes(bundle.read_bytes() + newer.read_bytes())
    ((found, _, _),) = certificates(on(mqtt_ca_file=bundle))
    assert found is Grade.OK


def test_what_is_none_is_a_fault_that_names_the_variable_and_costs_no_other(tmp_path: Path) -> None:
    wrong = tmp_path / "key.pem"
    wrong.write_text("no certificate")
    good = certificate(tmp_path / "good.pem", NOW + timedelta(days=300))
    found = list(certificates(on(dashboard_tls_cert_file=wrong, mqtt_ca_file=good)))
    assert [grade for grade, _, _ in found] == [Grade.FAULT, Grade.OK]
    assert "KILOWATCH_DASHBOARD_TLS_CERT_FILE" in found[0][2]
