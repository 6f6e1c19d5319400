"""Least privilege: the policy in the docs is what the code needs, and without each of its actions all goes on."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.aws.account import cross_check
from bedrock_locust.aws.account.control import control_of
from bedrock_locust.aws.account.known import Account
from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.aws.doctor import examine
from bedrock_locust.aws.probe import calibrate_each
from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.source import worded_of

if TYPE_CHECKING:
    from tests.simulator.process import Simulator

pytestmark = pytest.mark.usefixtures("made_up_keys")

DOCS = (Path(__file__).parents[2] / "docs" / "account.md").read_text(encoding="utf-8")
MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
PROVISIONED = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123def456"
ROUTER = "arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/amazon.nova:1"
WHO = "sts:GetCallerIdentity"
"""AWS asks for no permission for it."""
ACCOUNT = {
    "tokens_per_minute": 1_000_000,
    "inference_profiles": dict.fromkeys((PROFILE, PROVISIONED), "amazon.nova-pro-v1:0"),
}
"""What the simulator has of it."""
POLICY, LOGS_POLICY = [
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL) if "Statement" in block
]
ACTIONS = [action for statement in POLICY["Statement"] for action in statement["Action"]]


def settings_of(simulator: Simulator, model_id: str = MODEL, **model: object) -> Settings:
    """Settings of a run whose calls and whose control plane are at the simulator."""
    aws = {"region": "us-east-1", "endpoint_url": simulator.url, "control_endpoint_url": simulator.url}
    workload = {"input_tokens": 50}
    return Settings.model_validate({"model": {"id": model_id, **model}, "aws": aws, "workload": workload})


def looked_up(settings: Settings) -> list[str]:
    """What a run says of its account: the quota that it would have, and what was not found out."""
    account = Account(quiet=True)
    account.look_up(settings, None)
    known = account.known(settings)
    return [known.in_words(settings), *known.found.notes]


def checked(simulator: Simulator, folder: Path) -> list[str]:
    """What `aws RUN` was not told."""
    now = time.time()
    model = {"id": MODEL, "endpoint": "runtime"}
    info = {"settings": {"model": model}, "started_at": now - 5, "ended_at": now, "rows_written": 0}
    control = control_of(settings_of(simulator), None)
    assert control is not None
    missing: list[str] = cross_check.check(control, folder, info)["missing"]
    return missing


def counted(simulator: Simulator) -> list[str]:
    """How the tokens of words were counted before the load."""
    settings = settings_of(simulator)
    found = calibrate_each(connect(settings, simulator=True, version="test"), settings, worded_of(settings))
    return [one.source for one in found.values()] or ["not at all"]


def everything(simulator: Simulator, folder: Path, code: str) -> dict[str, list[str]]:
    """All that asks AWS, with the lines that it says, without times. Each has to come to its end."""
    codes = {"tokens_per_minute": code}
    said = {
        "by id": looked_up(settings_of(simulator)),
        "by code": looked_up(settings_of(simulator, quota_codes=codes)),
        "by profile": looked_up(settings_of(simulator, PROFILE)),
        "by provisioned throughput": looked_up(settings_of(simulator, PROVISIONED)),
        "by router": looked_up(settings_of(simulator, ROUTER)),
        # The simulator lists the quota of a model that it has never heard of only after GetFoundationModel.
        "by name": looked_up(settings_of(simulator, f"us.anthropic.claude-{time.time_ns()}")),
        "doctor": [str(finding) for finding in examine(settings_of(simulator))],
        "aws": checked(simulator, folder),
        "words": counted(simulator),
    }
    return {who: [re.sub(r"[\d.,]+ ms|\(L-\w+\)", "...", line) for line in lines] for who, lines in said.items()}


@pytest.fixture
def code(simulator: Simulator) -> str:
    """The code of a quota of the simulator, which has one for each thing that is looked up."""
    simulator.set(**ACCOUNT, denied=[])
    account, settings = Account(quiet=True), settings_of(simulator)
    account.look_up(settings, None)
    return account.known(settings).found.quotas["tokens_per_minute"].code


@pytest.fixture
def before(simulator: Simulator, tmp_path: Path, code: str) -> dict[str, list[str]]:
    """What all of it says where nothing is denied: asked for once."""
    if not ALLOWED:
        ALLOWED.update(everything(simulator, tmp_path, code))
    return ALLOWED


ALLOWED: dict[str, list[str]] = {}


def test_the_policy_is_what_is_called(simulator: Simulator, tmp_path: Path, code: str) -> None:
    """Lookup, doctor, counting of words and `aws` need each action of the policy, and no other."""
    everything(simulator, tmp_path, code)
    assert simulator.stats()["actions"].keys() - {WHO} == {*ACTIONS}
    assert len(ACTIONS) == len({*ACTIONS})
    assert {*ACTIONS} <= {*re.findall(r"`([a-z-]+:\w+)`", DOCS.split("As a policy:")[0])}


LOOKUPS = {"by id", "by code", "by profile", "by name"}
SAYS: dict[str, set[str]] = {
    "servicequotas:ListServiceQuotas": {"by id", "by code", "by profile", "by name", "doctor"},
    "servicequotas:GetServiceQuota": {"by code"},
    "bedrock:GetInferenceProfile": {"by profile"},
    "bedrock:GetProvisionedModelThroughput": {"by provisioned throughput"},
    "bedrock:GetPromptRouter": {"by router"},
    "bedrock:GetFoundationModel": {"by name", "doctor"},
    "cloudwatch:GetMetricData": {*LOOKUPS, "doctor", "aws"},
    "bedrock:InvokeModel": {"doctor"},
    "bedrock:InvokeModelWithResponseStream": {"doctor"},
    "bedrock:CountTokens": set(),
    WHO: {"doctor"},
}
"""Action -> who has to say that it is missing."""


@pytest.mark.parametrize("action", [*ACTIONS, WHO])
def test_each_action_denied_in_turn(
    simulator: Simulator, tmp_path: Path, code: str, before: dict[str, list[str]], action: str
) -> None:
    """Who needs it says so in one line; all others find what they found before."""
    simulator.set(**ACCOUNT, denied=[action])
    after = everything(simulator, tmp_path, code)
    names = re.compile(re.escape(action) + r"\b")
    lines = {who: [line for line in said if names.search(line)] for who, said in after.items()}
    assert {who: len(said) for who, said in lines.items() if said} == dict.fromkeys(SAYS[action], 1)
    words = {"words": ["probe calls" if action == "bedrock:CountTokens" else "CountTokens"]}
    assert {**after, **dict.fromkeys(SAYS[action])} == {**before, **words, **dict.fromkeys(SAYS[action])}
    # One finding of doctor is another, or one is new; the others are as before.
    assert len({*before["doctor"]} - {*after["doctor"]}) <= 1
    assert {line.split()[1] for line in before["doctor"]} <= {line.split()[1] for line in after["doctor"]}
