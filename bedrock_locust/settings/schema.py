"""The settings in `config.json`, checked. Their defaults are here and in `goals`, and nowhere else."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bedrock_locust.redaction import know
from bedrock_locust.settings import jsonc, otlp
from bedrock_locust.settings.arrivals import Arrivals, Trace
from bedrock_locust.settings.burndown import NONE, Rate, burndown_of
from bedrock_locust.settings.fields import (
    WEEK_S,
    Amount,
    FileName,
    ModelId,
    NativeFormat,
    NotNegative,
    Positive,
    Seconds,
    Section,
    Users,
)
from bedrock_locust.settings.goals import Limits, Pricing, Slo, unknown_cost
from bedrock_locust.settings.mistakes import SettingsError, describe
from bedrock_locust.settings.outline import outline
from bedrock_locust.settings.pairs import hides_model, impossible
from bedrock_locust.settings.quotas import QuotaName, Quotas, codes
from bedrock_locust.settings.search import NO_TARGET, NOT_ASKED, Search, asks
from bedrock_locust.settings.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CREDENTIALS = frozenset({"profile", "access_key_id", "secret_access_key", "session_token"})
"""Keys of `aws` that never leave the process that read them."""


MOST_BYTES = 1_000_000
"""The longest configuration file."""


class Aws(Section):
    """The endpoint, and the credentials of the caller."""

    region: str | None = None
    """Region of the service, such as `us-east-1`. Without it boto3 decides (`AWS_DEFAULT_REGION`, profile)."""
    profile: str | None = None
    """Profile of `~/.aws/config`. It stays in the process that reads it: each worker needs its own."""
    access_key_id: SecretStr | None = None
    """Access key, as in the original tool. A profile or a role is safer. Never sent to workers."""
    secret_access_key: SecretStr | None = None
    """Secret of the access key. Never sent to workers, never shown."""
    session_token: SecretStr | None = None
    """Session token of temporary keys. Never sent to workers, never shown."""
    endpoint_url: str | None = None
    """Endpoint instead of that of AWS: a VPC endpoint, a proxy, a simulator."""
    control_endpoint_url: str | None = None
    """Endpoint that answers for quotas and metrics instead of AWS. Calls to the model never go there."""

    @field_validator("endpoint_url", "control_endpoint_url")
    @classmethod
    def _is_url(cls, url: str | None) -> str | None:
        return _checked_url(url) if url else url

    @model_validator(mode="after")
    def _are_known(self) -> Aws:
        """Have the keys kept out of everything that is written or shown."""
        keys = (self.access_key_id, self.secret_access_key, self.session_token)
        know(*(key.get_secret_value() for key in keys if key))
        return self

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


def _checked_url(url: str) -> str:
    """The address, if it is one that may be shown and called. Raises ValueError."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    if "@" in url.split("/")[2]:
        raise ValueError("must not hold a user name or password")
    if not url.isprintable():
        raise ValueError("must not have control characters")
    if "?" in url or "#" in url:
        raise ValueError("must not have a query (?...) or a fragment (#...)")
    if not _host_of(url):
        raise ValueError("must name a host, such as http://127.0.0.1:8080")
    if not _has_valid_port(url):
        raise ValueError("must have a port from 1 to 65535")
    return url


def _host_of(url: str) -> str:
    """The host that a URL names; empty if it names none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _has_valid_port(url: str) -> bool:
    """Whether a URL has a port that can be connected to, or leaves it to its scheme."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


