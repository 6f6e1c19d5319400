"""What every call has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from .calls import (
    CLAUDE,
    converse,
)

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from .process import Simulator


def test_request_id(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """An answer carries the request id that the ledger has."""
    response = converse(client)
    with pytest.raises(ClientError) as caught:
        client.converse(modelId=CLAUDE, messages=[])
    first, second = simulator.ended(2)
    assert response["ResponseMetadata"]["RequestId"] == first["request_id"]
    assert caught.value.response["ResponseMetadata"]["RequestId"] == second["request_id"]
