"""Where the calls of a run went, by the endpoint in `run.json`."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

AWS = (
    *("amazonaws.com", "api.aws", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    *("amazonaws.eu", "api.amazonwebservices.eu", "c2s.ic.gov", "api.aws.ic.gov", "sc2s.sgov.gov", "api.aws.scloud"),
    *("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
)
"""Domains of AWS's own endpoints, VPC endpoints among them: the suffixes in botocore's `partitions.json`."""


def host(url: str) -> str:
    """The host in a URL; empty if it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_aws(host: str) -> bool:
    """Whether a host name belongs to AWS."""
    return host.rstrip(".").endswith(tuple(f".{domain}" for domain in AWS))


def is_here(host: str) -> bool:
    """Whether a host is this machine: what answers there is no service of AWS."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def place(url: str, *, simulator: bool) -> str:
    """What was measured: the `simulator`, `aws` (also where nothing is known), something `here`, or `elsewhere`."""
    name = host(url)
    if simulator or not name or is_aws(name):
        return "simulator" if simulator else "aws"
    return "here" if is_here(name) else "elsewhere"
