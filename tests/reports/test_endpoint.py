"""Which endpoints are AWS's, and what the report says of others."""

from __future__ import annotations

import json
from pathlib import Path

import botocore
import pytest

from reports.reading import endpoint

from . import run_folders as make
from .whole import short_report

PARTITIONS = Path(botocore.__file__).parent / "data" / "partitions.json"


def test_aws_is_what_botocore_has() -> None:
    """Every partition of AWS, with both of its suffixes."""
    partitions = json.loads(PARTITIONS.read_text(encoding="utf-8"))["partitions"]
    known = {one["outputs"][key] for one in partitions for key in ("dnsSuffix", "dualStackDnsSuffix")}
    assert known == set(endpoint.AWS)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://bedrock-runtime.us-east-1.amazonaws.com", ""),
        ("https://bedrock-runtime.us-east-1.api.aws", ""),
        ("https://vpce-0a1b-x.bedrock-runtime.us-east-1.vpce.amazonaws.com", ""),
        ("http://127.0.0.1:8080", "Not AWS: the answers came from `127.0.0.1`"),
        ("http://[::1]:8080", "Not AWS: the answers came from `::1`"),
        ("http://localhost:8080", "Not AWS: the answers came from `localhost`"),
        ("https://gateway.example.com", "The calls went to `gateway.example.com`"),
        ("https://amazonaws.com.example.com", "The calls went to `amazonaws.com.example.com`"),
        ("https://notamazonaws.com", "The calls went to `notamazonaws.com`"),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_what_is_not_aws_is_named(tmp_path: Path, url: str, words: str) -> None:
    """An endpoint of AWS needs no word; another is named where the report says whether to trust it."""
    run = make.shaped(("streaming",), (2,), length_s=5)
    run.info["endpoint"] = url
    text = short_report(run.write(tmp_path))
    if words:
        assert f"- {words}" in text
    else:
        assert "ot AWS" not in text
        assert "The calls went to" not in text
