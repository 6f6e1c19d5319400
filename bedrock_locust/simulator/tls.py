"""TLS: the files with the certificate and its key, given or self-made."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


class TlsError(Exception):
    """TLS cannot be served with these options. The text says why."""


@dataclass(frozen=True, slots=True)
class Files:
    """PEM files."""

    certificate: Path
    key: Path


@contextmanager
def files(options: argparse.Namespace) -> Iterator[Files | None]:
    """The files to serve TLS with, or `None` for cleartext; the key of a self-made certificate is removed at the end.

    Raises `TlsError`.
    """
    if options.tls_self_made:
        with tempfile.TemporaryDirectory() as folder:
            yield _make(options.host, Path(options.tls_self_made), Path(folder) / "key.pem")
    elif options.tls_certificate:
        yield _given(options.tls_certificate, options.tls_key)
    else:
        yield None


def _given(certificate: str, key: str | None) -> Files:
    if not key:
        raise TlsError("--tls-certificate needs --tls-key")
    for name in (certificate, key):
        if not os.access(name, os.R_OK):
            raise TlsError(f"{name} cannot be read")
    return Files(Path(certificate), Path(key))


def _make(host: str, certificate: Path, key: Path) -> Files:
    try:
        from bedrock_locust.simulator import certificates  # noqa: PLC0415  # slow, and may be missing
    except ModuleNotFoundError as error:
        raise TlsError(f"{error.name} is not installed: pip install '.[simulator]'") from None
    try:
        pair = certificates.make(host)
        certificate.write_bytes(pair.certificate)
    except (OSError, ValueError) as error:
        raise TlsError(f"no certificate could be made: {error}") from None
    key.touch(mode=0o600)
    key.write_bytes(pair.key)
    return Files(certificate, key)