class Model(Section):
    """The model under test and its quotas, per minute."""

    id: ModelId
    """Model id, inference profile id or ARN. Required."""
    tokens_per_minute: Positive | None = None
    """Your quota of tokens per minute on bedrock-runtime. The plan and the report compare the run with it."""
    tokens_per_day: Positive | None = None
    """Your quota of tokens per day on bedrock-runtime. The plan compares the run with it."""
    quota: Positive | None = None
    """Your quota of requests per minute on bedrock-runtime. Many newer models have none."""
    input_tokens_per_minute: Positive | None = None
    """Your quota of input tokens per minute on bedrock-mantle."""
    output_tokens_per_minute: Positive | None = None
    """Your quota of output tokens per minute on bedrock-mantle."""
    api: Literal["converse", "invoke", "responses", "chat", "messages"] = "converse"
    """`converse` works for any model; `invoke` sends its native format; docs/apis.md says who has the others."""
    endpoint: Literal["runtime", "mantle"] = "runtime"
    """`runtime` is bedrock-runtime, `mantle` is bedrock-mantle, with model ids and quotas of its own."""
    project: ModelId | None = None
    """Project of the calls: its id, or on runtime its ARN. Without it the default one."""
    format: NativeFormat | None = None
    """Native format of `invoke`, for an ARN that does not name its model. Without it the model id tells."""
    base_model: ModelId | None = None
    """Id of the model behind an ARN that does not name it. Without it AWS tells, where it can."""
    service_tier: Literal["default", "priority", "flex", "reserved"] | None = None
    """Service tier of each call. Without it none is sent."""
    latency: Literal["standard", "optimized"] | None = None
    """Latency mode of each call. Without it none is sent."""
    output_burndown: Amount | None = None
    """Tokens of quota that one output token uses. Without it the factor that AWS states for the model."""
    quota_lookup: Literal["auto", "off"] = "auto"
    """`auto` finds the quotas that are not set here in the account, if calls go to AWS or to the simulator."""
    quota_codes: Annotated[dict[QuotaName, str] | None, BeforeValidator(codes)] = None
    """Codes of quotas that the lookup cannot tell apart, as `{"tokens_per_minute": "L-A4430697"}`, or as text:
    `tokens_per_minute=L-A4430697,quota=L-254CACF4`."""

    def named(self, model_id: str) -> Model:
        """These settings for another model: its format is its own."""
        other = {"id": model_id, "format": None, "base_model": None}
        return self if model_id == self.id else self.model_copy(update=other)

    @property
    def known_id(self) -> str:
        """The id that tells which model it is, if any does."""
        return self.base_model or self.id

    @property
    def quotas(self) -> Quotas:
        """Those of the quotas that the endpoint has."""
        return Quotas.of(self)

    @property
    def burndown(self) -> float:
        """Tokens of quota that one output token uses."""
        return self.output_burndown or self._rate.factor

    @property
    def burndown_is_certain(self) -> bool:
        """Whether that is what AWS, or the settings, state for this model."""
        return bool(self.output_burndown) or self._rate.certain

    @property
    def _rate(self) -> Rate:
        """What AWS states; for bedrock-mantle it states none."""
        return burndown_of(self.known_id) if self.endpoint == "runtime" else NONE


class Test(Section):
    """How each call is made."""

    prompt_size: Annotated[Positive, Field(le=10_000_000)] = 1000
    """Length of each prompt, in characters."""
    prompt_template: Annotated[str, Field(max_length=1_000_000)] = ""
    """Text of the prompt; `{size}` becomes the prompt size. Without it, a built-in text."""
    streaming: bool = True
    """Run the levels with streaming calls."""
    non_streaming: bool = True
    """Run the levels with non-streaming calls."""
    request: dict[str, Any] | None = None
    """Members that each request gets, as `{"system": [{"text": "Be brief."}]}`; docs/workload.md has examples."""
    max_tokens: Annotated[Positive, Field(le=1_000_000)] = 2048
    """Most output tokens of an answer. Newer models reserve them from the quota of tokens."""
    temperature: NotNegative | None = None
    """Sampling temperature. Without it none is sent: many newer models refuse it."""
    unique_prompts: bool = True
    """Start each prompt with a random nonce, so that no prompt cache answers for the model."""
    timeout_seconds: Seconds = 300
    """Longest silence of the service, in seconds. A call that takes four times this long in all fails, too."""
    transport: Literal["measured", "botocore"] = "measured"
    """`measured` reads from a socket of our own and knows when each token arrived; `botocore` uses the SDK's."""
    load: Literal["users", "rates", "search"] = "users"
    """What the load is: `users` of `concurrency`, `rates` of `arrivals`, or a `search`: by default what is given."""
    names: Literal["level", "mode"] = "level"
    """Names of calls in Locust's own tables: their level, or only their mode, for tools that take few names."""
    preflight: bool | None = None
    """Make one call before the load. `null` makes it only if the endpoint is that of AWS."""

    @field_validator("temperature", mode="before")
    @classmethod
    def _null(cls, value: object) -> object:
        return None if isinstance(value, str) and value.strip().lower() in {"null", "none"} else value

    @model_validator(mode="after")
    def _has_a_mode(self) -> Test:
        if not (self.streaming or self.non_streaming):
            raise ValueError("streaming and non_streaming are both false: set at least one of them to true")
        return self


