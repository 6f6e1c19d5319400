"""Settings: what `config.json` holds, checked. Each default is here and nowhere else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from bedrock_locust.mistakes import describe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Positive = Annotated[int, Field(gt=0)]
Amount = Annotated[float, Field(gt=0)]
Price = Annotated[float, Field(ge=0)]
Percent = Annotated[float, Field(gt=0, le=100)]
Text = Annotated[str, Field(min_length=1)]

CREDENTIALS = frozenset({"profile", "access_key_id", "secret_access_key", "session_token"})
"""Keys of `aws` that stay in the process that read them."""


class SettingsError(Exception):
    """What the user has to mend before a run: one line for each mistake, with the remedy."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class Aws(_Section):
    """Where the service is and who asks."""

    region: str | None = None
    profile: str | None = None
    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None
    endpoint_url: str | None = None

    @field_validator("endpoint_url")
    @classmethod
    def _is_url(cls, url: str | None) -> str | None:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        if url and "@" in url.split("/")[2]:
            raise ValueError("must not hold a user name or password")
        return url

    @model_validator(mode="after")
    def _keys_come_in_pairs(self) -> Aws:
        for key in (self.access_key_id, self.secret_access_key):
            if key and key.get_secret_value().upper().startswith("YOUR_"):
                raise ValueError(
                    "access_key_id and secret_access_key are still the placeholders of the example: put your keys"
                    " there, or better remove both lines and use a profile (aws.profile) or a role"
                )
        if bool(self.access_key_id) != bool(self.secret_access_key):
            raise ValueError("access_key_id and secret_access_key are needed together: give both or none")
        return self


class Model(_Section):
    """The model under test and its quotas, per minute."""

    id: Text
    quota: Positive | None = None
    tokens_per_minute: Positive | None = None
    api: Literal["converse", "invoke"] = "converse"
    service_tier: Literal["default", "priority", "flex", "reserved"] | None = None
    latency: Literal["standard", "optimized"] | None = None
    output_burndown: Annotated[float, Field(gt=0)] | None = None
    """Tokens of quota that one output token uses; without it the factor that AWS states for the model."""

    @property
    def burndown(self) -> float:
        """Tokens of quota that one output token uses."""
        return self.output_burndown or burndown_of(self.id)


_OLD_CLAUDE = re.compile(r"claude-(?:v?[12]\b|instant|3-(?!7)|v2)")
CLAUDE_BURNDOWN = 5.0
"""Output tokens of Claude 3.7 and later count five times against the quota (AWS: Amazon Bedrock User
Guide, How tokens are counted; read November 2026). It lists models by name: that later ones are the same is
taken from its wording for 3.7 and up. An ARN that does not name its model counts as other models do."""


def burndown_of(model_id: str) -> float:
    """The burn-down factor of output tokens that AWS states for a model: 5 for Claude 3.7 and later, else 1."""
    name = model_id.lower()
    return CLAUDE_BURNDOWN if "claude" in name and not _OLD_CLAUDE.search(name) else 1.0


class Test(_Section):
    """What each call asks for."""

    prompt_size: Positive = 1000
    prompt_template: str = ""
    streaming: bool = True
    non_streaming: bool = True
    max_tokens: Positive = 2048
    temperature: Annotated[float, Field(ge=0)] | None = 0.7
    unique_prompts: bool = True
    timeout_seconds: Annotated[float, Field(gt=0)] = 300
    preflight: bool | None = None
    """Whether one call is made before the load; null: where the endpoint is that of AWS."""

    @field_validator("temperature", mode="before")
    @classmethod
    def _null(cls, value: object) -> object:
        return None if isinstance(value, str) and value.strip().lower() in {"null", "none"} else value

    @model_validator(mode="after")
    def _has_a_mode(self) -> Test:
        if not (self.streaming or self.non_streaming):
            raise ValueError("streaming and non_streaming are both false: set at least one of them to true")
        return self


