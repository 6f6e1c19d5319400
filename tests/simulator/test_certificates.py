"""The self-made certificate."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from bedrock_locust.simulator import certificates

if TYPE_CHECKING:
    from pathlib import Path

HOST = "192.0.2.7"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for HOST and its key."""
    pair = certificates.make(HOST)
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(pair.certificate)
    key.write_bytes(pair.key)
    return certificate, key


def shake_hands(files: tuple[Path, Path], name: str) -> None:
    """A handshake of a client that trusts the certificate, and asks for this name."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*files)
    client = ssl.create_default_context(cafile=str(files[0]))
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(back, there, server_hostname=name), server.wrap_bio(there, back, server_side=True)]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert ends[0].version() == "TLSv1.3"


@pytest.mark.parametrize("name", [HOST, "127.0.0.1", "::1", "localhost"])
def test_it_is_good_for_its_names(files: tuple[Path, Path], name: str) -> None:
    """A client that trusts it can use the address, loopback or localhost."""
    shake_hands(files, name)


@pytest.mark.parametrize("name", ["192.0.2.8", "example.com"])
def test_it_is_good_for_no_other_name(files: tuple[Path, Path], name: str) -> None:
    """It vouches for nobody else."""
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(files, name)


def test_it_is_valid_for_a_month(files: tuple[Path, Path]) -> None:
    """It is valid now, also for a clock that is half an hour slow, and not for long."""
    certificate = x509.load_pem_x509_certificate(files[0].read_bytes())
    now = datetime.now(UTC)
    assert certificate.not_valid_before_utc <= now - timedelta(minutes=30)
    assert now + timedelta(days=29) < certificate.not_valid_after_utc < now + timedelta(days=31)


def test_each_has_its_own_key() -> None:
    """Two simulators have neither key nor serial number in common."""
    one, other = certificates.make(HOST), certificates.make(HOST)
    assert one.key != other.key
    numbers = {x509.load_pem_x509_certificate(pair.certificate).serial_number for pair in (one, other)}
    assert len(numbers) == 2
