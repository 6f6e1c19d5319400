"""What others use of the same quotas now, by CloudWatch: the run gets only the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from bedrock_locust.aws.account.control import why

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.aws.account.control import Control
    from bedrock_locust.settings.schema import Model


class Called(Protocol):
    """What was called."""

    @property
    def id(self) -> str:
        """Id of the model, as called."""

    @property
    def endpoint(self) -> str:
        """Endpoint."""


MINUTES = 15
SPACES = {"runtime": ("AWS/Bedrock", "ModelId"), "mantle": ("AWS/BedrockMantle", "Model")}
"""Endpoint -> namespace, and dimension that names the model."""
METRICS = {
    "runtime": {"quota": "Invocations", "tokens_per_minute": "EstimatedTPMQuotaUsage"},
    "mantle": {"input_tokens_per_minute": "TotalInputTokens", "output_tokens_per_minute": "TotalOutputTokens"},
}
"""Endpoint -> the metric of what stands against a quota."""


def others(control: Control, model: Model, until: datetime | None = None) -> tuple[dict[str, float], list[str]]:
    """Setting of a quota -> what was used of it in a minute, on average; and what could not be found out."""
    until = (until or datetime.now(UTC)).replace(second=0, microsecond=0)
    metrics = METRICS[model.endpoint]
    queries = [query(model, metric, "Sum", 60, f"m{n}") for n, metric in enumerate(metrics.values())]
    try:
        answer = control.client("cloudwatch").get_metric_data(
            MetricDataQueries=queries, StartTime=until - timedelta(minutes=MINUTES), EndTime=until
        )
    except Exception as error:  # noqa: BLE001 - no permission, no way to it: the forecast begins at 0
        return {}, [f"what others use of the quotas was not looked up: {why(error)}"]
    sums = {one["Id"]: sum(one["Values"]) for one in answer["MetricDataResults"]}
    return {name: sums.get(f"m{n}", 0.0) / MINUTES for n, name in enumerate(metrics)}, []


def query(model: Called, metric: str, stat: str, period_s: int, name: str) -> Mapping[str, Any]:
    """A query for a metric of the calls to a model."""
    space, dimension = SPACES[model.endpoint]
    one = {"Namespace": space, "MetricName": metric, "Dimensions": [{"Name": dimension, "Value": model.id}]}
    return {"Id": name, "MetricStat": {"Metric": one, "Period": period_s, "Stat": stat}}
