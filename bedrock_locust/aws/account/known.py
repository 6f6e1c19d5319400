"""What is known of the account before a run: looked up once for the same settings, and never for long."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import gevent

from bedrock_locust.aws.account import cross_check
from bedrock_locust.aws.account.control import control_of, why
from bedrock_locust.aws.account.lookup import Found, look_up
from bedrock_locust.aws.account.models import Behind, Details, all_details, named, resolve
from bedrock_locust.aws.account.usage import others
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.quotas import NAMES, WORDS
from bedrock_locust.workload.template import common_format

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import boto3
    from gevent.event import Event

    from bedrock_locust.aws.account.control import Control
    from bedrock_locust.settings.schema import Settings

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")
Place: TypeAlias = "tuple[str | None, ...]"
"""An id, and who is asked about it."""

LIMIT_S = 6.0
"""The longest that a run waits for what AWS says of its account."""
WAIT_S = 300.0
"""The longest that the report of a run waits for CloudWatch, which has its figures some minutes late."""
LATE = f"the quotas of the account were not looked up: AWS did not answer within {LIMIT_S:g} s"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the account of a run."""

    found: Found = field(default_factory=Found)
    others: Mapping[str, float] = field(default_factory=dict)
    """Setting of a quota -> what others use of it in a minute."""
    about: Details = field(default_factory=Details)
    """What AWS says of the model."""

    def completed(self, settings: Settings) -> Settings:
        """The settings with the quotas that were found; those that were given by hand stay."""
        model = settings.model
        quotas = {name: round(quota.value) for name, quota in self.found.quotas.items() if not getattr(model, name)}
        return settings.model_copy(update={"model": model.model_copy(update=quotas)})

    def warnings(self, settings: Settings) -> list[str]:
        """What will trouble a run with this model, in sentences without a full stop."""
        said = [self.about.outlook] if self.about.outlook else []
        if self.about.streams is False and settings.test.streaming:
            said.append(
                f"AWS says that {settings.model.id} does not stream, so calls that stream will fail:"
                " set test.streaming to false (--bedrock-streaming false)"
            )
        return said

    def sources(self, settings: Settings) -> dict[str, dict[str, Any]]:
        """Where each quota of a run is from, for `run.json`."""
        return dict(self._sources(settings))

    def _sources(self, settings: Settings) -> Iterator[tuple[str, dict[str, Any]]]:
        for name in NAMES[settings.model.endpoint]:
            by_hand, found = getattr(settings.model, name), self.found.quotas.get(name)
            if by_hand is None and found is None:
                continue
            in_account = {"account_value": found.value, "code": found.code, "name": found.name} if found else {}
            use = {"others_per_minute": round(self.others[name], 1)} if name in self.others else {}
            source = "account" if by_hand is None else "settings"
            value = found.value if by_hand is None and found else by_hand
            yield name, {"value": value, "source": source, **in_account, **use}

    def in_words(self, settings: Settings) -> str:
        """The quotas that were found and count, in a line of the plan; empty if none."""
        used = [
            f"{quota.value:,.0f} {WORDS[name]} ({quota.code})"
            for name, quota in self.found.quotas.items()
            if getattr(settings.model, name) is None
        ]
        return f"quotas found in the account: {', '.join(used)}" if used else ""

    def notes(self, settings: Settings) -> tuple[str, ...]:
        """What was not found out, and what is not as the settings say, in lines of the plan."""
        return (*self.found.notes, *self.differences(settings))

    def differences(self, settings: Settings) -> list[str]:
        """Which quotas given by hand are not those of the account."""
        return [
            f"model.{name} is {by_hand:,}, and the account has {quota.value:,.0f} {WORDS[name]} ({quota.code}):"
            " the setting counts"
            for name, quota in self.found.quotas.items()
            if (by_hand := getattr(settings.model, name)) and by_hand != round(quota.value)
        ]


