"""Regions: a typo is found before any call, a new region is not taken for one."""

from __future__ import annotations

import pytest

from bedrock_locust.aws.boto3_client import connect, session_for
from bedrock_locust.aws.region import check_region, unknown
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Aws, Settings


def check(region: str, *, own_endpoint: bool = False) -> None:
    """Check a region."""
    check_region(session_for(Aws(region=region), simulator=False), own_endpoint=own_endpoint)


@pytest.mark.parametrize("own_endpoint", [False, True])
@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("us-esat-1", "us-east-1"),
        ("us-east1", "us-east-1"),
        ("us_west_2", "us-west-2"),
        ("eu-centrl-1", "eu-central-1"),
        ("ap-notheast-1", "ap-northeast-1"),
        ("EU-WEST-3", "eu-west-3"),
        ("us-gov-wst-1", "us-gov-west-1"),
        ("us-west-22", "us-west-2"),
        ("usw-est-2", "us-west-2"),
        ("sa-eats-1", "sa-east-1"),
    ],
)
def test_a_typo_has_a_suggestion(typo: str, meant: str, own_endpoint: bool) -> None:
    """The line names the region that was most likely meant."""
    with pytest.raises(SettingsError) as refused:
        check(typo, own_endpoint=own_endpoint)
    assert str(refused.value) == f"unknown region {typo}: did you mean {meant}?"


@pytest.mark.parametrize(
    "region", ["us-east-1", "eu-west-3", "us-gov-west-1", "cn-north-1", "eu-west-9", "mx-south-1", "us-iso-east-1"]
)
def test_regions_known_and_to_come(region: str) -> None:
    """A region that boto3 does not know yet is made of the words of others."""
    check(region)


def test_a_name_that_is_no_region() -> None:
    """It is refused, unless it goes to an endpoint of the user's own, which may have any name."""
    with pytest.raises(SettingsError, match="unknown region nowhere: see "):
        check("nowhere")
    check("nowhere", own_endpoint=True)


def test_similar_names() -> None:
    """Of a name that is none, those nearest to it; of a region that boto3 knows, nothing is said."""
    with pytest.raises(SettingsError, match="similar names are af-south-1, ap-south-1, ap-south-2"):
        check("asia-south-1")
    for region in ("us-east-1", "cn-north-1"):
        assert unknown(session_for(Aws(region=region), simulator=False)) == ""
    assert "similar names are eu-west-1, eu-west-2, eu-west-3" in unknown(
        session_for(Aws(region="eu-west-9"), simulator=False)
    )


def test_a_client_is_not_made() -> None:
    """The region of the settings is the one that is checked, whatever credentials there are."""
    settings = Settings.model_validate({"model": {"id": "m"}, "aws": {"region": "us-esat-1"}})
    with pytest.raises(SettingsError, match="did you mean us-east-1"):
        connect(settings, simulator=False, version="test")
