"""The simulator with TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_locust.simulator import certificates

from .process import Simulator

if TYPE_CHECKING:
    from pathlib import Path


def test_given_certificate(tmp_path: Path) -> None:
    """A certificate and a key from files are served."""
    pair, files = certificates.make("127.0.0.1"), [tmp_path / "certificate.pem", tmp_path / "key.pem"]
    for file, content in zip(files, (pair.certificate, pair.key), strict=True):
        file.write_bytes(content)
    options = ("--tls-certificate", str(files[0]), "--tls-key", str(files[1]))
    simulator = Simulator(*options, trust=str(files[0]))
    try:
        assert simulator.url.startswith("https://")
        assert simulator.stats()["calls"] == 0
    finally:
        assert simulator.stop() == (0, "", "")