class Account:
    """The account of the runs of this process."""

    def __init__(self, simulator_url: str | None = None, *, quiet: bool = False) -> None:
        """`quiet`: nothing is logged, because the caller says it."""
        self._simulator_url, self._quiet = simulator_url, quiet
        self.is_waiting = False
        """Whether the end of a run waits for CloudWatch."""
        self._key = ""
        self._known = Known()
        self._behind: dict[Place, Behind] = {}

    def known(self, settings: Settings) -> Known:
        """What has been found out for a run with these settings; nothing where it was not looked up."""
        return self._known if self._key == _key(settings) else Known()

    def look_up(self, settings: Settings, session: boto3.Session | None) -> None:
        """Find out about the model and, where the settings ask for it, its quotas; not again for the same settings."""
        if self._key == _key(settings):
            return
        self._key, self._known = _key(settings), Known()
        found, in_time = _in_time(self._ask(settings, session))
        self._known = found[-1] if found else Known()
        if not in_time and settings.model.quota_lookup == "auto":
            self._known = replace(self._known, found=replace(self._known.found, notes=(LATE,)))
        if not self._quiet:
            self._tell(settings)

    def resolved(self, settings: Settings, session: boto3.Session | None) -> tuple[Settings, str]:
        """The settings with the models behind ARNs that do not name them, and why one is not known.

        AWS is asked once for an ARN, and not for long.
        """
        unasked = [model_id for model_id in settings.hidden_ids if _place(settings, model_id) not in self._behind]
        for model_id in unasked:
            late = f"the model of {model_id} was not looked up: AWS did not answer within {LIMIT_S:g} s"
            self._behind[_place(settings, model_id)] = Behind(notes=(late,))
        if unasked:
            found, _ = _in_time(self._ask_behind(settings, session, unasked))
            self._behind.update(found)
        unknown = ""
        for model_id in settings.hidden_ids:
            behind = self._behind[_place(settings, model_id)]
            settings = _with(settings, model_id, behind)
            unknown = unknown or _unknown(model_id, behind)
        return settings, unknown

    def as_given(self, settings: Settings) -> Settings:
        """The settings without what `resolved` has added: it may not hold for the next id."""
        model = settings.model
        behind = self._behind.get(_place(settings, model.id))
        added = _told(behind, None) if behind else {}
        unset = {name: None for name, value in added.items() if getattr(model, name) == value}
        return settings.model_copy(update={"model": model.model_copy(update=unset)})

    def _ask_behind(
        self, settings: Settings, session: boto3.Session | None, model_ids: list[str]
    ) -> Iterator[tuple[Place, Behind]]:
        for model_id in model_ids:
            place = _place(settings, model_id)
            try:
                control = control_of(settings, self._simulator_url, session)
                yield place, resolve(control, model_id) if control else Behind()
            except Exception as error:  # noqa: BLE001 - no keys: the model is not known
                yield place, Behind(notes=(f"the account was not looked up: {why(error)}",))

    def _behind_of(self, control: Control, settings: Settings) -> Behind:
        """What is behind the id, asked for if it was not yet."""
        model, place = settings.model, _place(settings, settings.model.id)
        if model.base_model and place not in self._behind:
            return named(model.id, model.base_model)
        if place not in self._behind:
            self._behind[place] = resolve(control, model.id)
        return self._behind[place]

    def _tell(self, settings: Settings) -> None:
        for line in self._known.warnings(settings):
            logger.warning("bedrock-locust: %s", line)
        for line in self._known.notes(settings):
            logger.log(logging.INFO if self._simulator_url else logging.WARNING, "bedrock-locust: %s", line)
        if said := self._known.in_words(settings):
            logger.info("bedrock-locust: %s", said)

    def check_run(self, settings: Settings, session: boto3.Session | None, folder: Path, stop: Event) -> None:
        """Fetch AWS's own figures of a run that has ended; a line says what was not found out. A run must not fail.

        CloudWatch has them late, and is waited for until `stop` is set, as a signal does.
        """
        try:
            info = cross_check.read_info(folder)
            control = control_of(settings, self._simulator_url, session)
            if control is None:
                logger.warning("bedrock-locust: output.aws_check: calls do not go to AWS, so it was not asked")
                return
            wait_s = 0 if self._simulator_url or stop.is_set() else WAIT_S
            if wait_s:
                logger.info("bedrock-locust: waiting for CloudWatch, at most %d s (Ctrl-C to wait no longer)", wait_s)
            self.is_waiting = bool(wait_s)
            found = cross_check.check(control, folder, info, cross_check.Wait(wait_s, stop))
            for line in cross_check.not_had(found):
                logger.warning("bedrock-locust: output.aws_check: %s", line)
        except SettingsError as error:
            logger.warning("bedrock-locust: output.aws_check: %s", error)
        except Exception as error:  # noqa: BLE001 - the report is made without it
            logger.warning("bedrock-locust: output.aws_check: %s", why(error))
        finally:
            self.is_waiting = False

    def _ask(self, settings: Settings, session: boto3.Session | None) -> Iterator[Known]:
        """What is known after each question."""
        try:
            control = control_of(settings, self._simulator_url, session)
            if control is None:
                return
            model = settings.model
            behind = self._behind_of(control, settings)
            about = all_details(control, behind, model.id)
            yield (known := Known(about=about))
            if model.quota_lookup == "off":
                return
            found = look_up(control, model, behind.model, about)
            found = replace(found, notes=(*behind.notes, *found.notes))
            yield (known := replace(known, found=found))
            if any(getattr(known.completed(settings).model, name) for name in NAMES[model.endpoint]):
                used, notes = others(control, model)
                yield replace(known, found=replace(found, notes=(*found.notes, *notes)), others=used)
        except Exception as error:  # noqa: BLE001 - nothing of this may keep a run from beginning
            notes = [f"the account was not looked up: {why(error)}"] if settings.model.quota_lookup == "auto" else []
            yield Known(Found(notes=tuple(notes)))


