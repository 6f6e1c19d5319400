"""Whose `--host` is: in a locustfile with users of HTTP, it is theirs, and no endpoint of Bedrock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from locust import FastHttpUser, HttpUser

if TYPE_CHECKING:
    from locust.env import Environment


def http_users(environment: Environment) -> list[str]:
    """The names of the user classes that send their requests to `--host`."""
    return [one.__name__ for one in environment.user_classes if issubclass(one, HttpUser | FastHttpUser)]


def bedrock_host(environment: Environment) -> str | None:
    """The endpoint of Bedrock that `--host`, or the form, names; None if it names none.

    Signed requests must not go to a server only because another user class is to test it.
    """
    return None if http_users(environment) else environment.host
