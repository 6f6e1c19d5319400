"""Load-test AWS Bedrock models with Locust."""

__version__ = "0.1.0"