class Concurrency(_Section):
    """The levels: `start`, `start` + `step`, ... users, up to at most `end`, each for `duration_seconds`."""

    start: Positive = 1
    end: Positive = 10
    step: Positive = 1
    duration_seconds: Annotated[float, Field(gt=0)] = 60
    warmup_seconds: Annotated[float, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _end_after_start(self) -> Concurrency:
        if self.end < self.start:
            raise ValueError(f"end is {self.end}, less than start ({self.start}): raise end or lower start")
        return self


class Output(_Section):
    """Where the results go."""

    report_file: Text = "benchmark_report.md"
    directory: Text = "results"
    language: Literal["en", "zh"] = "en"
    formats: tuple[Literal["markdown", "html", "json"], ...] = ("markdown", "json")


class Pricing(_Section):
    """What a million tokens cost, in `currency`."""

    input_per_million: Price
    output_per_million: Price
    cache_read_per_million: Price = 0
    cache_write_per_million: Price = 0
    currency: Annotated[str, Field(min_length=1, max_length=10)] = "USD"


class Slo(_Section):
    """What a level has to hold: times at a percentile, a success rate, a speed."""

    ttft_ms: Amount | None = None
    tpot_ms: Amount | None = None
    latency_ms: Amount | None = None
    percentile: Annotated[float, Field(ge=1, lt=100)] = 95
    success_rate: Percent | None = None
    min_tokens_per_s: Amount | None = None
    users: Positive | None = None
    """The gate looks at levels of at most so many users; null: at all."""


class Limits(_Section):
    """What ends a run early."""

    max_cost_usd: Amount | None = None
    """In the currency of `pricing`, which it needs."""
    max_requests: Positive | None = None
    max_output_tokens: Positive | None = None
    max_error_rate: Percent | None = None
    """Percent of the calls that ended in the last `window_seconds`; a throttle counts, too."""
    window_seconds: Amount = 60
    same_failures: Positive | None = None
    """So many failures of one kind in a row, of a kind that no repetition heals."""


class Settings(_Section):
    """All settings of a run."""

    aws: Aws = Aws()
    model: Model
    test: Test = Test()
    concurrency: Concurrency = Concurrency()
    output: Output = Output()
    pricing: Pricing | None = None
    slo: Slo | None = None
    limits: Limits | None = None

    @model_validator(mode="after")
    def _a_cost_needs_prices(self) -> Settings:
        if self.limits and self.limits.max_cost_usd and not self.pricing:
            raise ValueError("limits.max_cost_usd needs prices: add pricing.input_per_million and output_per_million")
        return self

    @model_validator(mode="before")
    @classmethod
    def _tier_of_the_original(cls, values: Any) -> Any:
        """Accept `test.service_tier`, where the original tool had it."""
        test = values.get("test") if isinstance(values, dict) else None
        if not isinstance(test, dict) or "service_tier" not in test:
            return values
        model = values.get("model") if isinstance(values.get("model"), dict) else {}
        tier = {"service_tier": test["service_tier"] or None}
        rest = {key: value for key, value in test.items() if key != "service_tier"}
        return {**values, "model": {**tier, **model}, "test": rest}

    @property
    def call_limit_s(self) -> float:
        """The longest that one call may take, whatever the service does, in seconds."""
        return 4 * self.test.timeout_seconds

    def public(self) -> dict[str, Any]:
        """What may go to workers and into files: all but credentials and sections that are not set."""
        values = self.model_dump(mode="json", exclude={"aws": set(CREDENTIALS)})
        return {name: section for name, section in values.items() if section is not None}

    def recorded(self) -> dict[str, Any]:
        """The public settings with what follows from them: what `run.json` keeps for the report."""
        values = self.public()
        return {**values, "model": {**values["model"], "output_burndown": self.model.burndown}}

    def in_region(self, region: str) -> Settings:
        """These settings with the region that boto3 found."""
        return self.model_copy(update={"aws": self.aws.model_copy(update={"region": region})})

    def with_credentials(self, aws: Mapping[str, Any]) -> Settings:
        """These settings with the credentials of another `aws` section."""
        own = {key: value for key, value in aws.items() if key in CREDENTIALS}
        return self.model_copy(update={"aws": Aws.model_validate({**self.aws.model_dump(), **own})})


SECTIONS: dict[str, type[_Section]] = {
    "aws": Aws,
    "model": Model,
    "test": Test,
    "concurrency": Concurrency,
    "output": Output,
    "pricing": Pricing,
    "slo": Slo,
    "limits": Limits,
}


def read_file(path: Path) -> dict[str, Any]:
    """The content of a configuration file, unchecked but for being a JSON object. Raises SettingsError."""
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: no such file. Copy config.example.json to {path} and fill in your region and model,"
            " or name another file with --bedrock-config"
        ) from None
    except OSError as error:
        raise SettingsError(f"{path}: can't be read ({error.strerror}). Name another with --bedrock-config") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not UTF-8 text. Save it as UTF-8 JSON") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise SettingsError(f"{path}: is not valid JSON at {place}: {error.msg}. Mend that line") from None
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: must hold a JSON object {{...}}, see config.example.json")
    return values


def build(values: Mapping[str, Any], origin: Mapping[tuple[str, ...], str], file: str) -> Settings:
    """Settings from nested values. `origin` says where a value came from, if not from `file`.

    Raises SettingsError with one line for each mistake.
    """
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        known = {name: frozenset(model.model_fields) for name, model in SECTIONS.items()}
        mistakes = error.errors(include_url=False, include_context=True)
        raise SettingsError(*(describe(mistake, values, origin, file, known) for mistake in mistakes)) from None