def _with(settings: Settings, model_id: str, behind: Behind) -> Settings:
    """The settings with what is behind one of its ids."""
    if model_id == settings.model.id:
        known = settings.model.model_copy(update=_told(behind, settings.model.format))
        return settings.model_copy(update={"model": known})
    if behind.model:
        return settings.with_base_model(model_id, behind.model.model_id)
    common = common_format(behind.routed)
    return settings.with_format(model_id, common) if common and not settings.model_named(model_id).format else settings


def _unknown(model_id: str, behind: Behind) -> str:
    """Why nothing is known of the native format of an id; empty where it is."""
    if behind.model or common_format(behind.routed):
        return ""
    if behind.routed:
        return f"{model_id} chooses from {', '.join(behind.routed)}, which do not all have the same one"
    return "".join(behind.notes[:1])


def _told(behind: Behind, given: str | None) -> dict[str, str]:
    """What the models behind an id tell of its settings: of several only the native format, where it is that of all."""
    if behind.model:
        return {"base_model": behind.model.model_id}
    common = None if given else common_format(behind.routed)
    return {"format": common} if common else {}


def _in_time(answers: Iterator[Answer]) -> tuple[list[Answer], bool]:
    """The answers that came in the time that a run waits for them, and whether these are all.

    Who asks too long asks nothing more, and is left to end by itself: killed while it connects, it would never close
    its socket.
    """
    got: list[Answer] = []
    is_late = False

    def collect() -> None:
        for answer in answers:
            if is_late:
                return
            got.append(answer)

    asking = gevent.spawn(collect)
    asking.join(LIMIT_S)
    is_late = not asking.ready()
    return got, not is_late


def _key(settings: Settings) -> str:
    known = {"id", "base_model", "endpoint", "latency", "quota_lookup", "quota_codes"}
    return settings.model_dump_json(include={"aws": True, "model": known})


def _place(settings: Settings, model_id: str) -> Place:
    return model_id, settings.aws.control_endpoint_url, settings.aws.profile
