"""Load-test AWS Bedrock models with Locust.

The names here are imported when they are used: Locust has to patch sockets for gevent before boto3
is imported, and `python -m bedrock_locust.simulator` needs neither of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bedrock_locust.call import Call
    from bedrock_locust.client import Answer, BedrockClient
    from bedrock_locust.plugin import replay_of, settings_of, setup
    from bedrock_locust.settings.mistakes import SettingsError
    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.user import BedrockUser, NonStreamingUser, StreamingUser

__version__ = "0.2.0.dev0"

__all__ = [
    "Answer",
    "BedrockClient",
    "BedrockUser",
    "Call",
    "NonStreamingUser",
    "Settings",
    "SettingsError",
    "StreamingUser",
    "replay_of",
    "settings_of",
    "setup",
]

_HOMES = {
    "Answer": "client",
    "BedrockClient": "client",
    "BedrockUser": "user",
    "Call": "call",
    "NonStreamingUser": "user",
    "Settings": "settings.schema",
    "SettingsError": "settings.mistakes",
    "StreamingUser": "user",
    "replay_of": "plugin",
    "settings_of": "plugin",
    "setup": "plugin",
}


def __getattr__(name: str) -> Any:
    """Import a public name at its first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_module("locust")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
