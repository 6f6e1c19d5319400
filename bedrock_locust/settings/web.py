"""Under which names the web UI answers, and what its start form may set.

Whoever reaches the page can fill in the form. It may set what it shows, and none of what decides where credentials go
and which files are written, unless `--bedrock-form-may-set` says so.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Collection, Mapping

ALLOWED_HOSTS = "--bedrock-allowed-hosts"
FORM_MAY_SET = "--bedrock-form-may-set"
HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", re.ASCII)
PROTECTED = {
    "host": "host",
    "aws.profile": "bedrock_profile",
    "workload.file": "bedrock_workload_file",
    "arrivals.trace": "bedrock_trace",
    "output.directory": "bedrock_directory",
    "output.report_file": "bedrock_report_file",
}
"""Setting -> its field. The form may set it only where the option names it."""
LENGTHS = frozenset({"bedrock_input_tokens", "bedrock_output_tokens"})
"""Fields whose value may be JSON that names a file."""
LOCUSTS = frozenset({"user_count", "spawn_rate", "run_time", "user_classes", "shape_class", "profile", "host"})
"""Fields of Locust's own."""
OF_A_CLASS = frozenset({"user_class_name", "tasks", "weight", "fixed_count", "host"})
"""What the class picker of Locust shows of a class of users."""


def parse_hosts(text: str | None) -> frozenset[str]:
    """The names in `--bedrock-allowed-hosts`. Raises SettingsError where one could be no name of a host."""
    names = [name.strip().lower().removesuffix(".") for name in (text or "").split(",") if name.strip()]
    for name in names:
        if not HOST_NAME.fullmatch(name):
            raise SettingsError(
                f"{ALLOWED_HOSTS} (or BEDROCK_ALLOWED_HOSTS): {name[:80]!r} is not the name of a host: give names"
                " without scheme, port and path, separated by commas, such as load.example.com,bedrock-master"
            )
    return frozenset(names)


def parse_form_may_set(text: str | None) -> frozenset[str]:
    """The settings in the option. Raises SettingsError where there is no such setting."""
    short = {name.rpartition(".")[2]: name for name in PROTECTED}
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    for name in names:
        if name not in PROTECTED and name not in short:
            raise SettingsError(
                f"{FORM_MAY_SET} (or BEDROCK_FORM_MAY_SET): {name[:80]!r} is none of {', '.join(PROTECTED)}; all other"
                " fields of the form need no permission"
            )
    return frozenset(short.get(name, name) for name in names)


def is_in_form(section: str, key: str, may_set: frozenset[str]) -> bool:
    """Whether the form shows a setting."""
    name = f"{section}.{key}"
    return name not in PROTECTED or name in may_set


def check_fields(
    form: Mapping[str, str], options: Namespace, host: str | None, shown: Callable[[], Collection[str]]
) -> None:
    """Raise SettingsError where a form sets what it may not.

    `options` are those of the command, `host` is the endpoint in force, and `shown` gives the names of the fields
    that options have in the form.
    """
    may_set = parse_form_may_set(getattr(options, "bedrock_form_may_set", None))
    present: dict[str, Any] = {**vars(options), "host": host}
    protected = {field: name for name, field in PROTECTED.items()}
    lines = []
    for field, value in form.items():
        if field == PROTECTED["workload.file"] and present.get("bedrock_workload_dir"):
            # Loaded as a name in that folder, or refused.
            continue
        if field in protected:
            if protected[field] not in may_set and value != str(present.get(field) or ""):
                lines.append(_refusal(protected[field], value))
        elif field.startswith("__"):
            lines.append(f"{field[:80]} is no field of the form")
        elif field in LENGTHS and _names_a_file(value):
            lines.append(f"the form may not read lengths from a file ({field}): set it in the configuration file")
        elif field in present and field not in LOCUSTS and field not in shown():
            lines.append(f"{field} is no field of the form: set it on the command line, when locust starts")
    if lines:
        raise SettingsError(*lines)


def _names_a_file(value: object) -> bool:
    """Whether a length is that of a file, which is read where the form is checked."""
    try:
        length = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return False
    return isinstance(length, dict) and bool({"from", "source"} & length.keys())


def _refusal(name: str, value: str) -> str:
    return (
        f"the form may not change {name} (to {value[:80]!r}): set it when locust starts, or start locust with"
        f" {FORM_MAY_SET} {name} to let everybody change it who reaches this page"
    )


def check_user_class(changes: object, options: Namespace, hosts: Mapping[str, str | None]) -> None:
    """Raise SettingsError where the class picker of Locust changes what it may not: it would set any attribute.

    `hosts` has the host of each class of users as it is now.
    """
    if not isinstance(changes, dict):
        raise SettingsError("the class picker sends a JSON object")
    if unknown := sorted(str(name)[:80] for name in changes.keys() - OF_A_CLASS):
        raise SettingsError(f"the class picker may set {', '.join(sorted(OF_A_CLASS))}, not {', '.join(unknown)[:200]}")
    host, present = changes.get("host") or "", hosts.get(str(changes.get("user_class_name"))) or ""
    may_set = parse_form_may_set(getattr(options, "bedrock_form_may_set", None))
    if host != present and "host" not in may_set:
        raise SettingsError(_refusal("host", str(host)))
