"""The dashboard of the examples: Grafana's own schema reads all of it, and its queries ask for what there is."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from typing import Any

import promql_parser
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client.parser import text_string_to_metric_families

from bedrock_locust.live.health import Health
from bedrock_locust.outputs.prometheus.endpoint import Endpoint
from bedrock_locust.outputs.prometheus.figures import Figures

from .dashboard import dashboard, queries
from .test_output import CALL, LEVEL, STATE, run_of

QUERIES = queries()


def exposed() -> dict[str, set[str]]:
    """Name of each sample that `/metrics` has -> its labels."""
    figures = Figures()
    figures.begin(run_of(health=Health()))
    figures.level(LEVEL)
    figures.tick(STATE)
    call = replace(
        CALL,
        ttft_ms=250.0,
        last_token_ms=890.0,
        chunks=50,
        output_tokens=50,
        content_bytes=200,
        input_tokens=9,
        send_delay_ms=1.0,
        read_lag_ms=0.1,
        scheduled_at=CALL.started_at,
    )
    figures.add(call)
    figures.add(replace(call, error="ThrottlingError"))
    text = Endpoint(figures).answer("").get_data(as_text=True)
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {sample.name: set(sample.labels) for sample in samples}


EXPOSED = exposed()


def selectors(query: str) -> list[promql_parser.VectorSelector]:
    """What a query reads. Raises ValueError where it is no PromQL."""
    found: list[promql_parser.VectorSelector] = []

    def visit(part: promql_parser.Expr) -> None:
        if isinstance(part, promql_parser.MatrixSelector):
            part = part.vector_selector
        if isinstance(part, promql_parser.VectorSelector):
            found.append(part)

    promql_parser.walk(promql_parser.parse(query), visit)
    return found


def lost(given: Any, kept: Any, path: str = "") -> list[str]:
    """The members of a document that another, made from it, has not or has otherwise."""
    if isinstance(given, dict) and isinstance(kept, dict):
        return [line for name, value in given.items() for line in lost(value, kept.get(name), f"{path}/{name}")]
    if isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        pairs = enumerate(zip(given, kept, strict=True))
        return [line for at, (value, other) in pairs for line in lost(value, other, f"{path}/{at}")]
    return [] if given == kept else [path]


def test_the_schema_of_grafana_knows_every_member() -> None:
    """Read by the types that Grafana's makers generate from its schema, and written again, nothing is missing."""
    register_default_plugins()
    given = dashboard()
    kept = json.loads(JSONEncoder().encode(Dashboard.from_json(given)))
    assert lost(given, kept) == []


def test_a_wrong_member_would_be_seen() -> None:
    """The test above notices what Grafana would ignore."""
    given = dashboard()
    given["panels"][0]["fieldConfig"]["defaults"]["units"] = "s"
    kept = json.loads(JSONEncoder().encode(Dashboard.from_json(given)))
    assert lost(given, kept) == ["/panels/0/fieldConfig/defaults/units"]


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_asks_for_what_there_is(name: str) -> None:
    """It is PromQL, and reads metrics that `/metrics` has, by labels that they have."""
    read = selectors(QUERIES[name])
    assert read
    for selector in read:
        assert selector.name in EXPOSED
        assert {matcher.name for matcher in selector.matchers.matchers} <= EXPOSED[selector.name]


def test_each_metric_is_shown() -> None:
    """The dashboard leaves none out."""
    shown = {selector.name for query in QUERIES.values() for selector in selectors(query)}
    histograms = {name.removesuffix("_bucket") for name in EXPOSED if name.endswith("_bucket")}
    counted = {f"{name}_{part}" for name in histograms for part in ("sum", "count")}
    assert shown | counted >= EXPOSED.keys()


def test_panels_lie_beside_each_other() -> None:
    """None covers another, and each has a number of its own."""
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert apart or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


def test_calls_without_a_phase_are_shown() -> None:
    """Those of an own locustfile without levels have an empty one."""
    phases = {
        matcher.value
        for query in QUERIES.values()
        for selector in selectors(query)
        for matcher in selector.matchers.matchers
        if matcher.name == "phase"
    }
    assert phases == {".*|"}
