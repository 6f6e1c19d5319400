"""The `--bedrock-*` options of the locust command, their environment variables and form fields."""

from __future__ import annotations

import json
import os
import stat
from argparse import Action
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from bedrock_locust.settings import arrivals
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import (
    CREDENTIALS,
    NO_RATES,
    SECTIONS,
    SECTIONS_OF_LOADS,
    Output,
    Settings,
    build,
    read_file,
)
from bedrock_locust.settings.search import NO_TARGET, Search
from bedrock_locust.settings.web import PROTECTED, is_in_form
from bedrock_locust.settings.workload import Workload
from bedrock_locust.settings.workload_folder import folder_of, name_of, names_in, path_of

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Container, Iterable, Mapping

    from locust.argument_parser import LocustArgumentParser

DEFAULT_CONFIG = "config.json"
SIMULATED_MODEL = "us.anthropic.claude-haiku-5-5"
"""The model that a run against the simulator names where no settings do; the simulator serves any."""

GROUPS = {
    "aws": "AWS",
    "model": "Model",
    "test": "Calls",
    "workload": "Workload",
    "concurrency": "Levels",
    "arrivals": "Levels",
    "search": "Search",
    "slo": "SLO",
    "limits": "Limits",
    "output": "Results",
}
"""The name of each section of the settings in the form and in the help."""


EMPTY = "bedrock_empty"
"""Where the parsed options have the names of those that the command line gave without a value."""
NOT_SENT = "not sent"
"""The choice of the form that leaves a setting out, whatever the file says."""