MOST_LEVELS = 1000
"""Levels of a mode. To plan more of them would hold up the page, and the measurement with it."""


class Concurrency(Section):
    """The levels: `start`, `start` + `step`, ... users, at most `end`, each for `duration_seconds`."""

    start: Users = 1
    """Concurrent users of the first level."""
    end: Users = 10
    """Concurrent users of the last level, at most."""
    step: Users = 1
    """Users added from level to level."""
    duration_seconds: Seconds = 60
    """Time for which each level is measured, in seconds."""
    warmup_seconds: Annotated[NotNegative, Field(le=WEEK_S)] = 0
    """Time for which each level runs before it is measured, in seconds."""

    @model_validator(mode="after")
    def _end_after_start(self) -> Concurrency:
        if self.end < self.start:
            raise ValueError(f"end is {self.end}, less than start ({self.start}): raise end or lower start")
        return self

    @model_validator(mode="after")
    def _are_not_too_many(self) -> Concurrency:
        levels = (self.end - self.start) // self.step + 1
        if levels > MOST_LEVELS:
            users = f"{self.start:,} to {self.end:,} users in steps of {self.step}"
            raise ValueError(f"{users} are {levels:,} levels, and {MOST_LEVELS:,} are the most: raise step")
        return self


class Output(Section):
    """Where the results are written, and in which form."""

    report_file: FileName = "benchmark_report.md"
    """Where to copy the report."""
    directory: FileName = "results"
    """Folder in which the run folders are written."""
    aws_check: bool = False
    """After the run, fetch AWS's own figures of it from CloudWatch, which can take minutes; docs/account.md."""
    language: Literal["en", "zh"] = "en"
    """Language of the report: `en` or `zh`."""
    formats: tuple[Literal["markdown", "html", "json", "junit", "github"], ...] = ("markdown", "html", "json")
    """Formats of the report; Markdown and JSON are always made. `junit`: the gate; `github`: the summary of a job."""
    otlp_endpoint: str | None = None
    """Where figures go by OTLP over HTTP, such as `http://127.0.0.1:4318`. Without it `OTEL_EXPORTER_OTLP_ENDPOINT`."""
    otlp_spans: bool = False
    """Send a span for each call as well."""

    @field_validator("otlp_endpoint")
    @classmethod
    def _is_over_http(cls, url: str | None) -> str | None:
        return _checked_url(otlp.base(url)) if url else None


NO_RATES = (
    "test.load is rates, and none are given: set arrivals.rates (--bedrock-rates, such as 1,2,4), a profile or a trace"
)
SENT = ("file", "input_tokens", "output_tokens", "shared_prefix_tokens", "turns")
"""Settings of the workload that a trace decides."""
SECTIONS_OF_LOADS = {"rates": "arrivals", "search": "search"}
"""What `test.load` is where one of these sections is given, and it is not."""


