"""For which endpoints a worker signs."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.aws.own_endpoint import check_endpoint_is_own, is_of_aws
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.options import own_directory, own_endpoints

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "host",
    [
        "bedrock-runtime.us-east-1.amazonaws.com",
        "bedrock-runtime.us-east-1.amazonaws.com:443",
        "Bedrock-Runtime.eu-central-1.amazonaws.com/",
        "bedrock-runtime-fips.us-gov-west-1.amazonaws.com",
        "bedrock-runtime.cn-north-1.amazonaws.com.cn",
        "bedrock-runtime.us-west-2.api.aws",
        "bedrock-mantle.us-east-1.api.aws",
        "vpce-0a1b2c-x7y8z9.bedrock-runtime.us-east-1.vpce.amazonaws.com",
        "vpce-0a1b2c-x7y8z9-us-east-1a.bedrock-runtime.us-east-1.vpce.amazonaws.com",
    ],
)
def test_endpoints_of_aws(host: str) -> None:
    """Bedrock's own endpoints, those of FIPS, China, dual stack and VPCs included."""
    assert is_of_aws(f"https://{host}")
    assert not is_of_aws(f"http://{host}")
    check_endpoint_is_own(f"https://{host}", ())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "https://attacker.example",
        "https://bedrock-runtime.us-east-1.amazonaws.com.attacker.example",
        "https://attacker.example/bedrock-runtime.us-east-1.amazonaws.com",
        "https://attacker.example#.bedrock-runtime.us-east-1.amazonaws.com",
        "https://attacker.example\\.bedrock-runtime.us-east-1.amazonaws.com",
        "https://bedrock-runtime.us-east-1.amazonaws.com@attacker.example",
        "https://user@bedrock-runtime.us-east-1.amazonaws.com",
        "https://bedrock-runtime.us-east-1.amazonaws.com:8443",
        "https://bedrock-runtime.us-east-1.evil-amazonaws.com",
        "https://bedrock-1.us-east-1.elb.amazonaws.com",
        "https://bedrock-runtime-1234.us-east-1.elb.amazonaws.com",
        "https://bedrock.s3.amazonaws.com",
        "https://bedrock-runtime.s3.us-east-1.amazonaws.com",
        "https://bedrock.execute-api.us-east-1.amazonaws.com",
        "https://ec2-1-2-3-4.compute-1.amazonaws.com",
        "https://sts.us-east-1.amazonaws.com",
        "https://bedrock-runtime.us-east-1.amazonaws.com\n.attacker.example",
        "https://bedrock-runtime.us-east-1.amazonaws.com:x",
        "ftp://bedrock-runtime.us-east-1.amazonaws.com",
        "",
    ],
)
def test_other_endpoints(url: str) -> None:
    """What only looks like Bedrock, and what anybody can have under a domain of AWS, gets no signature."""
    with pytest.raises(SettingsError, match="--bedrock-allow-endpoint"):
        check_endpoint_is_own(url, ("https://own.example",))


@pytest.mark.parametrize(
    ("url", "own"),
    [
        (None, ()),
        ("http://gateway.internal:8080/x", ("http://Gateway.internal:8080",)),
        ("https://gateway.internal", ("http://other", "https://gateway.internal:443/")),
    ],
)
def test_own_endpoints(url: str | None, own: tuple[str, ...]) -> None:
    """That of boto3 and those that the worker itself was started with are signed for, whatever their path."""
    check_endpoint_is_own(url, own)


@pytest.mark.parametrize("own", ["https://gateway.internal", "http://gateway.internal:81", "http://x.gateway.internal"])
def test_another_scheme_or_port_is_another_endpoint(own: str) -> None:
    """Without TLS, or on another port, somebody else may listen."""
    with pytest.raises(SettingsError):
        check_endpoint_is_own("http://gateway.internal", (own,))


def test_what_a_worker_has_of_its_own(tmp_path: Path) -> None:
    """Endpoints and the folder for rows are those of the worker's own file and options."""
    config = tmp_path / "config.json"
    config.write_text('{"aws": {"endpoint_url": "https://in.file"}, "output": {"directory": "mine"}}')
    parsed = Namespace(bedrock_config=str(config), bedrock_allow_endpoint="https://a, https://b")
    assert own_endpoints(parsed, "https://host") == {"https://in.file", "https://host", "https://a", "https://b"}
    assert own_directory(parsed) == "mine"
    assert own_directory(Namespace(bedrock_config=str(config), bedrock_directory="other")) == "other"
    nothing = Namespace(bedrock_config=str(tmp_path / "none.json"))
    assert (own_endpoints(nothing, None), own_directory(nothing)) == (frozenset(), "results")
