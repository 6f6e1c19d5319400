"""BedrockClient: boto3's calls, each measured, each returning a Call and firing one `request` event."""

from bedrock_locust.client.answer import Answer
from bedrock_locust.client.calls import BedrockClient

__all__ = ["Answer", "BedrockClient"]