class Settings(Section):
    """All settings of a run."""

    aws: Aws = Aws()
    model: Model
    test: Test = Test()
    concurrency: Concurrency = Concurrency()
    arrivals: Arrivals | None = None
    search: Search | None = None
    output: Output = Output()
    pricing: Pricing | None = None
    slo: Slo | None = None
    limits: Limits | None = None
    workload: Workload | None = None

    _replaced: str = PrivateAttr("")

    @property
    def replaced(self) -> str:
        """Which settings of the file an option has taken the place of, though it does not set them, in words."""
        return self._replaced

    def note_replaced(self, words: str) -> None:
        """Keep them for the plan of this process."""
        self._replaced = words

    @field_validator("workload")
    @classmethod
    def _says_something(cls, workload: Workload | None) -> Workload | None:
        """The form sends all of its fields: with their defaults, there is no workload."""
        return None if workload == Workload() else workload

    @field_validator("search")
    @classmethod
    def _is_looked_for(cls, search: Search | None, info: ValidationInfo) -> Search | None:
        """The form sends all of its fields: with their defaults, and another load, there is no search."""
        test = info.data.get("test")
        return None if search == Search() and test is not None and test.load != "search" else search

    @model_validator(mode="after")
    def _can_be_called(self) -> Settings:
        for model in self.models:
            if why := impossible(model, self.test.max_tokens):
                raise ValueError(why)
        return self

    @model_validator(mode="after")
    def _a_cost_needs_prices(self) -> Settings:
        if self.limits and (why := unknown_cost(self.limits, self.pricing)):
            raise ValueError(why)
        return self

    @model_validator(mode="before")
    @classmethod
    def _tier_of_the_original(cls, values: Any) -> Any:
        """Accept `test.service_tier`, where the original tool had it."""
        return _with_tier_in_model(values) if isinstance(values, dict) else values

    @model_validator(mode="before")
    @classmethod
    def _load_where_given(cls, values: Any) -> Any:
        """Have the load be what is given, `arrivals` or `search`, unless `test.load` says otherwise."""
        test = values.get("test", {}) if isinstance(values, dict) else None
        if not isinstance(test, dict):
            return values
        given = [load for load, section in SECTIONS_OF_LOADS.items() if values.get(section) is not None]
        if "load" not in test and len(given) > 1:
            raise ValueError("arrivals and search are both given: remove one of them, or choose with test.load")
        if "load" not in test and given:
            return {**values, "test": {**test, "load": given[0]}}
        is_missing = test.get("load") == "search" and values.get("search") is None
        return {**values, "search": {}} if is_missing else values

    @model_validator(mode="after")
    def _has_its_load(self) -> Settings:
        if self.test.load == "rates" and self.arrivals is None:
            raise ValueError(NO_RATES)
        if self.test.load == "search" and self.slo is None:
            raise ValueError(NO_TARGET)
        if self.test.load == "search" and not any(self.searched):
            raise ValueError(NOT_ASKED if self.slo and self.slo.has_conditions else NO_TARGET)
        return self

    @model_validator(mode="after")
    def _a_trace_says_what_is_sent(self) -> Settings:
        workload = self.workload
        if self.trace and workload and (given := [key for key in SENT if getattr(workload, key) not in (None, 1)]):
            raise ValueError(f"arrivals.trace says what is sent: remove workload.{given[0]}, or the trace")
        return self

    @model_validator(mode="after")
    def _has_something_to_cache(self) -> Settings:
        """Calls of a trace share prefixes, and so may those of a file: that is known once it has been read."""
        if self.workload and not self.file_of_requests and (why := self.workload.caches_nothing):
            raise ValueError(why)
        return self

    @property
    def searching(self) -> Search | None:
        """The search, where the load is one."""
        return self.search if self.test.load == "search" else None

    @property
    def searched(self) -> tuple[bool, bool]:
        """Whether there is a limit to look for with streaming calls, and with others: something is asked of them."""
        slo, test = self.slo, self.test
        if slo is None:
            return False, False
        return test.streaming and asks(slo, streaming=True), test.non_streaming and asks(slo, streaming=False)

    @property
    def most_in_flight(self) -> int:
        """The most calls in flight at a time, in the whole run."""
        if self.searching:
            return self.searching.max_in_flight if self.searching.by_rate else int(self.searching.most)
        return self.open_loop.max_in_flight if self.open_loop else self.concurrency.end

    @property
    def modes(self) -> tuple[bool, bool]:
        """Whether streaming calls run, and others; in a search, those of which the SLO asks something."""
        return self.searched if self.searching else (self.test.streaming, self.test.non_streaming)

    @property
    def shape(self) -> dict[str, Any]:
        """The attributes of the load shape for users, or for a search: most have the names of their settings."""
        if self.searching:
            return {**self.searching.model_dump(exclude={"for"}), "by_rate": self.searching.by_rate}
        return self.concurrency.model_dump() if self.test.load == "users" else {}

    @property
    def has_steps(self) -> bool:
        """Whether `concurrency` is not the default: somebody has set it."""
        return self.concurrency != Concurrency()

    @property
    def open_loop(self) -> Arrivals | None:
        """The arrivals, where calls arrive at rates; None where users call one after the other."""
        return self.arrivals if self.test.load == "rates" else None

    @property
    def trace(self) -> Trace | None:
        """The trace that is replayed; None where another load is asked for."""
        return self.open_loop.trace if self.open_loop else None

    @property
    def priced_models(self) -> frozenset[str]:
        """The models that the prices are for: that of the settings, and those that a trace is replayed to."""
        return frozenset((self.model.id, *(self.trace.mine if self.trace else ())))

    @property
    def goes_elsewhere(self) -> bool:
        """Whether calls go to models that have other quotas than the one of the settings."""
        return len(self.priced_models) > 1

    @property
    def file_of_requests(self) -> str:
        """The file with what is sent: that of the trace, or of the workload; empty without one."""
        if self.trace:
            return self.trace.file
        return self.workload.file or "" if self.workload else ""

    @property
    def models(self) -> tuple[Model, ...]:
        """The model under test, and those to which calls of a trace go."""
        return (self.model, *map(self.model_named, self.trace.mine if self.trace else ()))

    def model_named(self, model_id: str) -> Model:
        """The settings of the model for another one, to which calls of a trace go."""
        own, behind = self.model.named(model_id), self.trace.base_models if self.trace else None
        found = (behind or {}).get(model_id) if own is not self.model else None
        told = (self.trace.formats or {}).get(model_id) if self.trace and own is not self.model else None
        return own.model_copy(update={"base_model": found, "format": told}) if found or told else own

    def with_base_model(self, model_id: str, base_model: str) -> Settings:
        """These settings with the model behind an ARN to which calls of a trace go."""
        return self._with_traced("base_models", model_id, base_model)

    def with_format(self, model_id: str, native_format: str) -> Settings:
        """These settings with the native format of an ARN to which calls of a trace go."""
        return self._with_traced("formats", model_id, native_format)

    def _with_traced(self, name: str, model_id: str, told: str) -> Settings:
        if self.arrivals is None or self.arrivals.trace is None:
            return self
        trace = self.arrivals.trace
        known = trace.model_copy(update={name: {**(getattr(trace, name) or {}), model_id: told}})
        return self.model_copy(update={"arrivals": self.arrivals.model_copy(update={"trace": known})})

    @property
    def hidden_ids(self) -> list[str]:
        """The ids that do not say which model they are, where the settings do not, either, and AWS does."""
        hidden = (model.id for model in self.models if hides_model(model.id) and not model.base_model)
        return [*dict.fromkeys(hidden)]

    @property
    def native_formats(self) -> dict[str, str]:
        """The native formats of models whose ids do not tell them, or the models behind these."""
        return {model.id: told for model in self.models if (told := model.format or model.base_model)}

    @property
    def call_limit_s(self) -> float:
        """The longest time that one call may take, whatever the service does, in seconds."""
        return 4 * self.test.timeout_seconds

    def public(self) -> dict[str, Any]:
        """The values that workers and files get: all but credentials, and but sections that are not set."""
        values = self.model_dump(mode="json", exclude={"aws": set(CREDENTIALS)})
        return {name: section for name, section in values.items() if section is not None}

    def recorded(self) -> dict[str, Any]:
        """What `run.json` keeps: the public settings, the burn-down in force, no contents of `test.request`."""
        values = self.public()
        model = {**values["model"], "output_burndown": self.model.burndown}
        return {**values, "model": model, "test": {**values["test"], "request": outline(self.test.request)}}

    def in_region(self, region: str) -> Settings:
        """These settings with the region that boto3 found."""
        return self.model_copy(update={"aws": self.aws.model_copy(update={"region": region})})

    def with_credentials(self, aws: Mapping[str, Any]) -> Settings:
        """These settings with the credentials of another `aws` section; raises `SettingsError`."""
        own = {key: value for key, value in aws.items() if key in CREDENTIALS}
        return build({**self.model_dump(), "aws": {**self.aws.model_dump(), **own}}, {}, "own credentials")


