"""Service: the state of the endpoint: behaviour, ledger, cache, and models."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from bedrock_locust.simulator import burndown
from bedrock_locust.simulator.access import Access
from bedrock_locust.simulator.account.metrics import Metrics
from bedrock_locust.simulator.behaviour import AS_STATED
from bedrock_locust.simulator.cache import PromptCache
from bedrock_locust.simulator.kept import Kept
from bedrock_locust.simulator.ledger import Ledger
from bedrock_locust.simulator.load import Model
from bedrock_locust.simulator.quota import Quota
from bedrock_locust.simulator.turns import Turns

if TYPE_CHECKING:
    from bedrock_locust.simulator.auth import Guard
    from bedrock_locust.simulator.behaviour import Behaviour
    from bedrock_locust.simulator.ledger import Entry
    from bedrock_locust.simulator.surfaces import Endpoint

MOST_MODELS = 10_000
"""Most model ids that have a state of their own; beyond it the oldest are forgotten."""


class ModelState:
    """A model: its behaviour, its quotas, and its calls."""

    def __init__(self, behaviour: Behaviour, burndown: float) -> None:
        self.behaviour = behaviour
        self.quota = Quota(behaviour, time.monotonic(), burndown)
        self.load = Model(behaviour)


class Service:
    """Behaviour, ledger, prompt cache, and a state for each model that was called."""

    def __init__(
        self,
        behaviour: Behaviour,
        ledger_size: int,
        guard: Guard | None = None,
        access: Access | None = None,
        endpoint: Endpoint = "runtime",
    ) -> None:
        self.ledger = Ledger(ledger_size)
        self.guard = guard
        self.endpoint: Endpoint = endpoint
        self.access = access or Access()
        self.turns = Turns()
        self.metrics = Metrics()
        self.kept = Kept()
        self.known: set[str] = set()
        """Models that somebody asked the control plane for."""
        self.actions = Counter[str]()
        """IAM action -> how often a caller needed it, whether allowed or denied."""
        self.configure(behaviour)

    def configure(self, behaviour: Behaviour) -> None:
        """Change the behaviour for the calls that arrive from now on. All quotas are full and all caches empty."""
        self.behaviour = behaviour
        self.configured_at = time.monotonic()
        self.cache = PromptCache()
        self._models: dict[str, ModelState] = {}

    def check_allowed(self, action: str) -> None:
        """Count an action that a caller needs; raise `ServiceError` if policies deny it."""
        self.actions[action] += 1
        self.behaviour.check_allowed(action)

    def close(self, entry: Entry) -> None:
        """Enter a call that has ended in the ledger and in the metrics."""
        self.ledger.close(entry)
        self.metrics.add(entry, self.burndown_of(entry.model_id))

    def burndown_of(self, model_id: str) -> float:
        """What an output token of a model takes from the quotas of tokens; AWS states nothing for bedrock-mantle."""
        behaviour = self.behaviour.of(model_id)
        if behaviour.output_burndown != AS_STATED:
            return behaviour.output_burndown
        name = behaviour.inference_profiles.get(model_id, model_id)
        return burndown.stated(name) if self.endpoint == "runtime" else 1.0

    @property
    def called(self) -> list[str]:
        """The models that were called."""
        return list(self._models)

    def model(self, model_id: str) -> ModelState:
        """The state of a model."""
        if model_id not in self._models:
            if len(self._models) >= MOST_MODELS:
                del self._models[next(iter(self._models))]
            self._models[model_id] = ModelState(self.behaviour.of(model_id), self.burndown_of(model_id))
        return self._models[model_id]
