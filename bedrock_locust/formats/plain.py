"""Patterns of JSON that can be read without a parser: members that hold no other members, and nothing to decode."""

from __future__ import annotations

_FLAT = rb'(?>"[ !#-\[\]-~]*+"|-?(?:0|[1-9][0-9]{0,15}+)|null|\[\])'
"""A text of printable ASCII without escapes, a whole number, null, or an empty array."""


def flat_member(*but: str) -> bytes:
    """The pattern of a member with a flat value whose name is none of these."""
    names = "|".join(but).encode()
    return rb'"(?!(?:' + names + rb')")[A-Za-z_]++": ?' + _FLAT


def listed(member: bytes, *, before: bool) -> bytes:
    """The pattern of any number of members, before or after another one."""
    return rb"(?:" + member + rb", ?)*+" if before else rb"(?:, ?" + member + rb")*+"