class Option(NamedTuple):
    """An option that overrides one setting."""

    flag: str
    section: str
    key: str
    help: str

    @property
    def dest(self) -> str:
        """Its name among Locust's parsed options."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def env_var(self) -> str:
        """Its environment variable."""
        return self.dest.upper()

    @property
    def label(self) -> str:
        """Its help text, which is also the label of its field: its group, and what it sets."""
        group = GROUPS["concurrency"] if self.key == "load" else GROUPS[self.section]
        return f"{group}: {self.help[0].lower()}{self.help[1:]}"

    @property
    def choices(self) -> list[str] | None:
        """The values that it can have, if there are few, and NOT_SENT if it can be left out; None if there are many."""
        kind: Any = SECTIONS[self.section].model_fields[self.key].annotation
        options = [value for part in (kind, *get_args(kind)) for value in get_args(part) if isinstance(value, str)]
        none = [NOT_SENT] if type(None) in get_args(kind) else []
        if bool in get_args(kind):
            options = ["true", "false"]
        return [*none, *options] if options else None

    @property
    def origin(self) -> str:
        """Its name in a message."""
        return f"{self.flag} (or {self.env_var}, or the form)"


OPTIONS = (
    Option(
        "--bedrock-load", "test", "load", "Load: users (start, end, step), rates at which calls arrive, or a search"
    ),
    Option("--bedrock-start", "concurrency", "start", "Concurrent users of the first level"),
    Option("--bedrock-end", "concurrency", "end", "Concurrent users of the last level, at most"),
    Option("--bedrock-step", "concurrency", "step", "Users added from level to level"),
    Option("--bedrock-rates", "arrivals", "rates", "Arrivals per second of each level, such as 1,2,4"),
    Option(
        "--bedrock-arrival-profile",
        "arrivals",
        "profile",
        "In place of rates: seconds, first and last rate of each part, such as 60:1:10,300:10:10 or JSON",
    ),
    Option("--bedrock-trace", "arrivals", "trace", "In place of rates: a trace to replay, its file or JSON with more"),
    Option(
        "--bedrock-ramp",
        "arrivals",
        "ramp",
        "aws: go up to the one rate as AWS recommends, half back at a 503; or off",
    ),
    Option(
        "--bedrock-max-in-flight", "arrivals", "max_in_flight", "Most calls in flight; an arrival beyond is dropped"
    ),
    Option("--bedrock-search-for", "search", "for", "Look for the highest load within the SLO: users, or a rate"),
    Option("--bedrock-search-start", "search", "start", "First load that is tried"),
    Option("--bedrock-search-most", "search", "most", "Largest load that is tried"),
    Option("--bedrock-duration", "concurrency", "duration_seconds", "Seconds for which each level is measured"),
    Option("--bedrock-warmup", "concurrency", "warmup_seconds", "Seconds of each level before it is measured"),
    Option("--bedrock-model", "model", "id", "Id, inference profile id or ARN"),
    Option("--bedrock-max-tokens", "test", "max_tokens", "Most output tokens of an answer"),
    Option(
        "--bedrock-tokens-per-minute",
        "model",
        "tokens_per_minute",
        "Your quota of tokens per minute",
    ),
    Option("--bedrock-tokens-per-day", "model", "tokens_per_day", "Your quota of tokens per day"),
    Option("--bedrock-quota", "model", "quota", "Your quota of requests per minute"),
    Option(
        "--bedrock-input-tokens-per-minute",
        "model",
        "input_tokens_per_minute",
        "Your quota of input tokens per minute on bedrock-mantle",
    ),
    Option(
        "--bedrock-output-tokens-per-minute",
        "model",
        "output_tokens_per_minute",
        "Your quota of output tokens per minute on bedrock-mantle",
    ),
    Option("--bedrock-quota-lookup", "model", "quota_lookup", "auto (find the quotas in the account) or off"),
    Option(
        "--bedrock-quota-codes",
        "model",
        "quota_codes",
        "Codes of quotas that the lookup cannot tell apart: tokens_per_minute=L-A4430697,quota=L-254CACF4, or JSON",
    ),
    Option(
        "--bedrock-api", "model", "api", "converse (any model), invoke (native format), responses, chat or messages"
    ),
    Option("--bedrock-endpoint", "model", "endpoint", "runtime (bedrock-runtime) or mantle (bedrock-mantle)"),
    Option("--bedrock-project", "model", "project", "Project of the calls; without it the default one"),
    Option("--bedrock-format", "model", "format", "Native format of invoke, for an ARN that does not name its model"),
    Option("--bedrock-base-model", "model", "base_model", "Id of the model behind an ARN that does not name it"),
    Option("--bedrock-service-tier", "model", "service_tier", "default, priority, flex or reserved"),
    Option("--bedrock-latency", "model", "latency", "standard or optimized"),
    Option("--bedrock-prompt-size", "test", "prompt_size", "Characters in each prompt"),
    Option(
        "--bedrock-prompt-template",
        "test",
        "prompt_template",
        "Text of the prompt; {size} becomes the prompt size",
    ),
    Option("--bedrock-streaming", "test", "streaming", "Run the levels with streaming calls: true or false"),
    Option(
        "--bedrock-non-streaming",
        "test",
        "non_streaming",
        "Run the levels with non-streaming calls: true or false",
    ),
    Option(
        "--bedrock-temperature",
        "test",
        "temperature",
        "Sampling temperature; null for none: newer models refuse it",
    ),
    Option(
        "--bedrock-unique-prompts",
        "test",
        "unique_prompts",
        "Start each prompt with a nonce, so that no prompt cache answers: true or false",
    ),
    Option("--bedrock-timeout", "test", "timeout_seconds", "Longest silence of the service, in seconds"),
    Option("--bedrock-transport", "test", "transport", "measured (our own sockets) or botocore (the SDK's)"),
    Option("--bedrock-preflight", "test", "preflight", "Make one call before the load: true or false"),
    Option("--bedrock-workload-file", "workload", "file", "File of requests; each worker reads its own copy"),
    Option("--bedrock-order", "workload", "order", "in_turn or shuffled: order of the records of the file"),
    Option("--bedrock-input-tokens", "workload", "input_tokens", "Tokens of each prompt, a number or a distribution"),
    Option("--bedrock-output-tokens", "workload", "output_tokens", "Most tokens of each answer, as input tokens"),
    Option("--bedrock-shared-prefix-tokens", "workload", "shared_prefix_tokens", "Tokens that calls begin with alike"),
    Option("--bedrock-cache", "workload", "cache", "Cache point after them: off, 5m, 1h, or implicit without one"),
    Option("--bedrock-turns", "workload", "turns", "Most turns of a conversation"),
    Option("--bedrock-slo-ttft", "slo", "ttft_ms", "Longest time to first token allowed, in ms, at slo.percentile"),
    Option("--bedrock-slo-latency", "slo", "latency_ms", "Longest latency allowed, in ms, at slo.percentile"),
    Option("--bedrock-slo-success", "slo", "success_rate", "Lowest success rate allowed, in percent"),
    Option("--bedrock-max-cost", "limits", "max_cost_usd", "End the run at this cost (USD); needs pricing"),
    Option("--bedrock-max-requests", "limits", "max_requests", "End the run after this number of calls"),
    Option("--bedrock-max-error-rate", "limits", "max_error_rate", "End the run when this percentage of calls fails"),
    Option("--bedrock-language", "output", "language", "Language of the report: en or zh"),
    Option("--bedrock-report-file", "output", "report_file", "Where to copy the report"),
    Option("--bedrock-directory", "output", "directory", "Where to write the run folders"),
    Option("--bedrock-region", "aws", "region", "Region, such as us-east-1"),
    Option("--bedrock-profile", "aws", "profile", "Profile of ~/.aws/config; each worker uses its own"),
)


FILE = next(option for option in OPTIONS if (option.section, option.key) == ("workload", "file"))
"""The option that names the file of the workload."""


def add_options(
    parser: LocustArgumentParser,
    current: Settings | None,
    form_may_set: frozenset[str] = frozenset(),
    folder: str = "",
) -> None:
    """Add the options to Locust's parser; the fields of the form show the `current` settings.

    `form_may_set` has the protected settings that the form shows as well, `folder` the files that it offers.

    Without settings the defaults are empty, so that the file decides where an option was not given.
    """
    parser.add_argument(
        "--bedrock-config",
        env_var=_variable("BEDROCK_CONFIG"),
        default=None,
        action=_Given,
        metavar="FILE",
        include_in_web_ui=False,
        help=f"File with the settings, in JSON. Default: {DEFAULT_CONFIG}",
    )
    parser.add_argument(
        "--bedrock-simulator",
        env_var=_variable("BEDROCK_SIMULATOR"),
        nargs="?",
        const="",
        default=None,
        metavar="OPTIONS",
        include_in_web_ui=False,
        help="Start a local simulator of Bedrock with these options, and run against it; no AWS account needed",
    )
    parser.add_argument(
        "--bedrock-console",
        env_var=_variable("BEDROCK_CONSOLE"),
        default="auto",
        choices=["auto", "live", "plain", "off"],
        include_in_web_ui=False,
        help="What a run shows in the terminal: a live panel, plain lines, or nothing. auto shows a panel for a"
        " headless run on a terminal, unless CI is set",
    )
    parser.add_argument(
        "--bedrock-worker-timeout",
        env_var=_variable("BEDROCK_WORKER_TIMEOUT"),
        default=30,
        type=int,
        metavar="SECONDS",
        include_in_web_ui=False,
        help="How long master and workers wait for a silent other side before they give it up, 6 to 55 s. Default: 30",
    )
    parser.add_argument(
        "--bedrock-report-timeout",
        env_var=_variable("BEDROCK_REPORT_TIMEOUT"),
        default=600,
        type=int,
        metavar="SECONDS",
        include_in_web_ui=False,
        help="How long making the report may take; then the run ends without it. Default: 600",
    )
    parser.add_argument(
        "--bedrock-allow-endpoint",
        env_var=_variable("BEDROCK_ALLOW_ENDPOINT"),
        default=None,
        action=_Given,
        metavar="URL",
        include_in_web_ui=False,
        help="On a worker: an endpoint besides those of AWS that it signs for when its master names it; several are"
        " separated by commas",
    )
    parser.add_argument(
        "--bedrock-allowed-hosts",
        env_var=_variable("BEDROCK_ALLOWED_HOSTS"),
        default=None,
        action=_Given,
        metavar="NAMES",
        include_in_web_ui=False,
        help="Host names under which the web UI is reached, separated by commas. IP addresses, localhost, the name of"
        " this machine and --web-host need none",
    )
    parser.add_argument(
        "--bedrock-form-may-set",
        env_var=_variable("BEDROCK_FORM_MAY_SET"),
        default=None,
        action=_Given,
        metavar="SETTINGS",
        include_in_web_ui=False,
        help="Settings that the form of the web UI may change, separated by commas:"
        f" {', '.join(PROTECTED)}. Default: none of them",
    )
    parser.add_argument(
        "--bedrock-workload-dir",
        env_var=_variable("BEDROCK_WORKLOAD_DIR"),
        default=None,
        action=_Given,
        metavar="FOLDER",
        include_in_web_ui=False,
        help="Folder with files of requests. The form of the web UI offers them, and --bedrock-workload-file is the"
        " name of one in it",
    )
    parser.add_argument(
        "--bedrock-metrics-port",
        env_var=_variable("BEDROCK_METRICS_PORT"),
        default=None,
        type=int,
        metavar="PORT",
        include_in_web_ui=False,
        help="Port on which a server of Prometheus fetches /metrics; needs the extra prometheus. The web UI has"
        " /metrics with the extra alone",
    )
    parser.add_argument(
        "--bedrock-metrics-host",
        env_var=_variable("BEDROCK_METRICS_HOST"),
        default="127.0.0.1",
        action=_Given,
        metavar="ADDRESS",
        include_in_web_ui=False,
        help="Address on which that port listens. For others than 127.0.0.1 set BEDROCK_METRICS_TOKEN, which is then"
        " asked for as a bearer token",
    )
    shown = current.public() if current else {}
    if current and (levels := current.open_loop or current.searching):
        shown["concurrency"] |= {key: getattr(levels, key) for key in OF_BOTH}
    if current:
        shown.setdefault("search", Search().model_dump(mode="json"))
        shown.setdefault("workload", Workload().model_dump(mode="json"))
    for option in OPTIONS:
        # The form shows the settings in force, whatever the command line said at the start.
        form: dict[str, Any] = {"action": _Shown, "choices": option.choices} if current else {"action": _Given}
        value = _value(shown, option)
        if current and (option.section, option.key) == ("aws", "profile"):
            value = current.aws.profile
        if current and folder and option == FILE:
            value, form["choices"] = _offered(folder, value)
        parser.add_argument(
            option.flag,
            env_var=_variable(option.env_var),
            default=_chosen(value) if form.get("choices") else value,
            metavar=option.key.upper(),
            include_in_web_ui=is_in_form(option.section, option.key, form_may_set) or bool(folder and option == FILE),
            help=_label_in_form(option, form_may_set) if current else option.label,
            **form,
        )


def _label_in_form(option: Option, may_set: frozenset[str]) -> str:
    """The label of a field. Where the form may not name a trace, that of the rates says where one is set."""
    is_elsewhere = option.key == "rates" and not is_in_form("arrivals", "trace", may_set)
    where = "; a trace is set with --bedrock-trace when locust starts" if is_elsewhere else ""
    return f"{option.label}{where} ({option.flag})"


def _offered(folder: str, path: str | None) -> tuple[str, list[str]]:
    """The file that the form shows as chosen, and all that it offers. An empty one leaves a file elsewhere as it is."""
    name = name_of(folder, path) if path else NOT_SENT
    names = [one for one in names_in(folder) if one != name]
    return (name, [name, *names] if name == NOT_SENT else [NOT_SENT, name, *names]) if name else ("", ["", *names])


def _chosen(value: Any) -> Any:
    """The choice of a list that stands for a value."""
    if value is None:
        return NOT_SENT
    return str(value).lower() if isinstance(value, bool) else value


def _value(shown: Mapping[str, Any], option: Option) -> Any:
    """What an option is set to, in the public settings."""
    value = shown.get(option.section, {}).get(option.key)
    if isinstance(value, dict) and option.key == "quota_codes":
        return ",".join(f"{name}={code}" for name, code in value.items())
    if isinstance(value, dict):
        return json.dumps(value) if option.key == "trace" else _length(value)
    return _listed(value) if isinstance(value, list) else value


def _length(value: Mapping[str, Any]) -> str | None:
    """A length as an option has it: `800`, or JSON; that of a file is left to the configuration."""
    if value.get("source"):
        return None
    given = {name: part for name, part in value.items() if part is not None}
    if given.keys() <= {"mean", "stddev"} and not given.get("stddev"):
        return f"{given['mean']:g}"
    return json.dumps(given)


def _listed(values: list[Any]) -> str:
    """A list as an option has it: `1,2.5`, or `60:1:10,300:10:10`."""
    return ",".join(
        ":".join(f"{each:g}" for each in (value if isinstance(value, list) else [value])) for value in values
    )


def _variable(name: str) -> str | None:
    """The environment variable of an option. An empty one counts as not set: this is how a container leaves one out."""
    return name if os.environ.get(name) != "" else None


class _Given(Action):
    """Keeps the value of an option, and notes where it is empty: on a command line that is a mistake."""

    def __call__(self, _: object, namespace: Namespace, value: Any, flag: str | None = None) -> None:
        """Take the value."""
        setattr(namespace, self.dest, value)
        if value == "":
            setattr(namespace, EMPTY, [*getattr(namespace, EMPTY, ()), flag])


def check_not_empty(parsed: Namespace) -> None:
    """Raise SettingsError where the command line has options without a value."""
    if empty := getattr(parsed, EMPTY, ()):
        raise SettingsError(*(f"{flag} is empty: give it a value, or leave it out" for flag in empty))


class _Shown(Action):
    """Keeps an option at its default, so that the form shows the settings in force."""

    def __call__(self, *_: Any) -> None:
        """Ignore the value."""


def load(parsed: Namespace, endpoint: str | None) -> Settings:
    """The settings in force: options over the configuration file over the defaults. Raises SettingsError."""
    check_not_empty(parsed)
    values, file = _from_file(parsed)
    given = _over_environment(_given(parsed))
    # The form leaves out a setting of a section that nothing else asks for.
    asked = {*values, *(option.section for option, value in given.items() if value is not None)}
    given = {option: value for option, value in given.items() if option.section in asked}
    variables = {option for option, value in given.items() if _is_of_environment(option, value)}
    replaced = _choose_loop(values, {(option.section, option.key): option for option in given}, variables)
    for option, value in given.items():
        if option.key not in OF_BOTH | OF_RATES:
            _put(values, option.section, option.key, _in_folder(parsed, value) if option == FILE else value)
    _check_load(values, given, file)
    section = _section_of_load(values)
    places = {option: _section_of(option, section) for option in given}
    for option, value in given.items():
        if option.key in OF_BOTH | OF_RATES:
            _put(values, places[option], option.key, value)
    origin: dict[tuple[str, ...], str] = {(place, option.key): option.origin for option, place in places.items()}
    if endpoint:
        _put(values, "aws", "endpoint_url", endpoint)
        origin["aws", "endpoint_url"] = "--host"
    if getattr(parsed, "bedrock_simulator", None) is not None:
        _forget_credentials(values)
    settings = build(values, origin, file)
    settings.note_replaced(replaced)
    return settings


def _in_folder(parsed: Namespace, name: Any) -> Any:
    """The file of the workload that an option names: where there is a folder for them, one in it."""
    folder = folder_of(parsed)
    return path_of(folder, name) if folder and isinstance(name, str) else name


def exposed_keys(parsed: Namespace) -> str:
    """Why the keys in the configuration file of this process are no secret, and what to do; empty where they are."""
    path = Path(getattr(parsed, "bedrock_config", None) or DEFAULT_CONFIG)
    aws = _own_values(parsed).get("aws")
    has_keys = isinstance(aws, dict) and any(map(aws.get, CREDENTIALS - {"profile"}))
    mode = stat.S_IMODE(path.stat().st_mode) if has_keys else 0
    if not mode & stat.S_IROTH:
        return ""
    return f"{path} holds AWS keys, and everybody on this machine can read it (mode {mode:04o}): chmod 600 {path}"


def own_credentials(parsed: Namespace) -> dict[str, Any]:
    """The credentials that this process has of its own: its `--bedrock-profile` over its configuration file."""
    aws = _own_values(parsed).get("aws")
    own = {key: value for key, value in aws.items() if key in CREDENTIALS} if isinstance(aws, dict) else {}
    profile = getattr(parsed, "bedrock_profile", None)
    return {**own, "profile": profile} if profile else own


def own_endpoints(parsed: Namespace, host: str | None) -> frozenset[str]:
    """The endpoints that this process names itself: in its file, with `--host` or with `--bedrock-allow-endpoint`."""
    allowed = (getattr(parsed, "bedrock_allow_endpoint", None) or "").split(",")
    return frozenset(
        url.strip() for url in (endpoint_in_file(parsed), host, *allowed) if isinstance(url, str) and url.strip()
    )


def endpoint_in_file(parsed: Namespace) -> str | None:
    """The endpoint that the configuration file names, if it does."""
    aws = _own_values(parsed).get("aws")
    return aws.get("endpoint_url") if isinstance(aws, dict) else None


def own_directory(parsed: Namespace) -> str:
    """Where this process keeps files of its own: its `--bedrock-directory` over its configuration file."""
    output = _own_values(parsed).get("output")
    in_file = output.get("directory") if isinstance(output, dict) else None
    directory = getattr(parsed, "bedrock_directory", None) or in_file
    return directory if isinstance(directory, str) and directory else Output().directory


def _own_values(parsed: Namespace) -> dict[str, Any]:
    """What is in the configuration file of this process; nothing where it has none, or a wrong one."""
    try:
        return _from_file(parsed)[0]
    except SettingsError:
        return {}


def _from_file(parsed: Namespace) -> tuple[dict[str, Any], str]:
    """The values in the file and what it is called.

    Where no file is named or found, a model or the simulator among the options is enough.
    """
    name = getattr(parsed, "bedrock_config", None)
    path = Path(name or DEFAULT_CONFIG)
    if name is not None or path.exists():
        return read_file(path), str(path)
    if getattr(parsed, "bedrock_model", None):
        return {}, "options"
    if getattr(parsed, "bedrock_simulator", None) is not None:
        return {"model": {"id": SIMULATED_MODEL}}, "options"
    return read_file(path), str(path)


def _given(parsed: Namespace) -> Mapping[Option, Any]:
    values = {option: getattr(parsed, option.dest, None) for option in OPTIONS}
    given = {option: value for option, value in values.items() if value not in (None, "")}
    return {option: None if _is_left_out(option, value) else value for option, value in given.items()}


def _is_left_out(option: Option, value: Any) -> bool:
    """Whether an option takes a setting away, whatever the file says."""
    if (option.section, option.key) == ("arrivals", "ramp") and value == arrivals.OFF:
        return True
    return bool(value == NOT_SENT and (option.choices or option == FILE))


LOADS = {
    "users": (("concurrency", "start"), ("concurrency", "end"), ("concurrency", "step")),
    "rates": tuple(("arrivals", key) for key in arrivals.LOADS),
    "search": (("search", "for"), ("search", "start"), ("search", "most")),
}
"""What the load can be -> the settings of which an option chooses it, where `test.load` is not given."""


def _is_of_environment(option: Option, value: Any) -> bool:
    """Whether the environment gives this value: an option of the same value is no other."""
    return value is not None and os.environ.get(option.env_var) == str(value)


def _over_environment(given: Mapping[Option, Any]) -> Mapping[Option, Any]:
    """Without what the environment says of other loads than the command line chooses, which wins over it."""
    loads = {at: load for load, settings in LOADS.items() for at in settings}
    choosing = {option: loads[at] for option in given if (at := (option.section, option.key)) in loads}
    own = {option: load for option, load in choosing.items() if not _is_of_environment(option, given[option])}
    if not own or any((option.section, option.key) == ("test", "load") for option in given):
        return given
    # Of rates, a profile and a trace there is one, too.
    has_kind = "rates" in own.values()
    beaten = {
        option
        for option, load in choosing.items()
        if option not in own and (load not in own.values() or (load == "rates" and has_kind))
    }
    return {option: value for option, value in given.items() if option not in beaten}


def _choose_loop(values: dict[str, Any], given: Mapping[tuple[str, str], Option], variables: Container[Option]) -> str:
    """Have options choose the load over the file; what else goes with it, in words. Raises SettingsError for two."""
    if ("test", "load") in given:
        return ""
    chosen = {load: [given[at] for at in settings if at in given] for load, settings in LOADS.items()}
    if len(several := [options[0] for options in chosen.values() if options]) > 1:
        both = " and ".join(option.env_var if option in variables else option.flag for option in several)
        raise SettingsError(
            f"{both}: the load is one of {', '.join(LOADS)}: choose with --bedrock-load, or leave one out"
        )
    for load, options in chosen.items():
        if options:
            _put(values, "test", "load", load)
    if len(chosen["rates"]) != 1 or not isinstance(there := values.get("arrivals"), dict):
        return ""
    # An option takes the place of the other kind in the file.
    option = chosen["rates"][0]
    replaced = arrivals.LOADS if option.key == "rates" else (*arrivals.LOADS, "ramp")
    values["arrivals"] = {key: value for key, value in there.items() if key not in replaced}
    has_ramp = there.get("ramp") and "ramp" in replaced and ("arrivals", "ramp") not in given
    return f"{option.flag} has no ramp: arrivals.ramp of the file is left out" if has_ramp else ""


def _check_load(values: Mapping[str, Any], given: Iterable[Option], file: str) -> None:
    """Raise SettingsError where rates are chosen, and there are none, or a search, and it has no target.

    Here, as the form sends the length of the levels, too, and would be told that this is wrong.
    """
    test, there = values.get("test"), values.get("arrivals") or {}
    load = test.get("load") if isinstance(test, dict) else None
    is_empty = isinstance(there, dict) and all(there.get(kind) is None for kind in arrivals.LOADS)
    why = NO_RATES if load == "rates" and is_empty else NO_TARGET if load == "search" and not values.get("slo") else ""
    if why:
        place = next((option.origin for option in given if option.key == "load"), file)
        raise SettingsError(f"{place}: {why}")


OF_BOTH = frozenset({"duration_seconds", "warmup_seconds"})
"""Settings of the levels that all loads have alike: an option sets the one of the load."""
OF_RATES = frozenset({"max_in_flight"})
"""A setting that arrivals and a search have alike."""


def _section_of_load(values: Mapping[str, Any]) -> str:
    """The section with the levels of the load that is chosen."""
    test = values.get("test")
    load = test.get("load") if isinstance(test, dict) else None
    given = next((load for load, section in SECTIONS_OF_LOADS.items() if values.get(section) is not None), "users")
    return SECTIONS_OF_LOADS.get(load or given, "concurrency")


def _section_of(option: Option, of_load: str) -> str:
    """Where an option belongs, if the levels of the load are in this section."""
    is_of_load = option.key in OF_BOTH or (option.key in OF_RATES and of_load == "search")
    return of_load if is_of_load else option.section


def _put(values: dict[str, Any], section: str, key: str, value: Any) -> None:
    """Set a value. A section that is not an object stays as it is, and `build` refuses it."""
    there = values.setdefault(section, {})
    if isinstance(there, dict):
        there[key] = value


def _forget_credentials(values: dict[str, Any]) -> None:
    """Remove the credentials, which a simulator does not need. So a copy of the example file works as it is."""
    aws = values.get("aws")
    if isinstance(aws, dict):
        values["aws"] = {key: value for key, value in aws.items() if key not in CREDENTIALS}
