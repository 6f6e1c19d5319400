"""What is known of the account before a run: looked up once for the same settings, and never for long."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import gevent

from bedrock_locust.aws.account import cross_check
from bedrock_locust.aws.account.control import control_of, why
from bedrock_locust.aws.account.lookup import Found, look_up
from bedrock_locust.aws.account.usage import others
from bedrock_locust.settings.burndown import burndown_of
from bedrock_locust.settings.quotas import NAMES, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import boto3

    from bedrock_locust.settings.schema import Settings

logger = logging.getLogger(__name__)

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

    def completed(self, settings: Settings) -> Settings:
        """The settings with the quotas that were found; those that were given by hand stay."""
        model = settings.model
        quotas = {name: round(quota.value) for name, quota in self.found.quotas.items() if not getattr(model, name)}
        more: dict[str, Any] = {}
        if self.found.model_id and not model.output_burndown and model.endpoint == "runtime":
            rate = burndown_of(self.found.model_id)
            more = {"output_burndown": rate.factor} if rate.certain else {}
        return settings.model_copy(update={"model": model.model_copy(update={**quotas, **more})})

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
        self._key = ""
        self._known = Known()

    def known(self, settings: Settings) -> Known:
        """What has been found out for a run with these settings; nothing where it was not looked up."""
        return self._known if self._key == _key(settings) else Known()

    def look_up(self, settings: Settings, session: boto3.Session | None) -> None:
        """Find out about the account, where the settings ask for it, and not again for the same settings."""
        if self._key == _key(settings) or settings.model.quota_lookup == "off":
            return
        self._key, self._known = _key(settings), Known()
        asking = gevent.spawn(self._ask, settings, session)
        asking.join(LIMIT_S)
        if not asking.ready():
            asking.kill(block=False)
            self._known = replace(self._known, found=replace(self._known.found, notes=(LATE,)))
        if not self._quiet:
            self._tell(settings)

    def _tell(self, settings: Settings) -> None:
        for line in (*self._known.found.notes, *self._known.differences(settings)):
            logger.log(logging.INFO if self._simulator_url else logging.WARNING, "bedrock-locust: %s", line)
        if said := self._known.in_words(settings):
            logger.info("bedrock-locust: %s", said)

    def check_run(self, settings: Settings, session: boto3.Session | None, folder: Path) -> None:
        """Fetch AWS's own figures of a run that has ended; a line says what was not found out. A run must not fail."""
        try:
            info = cross_check.read_info(folder)
            control = control_of(settings, self._simulator_url, session)
            if control is None:
                logger.warning("bedrock-locust: output.aws_check: calls do not go to AWS, so it was not asked")
                return
            wait_s = WAIT_S if info.get("ended") == "complete" and not self._simulator_url else 0
            if wait_s:
                logger.info("bedrock-locust: waiting for CloudWatch, at most %d s", wait_s)
            found = cross_check.check(control, folder, info, wait_s)
            for line in found["missing"]:
                logger.warning("bedrock-locust: output.aws_check: %s", line)
        except Exception as error:  # noqa: BLE001 - the report is made without it
            logger.warning("bedrock-locust: output.aws_check: %s", why(error))

    def _ask(self, settings: Settings, session: boto3.Session | None) -> None:
        try:
            control = control_of(settings, self._simulator_url, session)
            if control is None:
                return
            self._known = Known(look_up(control, settings.model))
            if any(getattr(self._known.completed(settings).model, name) for name in NAMES[settings.model.endpoint]):
                used, notes = others(control, settings.model)
                found = replace(self._known.found, notes=(*self._known.found.notes, *notes))
                self._known = Known(found, used)
        except Exception as error:  # noqa: BLE001 - nothing of this may keep a run from beginning
            self._known = Known(Found(notes=(f"the account was not looked up: {why(error)}",)))


def _key(settings: Settings) -> str:
    return settings.model_dump_json(include={"aws": True, "model": {"id", "endpoint", "latency", "quota_codes"}})
