"""A mistyped AWS region is found before any call: its host would not be found, or its signature not accepted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    import boto3

MOST_SLIPS = 2
"""A name with more slips of the finger than this is not a mistyped region."""

MOST_SIMILAR = 3
"""Names of regions that a message shows."""

_SHAPE = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[1-9]").fullmatch


def check_region(session: boto3.Session, *, own_endpoint: bool) -> None:
    """Raise SettingsError where the session has no region, or one that cannot be meant.

    A region that this boto3 does not know yet passes if it is made of the words of others (eu-west-9). With an
    endpoint of the user's own any name passes that is not close to a known one.
    """
    region = session.region_name
    if not region:
        raise SettingsError(
            "no AWS region: set aws.region in the configuration file, --bedrock-region or AWS_DEFAULT_REGION"
        )
    known = _known(session)
    if region in known or (_SHAPE(region) and set(region[:-2].split("-")) <= _words(known)):
        return
    near = min(known, key=lambda name: _slips(region.lower(), name))
    if _slips(region.lower(), near) <= MOST_SLIPS:
        raise SettingsError(f"unknown region {region}: did you mean {near}?")
    if not own_endpoint:
        raise SettingsError(
            f"unknown region {region}: see aws.region, --bedrock-region and AWS_DEFAULT_REGION; similar names are"
            f" {_similar(region, known)}"
        )


def unknown(session: boto3.Session) -> str:
    """What to say of the region of a session that boto3 does not know; empty for any other.

    It may be new, or stand for nothing but the signatures of calls to an endpoint of the user's own.
    """
    region, known = session.region_name or "", _known(session)
    if not region or region in known:
        return ""
    return (
        f"{region} is no region that this boto3 knows. If it is none of AWS, it only goes into the signatures of calls;"
        f" else set aws.region or --bedrock-region: similar names are {_similar(region, known)}"
    )


def _similar(region: str, known: list[str]) -> str:
    """The names of regions that are nearest to one."""
    nearest = sorted(known, key=lambda name: (_slips(region.lower(), name), name))[:MOST_SIMILAR]
    return ", ".join(nearest)


def _known(session: boto3.Session) -> list[str]:
    """The regions that boto3 knows; those of EC2, which every region has."""
    partitions = session.get_available_partitions()
    return [region for name in partitions for region in session.get_available_regions("ec2", partition_name=name)]


def _words(known: list[str]) -> set[str]:
    """The words that names of regions are made of: us, east, central, ..."""
    return {word for region in known for word in region.split("-")}


def _slips(typed: str, meant: str) -> int:
    """How many slips of the finger lie between two names: letters left out, added, wrong, or two swapped.

    The optimal string alignment distance: Boytsov, "Indexing methods for approximate dictionary searching", 2011.
    """
    before, row = list[int](), list(range(len(meant) + 1))
    for i, letter in enumerate(typed):
        last, before, row = before, row, [i + 1]
        for j, other in enumerate(meant):
            row.append(min(before[j] + (letter != other), before[j + 1] + 1, row[j] + 1))
            if i and j and letter == meant[j - 1] and typed[i - 1] == other:
                row[-1] = min(row[-1], last[j - 1] + 1)
    return row[-1]
