"""Nouns with their counts, and remedies, in English."""

from __future__ import annotations

NOUNS = {
    "call": ("{} call", "{} calls"),
    "successful": ("{} successful call", "{} successful calls"),
    "user": ("{} user", "{} users"),
    "rate": ("{} request/s", "{} requests/s"),
    "level": ("{} level", "{} levels"),
    "worker": ("{} worker", "{} workers"),
    "row": ("{} row", "{} rows"),
    "halving": ("{} halving", "{} halvings"),
    "time": ("{} time", "{} times"),
    "answer": ("{} answer", "{} answers"),
    "exception": ("{} exception", "{} exceptions"),
    "line": ("{} line", "{} lines"),
    "kind": ("{} rarer kind", "{} rarer kinds"),
    "planned": ("{} planned level", "{} planned levels"),
}
REMEDIES: dict[str, str] = {}