SECTIONS: dict[str, type[Section]] = {
    "aws": Aws,
    "model": Model,
    "test": Test,
    "concurrency": Concurrency,
    "arrivals": Arrivals,
    "search": Search,
    "output": Output,
    "pricing": Pricing,
    "slo": Slo,
    "limits": Limits,
    "workload": Workload,
}


def _with_tier_in_model(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values with `test.service_tier` moved to `model`, if both sections are objects."""
    test, model = values.get("test"), values.get("model", {})
    if not isinstance(test, dict) or not isinstance(model, dict) or "service_tier" not in test:
        return values
    tier = {"service_tier": test["service_tier"] or None}
    rest = {key: value for key, value in test.items() if key != "service_tier"}
    return {**values, "model": {**tier, **model}, "test": rest}


def _open_at_once(path: str, flags: int) -> int:
    """Open a file. A pipe without a writer would hold up the whole process otherwise."""
    return os.open(path, flags | os.O_NONBLOCK)


def _content(path: Path) -> bytes:
    """What is in a configuration file. Raises OSError, and SettingsError where it is no file or too long."""
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise SettingsError(f"{path}: is not a regular file. Name another with --bedrock-config")
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise SettingsError(f"{path}: has more than {MOST_BYTES:,} bytes, too much for settings. Name another file")
    return content


def read_file(path: Path) -> dict[str, Any]:
    """The content of a configuration file: a JSON object, comments allowed. Raises SettingsError."""
    try:
        values = jsonc.loads(_content(path).decode("utf-8-sig"))
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: no such file. Copy config.example.json to {path} and fill in your region and model,"
            " or name another file with --bedrock-config"
        ) from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}). Name another with --bedrock-config") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not UTF-8 text. Save it as UTF-8 JSON") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise SettingsError(f"{path}: is not valid JSON at {place}: {error.msg}. Correct that line") from None
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: is not valid JSON: {error}. Correct it") from None
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: must hold a JSON object {{...}}, see config.example.json")
    return values


def build(values: Mapping[str, Any], origin: Mapping[tuple[str, ...], str], file: str) -> Settings:
    """Settings from nested values. `origin` says where a value came from, if not from `file`.

    Raises SettingsError with one line for each mistake.
    """
    # Settings does this too, but a message has to find the value where its path says.
    values = _with_tier_in_model(values)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        known = {name: frozenset(model.model_fields) for name, model in SECTIONS.items()}
        known["arrivals.trace"] = frozenset(field.alias or name for name, field in Trace.model_fields.items())
        mistakes = error.errors(include_url=False, include_context=True)
        raise SettingsError(*(describe(mistake, values, origin, file, known) for mistake in mistakes)) from None
