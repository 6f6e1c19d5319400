"""What is found out about the account before a run: from the simulator, by real clients."""

from __future__ import annotations

import logging
import re
import socket
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bedrock_locust.aws.account import known
from bedrock_locust.aws.account.chosen import Quota, kind_of
from bedrock_locust.aws.account.control import address, control_of
from bedrock_locust.aws.account.known import Account, Known, _unknown
from bedrock_locust.aws.account.lookup import Found
from bedrock_locust.aws.account.models import Behind
from bedrock_locust.aws.account.names import matches, names_of, parse, scope_of
from bedrock_locust.aws.account.usage import others
from bedrock_locust.formats import native_name
from bedrock_locust.settings.forecast import forecast
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import Plan
from bedrock_locust.settings.quotas import WORDS
from bedrock_locust.settings.schema import Settings
from bedrock_locust.simulator.account.quotas import code_of
from bedrock_locust.workload.template import checked

from .raw_server import response, serving

if TYPE_CHECKING:
    from tests.simulator.process import Simulator

MODEL = "us.anthropic.claude-haiku-5-5"
ROOT = Path(__file__).parents[2]
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
PROVISIONED = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123def456"
ROUTER = "arn:aws:bedrock:us-east-1:123456789012:prompt-router/abc123"
LEGACY = {"legacy": True}
CROSS = "Cross-region model inference tokens per minute for "


def settings_of(model_id: str = MODEL, aws: dict[str, Any] | None = None, **model: Any) -> Settings:
    """Settings of a run."""
    return Settings.model_validate({"model": {"id": model_id, **model}, "aws": {"region": "us-east-1", **(aws or {})}})


def known_by(simulator: Simulator, settings: Settings) -> tuple[Settings, Known]:
    """The settings with the model behind them, and what the account that the simulator plays says of them."""
    account = Account(simulator.url, quiet=True)
    settings, _ = account.resolved(settings, None)
    account.look_up(settings, None)
    return settings, account.known(settings)


def found_by(simulator: Simulator, settings: Settings) -> Found:
    """What is found in it."""
    return known_by(simulator, settings)[1].found


# Names of quotas as real accounts list them, each with a model id that it is of.
REAL = [
    (CROSS + "Anthropic Claude Sonnet 4 V1", "us.anthropic.claude-sonnet-4-20250514-v1:0"),
    (CROSS + "Anthropic Claude Opus 4.8", "us.anthropic.claude-opus-4-8"),
    (CROSS + "Anthropic Claude Haiku 4.5", "eu.anthropic.claude-haiku-4-5-20251001-v1:0"),
    (CROSS + "Meta Llama 3.1 70B Instruct", "us.meta.llama3-1-70b-instruct-v1:0"),
    (CROSS + "Amazon Nova Pro", "apac.amazon.nova-pro-v1:0"),
    ("Global c" + CROSS[1:] + "Anthropic Claude Opus 5", "global.anthropic.claude-opus-5"),
    ("On-demand model inference tokens per minute for Amazon Nova 2 Lite", "amazon.nova-2-lite-v1:0"),
    ("On-demand model inference tokens per minute for OpenAI GPT OSS 120B", "openai.gpt-oss-120b-1:0"),
    ("On-demand model inference tokens per minute for Qwen3 32B", "qwen.qwen3-32b-v1:0"),
]


@pytest.mark.parametrize(("name", "model_id"), REAL)
def test_a_quota_belongs_to_its_model_only(name: str, model_id: str) -> None:
    """By scope and label: of these names, an id has one."""
    of_it = [
        other
        for other, _ in REAL
        if (named := parse(other)) and named.scope == scope_of(model_id) and matches(named.label, names_of(model_id))
    ]
    assert of_it == [name]


@pytest.mark.parametrize(
    ("label", "model_id", "name"),
    [
        ("Claude Opus 4", "anthropic.claude-opus-4-8", "Claude Opus 4.8"),
        ("Claude Opus 4.8", "anthropic.claude-opus-4-20250514-v1:0", "Claude Opus 4"),
        ("Meta Llama 3 11B", "meta.llama3-1-1b-v1:0", "Llama 3.1 1B"),
        ("Amazon Nova Pro Latency", "amazon.nova-pro-v1:0", "Nova Pro"),
        ("GPT-5.6 Sol", "openai.gpt-5.6-luna", "GPT-5.6 Luna"),
        ("GPT-5.6", "openai.gpt-5.6-sol", "GPT-5.6 Sol"),
    ],
)
def test_a_quota_of_a_similar_model_is_none(label: str, model_id: str, name: str) -> None:
    """Another version, size or kind is another model."""
    assert not matches(label, names_of(model_id, name, "Anthropic"))


def test_what_names_say() -> None:
    """Scope, kind and label; quotas of other things are none."""
    day = parse("Model invocation max tokens per day for Amazon Nova Pro (doubled for cross-region calls)")
    assert day is not None
    assert (day.setting, day.label, day.doubled) == ("tokens_per_day", "Amazon Nova Pro", True)
    mantle = parse("[bedrock-mantle endpoint] Output tokens per minute for GPT-5.6 Sol")
    assert mantle is not None
    assert (mantle.setting, mantle.scope, mantle.label) == ("output_tokens_per_minute", "", "GPT-5.6 Sol")
    fast = parse("On-demand latency-optimized model inference requests per minute for Amazon Nova Pro")
    assert fast is not None
    assert (fast.setting, fast.fast) == ("quota", True)
    for other in ("Guardrails per account", CROSS + "Anthropic Claude Sonnet 4 V1 1M Context Length", CROSS.strip()):
        assert parse(other) is None


@given(st.text(max_size=80))
@example("Model invocation max tokens per day for (doubled for cross-region calls)")
def test_any_name_is_read(text: str) -> None:
    """No name of a quota, and no id, makes it fail."""
    parse(text)
    assert matches(text, [text, *names_of(text, text, text)]) == bool(re.search("[a-z0-9]", text.lower()))


def test_quotas_are_found_by_the_scope_of_the_id(simulator: Simulator) -> None:
    """The quotas of the profile that is called, not those of the model's other ids."""
    models = {
        "anthropic.claude-haiku-5-5": {"tokens_per_minute": 1000},
        MODEL: {"tokens_per_minute": 2000, "requests_per_minute": 30},
        "global.anthropic.claude-haiku-5-5": {"tokens_per_minute": 3000},
    }
    simulator.set(models=models)
    found = found_by(simulator, settings_of())
    assert {name: quota.value for name, quota in found.quotas.items()} == {"tokens_per_minute": 2000, "quota": 30}
    assert found.notes == ()
    for model_id, settings in models.items():
        assert (
            found_by(simulator, settings_of(model_id)).quotas["tokens_per_minute"].value
            == settings["tokens_per_minute"]
        )


def test_a_model_that_its_id_does_not_name_is_asked_for(simulator: Simulator) -> None:
    """The model of an ARN comes from GetInferenceProfile, and its burn-down with it."""
    simulator.set(inference_profiles={ARN: "anthropic.claude-opus-4-8"}, tokens_per_minute=7000)
    settings, now = known_by(simulator, settings_of(ARN))
    completed = now.completed(settings)
    assert (completed.model.tokens_per_minute, completed.model.burndown) == (7000, 15)
    assert settings_of(ARN).model.burndown == 1
    assert now.found.notes == ()
    assert found_by(simulator, settings_of(ARN.replace("abc", "xyz"))).quotas == {}


@pytest.mark.parametrize(
    ("behind", "native"),
    [("anthropic.claude-opus-5", "claude"), ("amazon.nova-pro-v1:0", "nova"), ("qwen.qwen3-32b-v1:0", "open_weight")],
)
def test_the_model_behind_a_profile_tells_the_native_format(simulator: Simulator, behind: str, native: str) -> None:
    """It is asked once, for all runs of a process; what is said by hand wins, and then nobody is asked."""
    simulator.set(inference_profiles={ARN: behind})
    account, given_ = Account(simulator.url), settings_of(ARN, api="invoke")
    settings = checked(*account.resolved(given_, None))
    assert settings.model.base_model == behind
    assert native_name(settings.model.known_id, settings.model.format) == native
    assert settings.native_formats == {ARN: behind}
    assert account.as_given(settings) == given_
    before = simulator.stats()["actions"]["bedrock:GetInferenceProfile"]
    assert account.resolved(given_, None)[0] == settings
    by_hand = settings_of(ARN, base_model="us.amazon.nova-lite-v1:0")
    assert account.resolved(by_hand, None) == (by_hand, "")
    assert simulator.stats()["actions"]["bedrock:GetInferenceProfile"] == before
    assert account.resolved(settings_of(MODEL), None) == (settings_of(MODEL), "")


def replaying(**trace: Any) -> Settings:
    """Settings of a replay in the native format, of whose models two have ARNs that hide them."""
    models = {"a": ARN, "b": PROVISIONED, "c": MODEL}
    arrivals = {"trace": {"file": "t.jsonl", "models": models, **trace}}
    model = {"id": MODEL, "api": "invoke"}
    return Settings.model_validate({"model": model, "aws": {"region": "us-east-1"}, "arrivals": arrivals})


def test_models_of_a_trace_are_looked_up_too(simulator: Simulator) -> None:
    """Each tells the format of its own calls, and only of those; one that is named by hand is not asked for."""
    behind = {ARN: "amazon.nova-pro-v1:0", PROVISIONED: "anthropic.claude-opus-4-8"}
    simulator.set(inference_profiles=behind)
    account = Account(simulator.url)
    settings = checked(*account.resolved(replaying(), None))
    assert settings.native_formats == behind
    assert [model.known_id for model in settings.models] == [MODEL, *behind.values(), MODEL]
    assert (settings.model.base_model, account.as_given(settings).model) == (None, replaying().model)
    assert Settings.model_validate(settings.public()).native_formats == behind, "workers know it, too"
    by_hand = replaying(base_models={ARN: "us.amazon.nova-lite-v1:0"})
    simulator.set(inference_profiles=behind, denied=["bedrock:GetInferenceProfile"])
    assert checked(*Account(simulator.url).resolved(by_hand, None)).native_formats[ARN] == "us.amazon.nova-lite-v1:0"
    with pytest.raises(SettingsError) as refused:
        checked(*Account(simulator.url).resolved(replaying(), None))
    [line] = refused.value.lines
    assert f"{ARN!r} in arrivals.trace.models does not tell its native request format: name its model in" in line
    assert line.endswith("was not looked up: the permission bedrock:GetInferenceProfile is missing)")


def test_why_nobody_could_be_asked_about_a_model_is_said() -> None:
    """A request cannot be made without its format: whoever reads that has the cause in the same line."""
    settings = settings_of(ARN, api="invoke", aws={"profile": "nobody"})
    with pytest.raises(SettingsError) as refused:
        checked(*Account().resolved(settings, None))
    [line] = refused.value.lines
    assert "the account was not looked up: " in line
    assert "The config profile (nobody) could not be found" in line


def test_provisioned_throughput_has_a_model_and_no_quota(simulator: Simulator) -> None:
    """Its model tells format and lifecycle; the quota of that model is not its own, also where it is named by hand."""
    simulator.set(
        inference_profiles={PROVISIONED: "anthropic.claude-opus-4-8"}, tokens_per_minute=7000, models={"*": LEGACY}
    )
    for by_hand in (None, "us.anthropic.claude-opus-4-8"):
        settings, now = known_by(simulator, settings_of(PROVISIONED, api="invoke", base_model=by_hand))
        assert settings.model.base_model == (by_hand or "anthropic.claude-opus-4-8")
        assert native_name(settings.model.known_id, settings.model.format) == "claude"
        assert (now.found.quotas, now.about.outlook.startswith(f"AWS has marked {PROVISIONED} as")) == ({}, True)
        assert now.found.notes == (
            f"no quota is looked up for {PROVISIONED}: provisioned throughput has a capacity of its own",
        )
    by_code = settings_of(PROVISIONED, quota_codes={"tokens_per_minute": "L-0"})
    assert "the account has no quota with this code in us-east-1" in found_by(simulator, by_code).notes[-1]


def test_a_prompt_router_has_several_models(simulator: Simulator) -> None:
    """None of them is taken for the one; what holds for all is known: their format, and which will be gone."""
    simulator.set(models={"*nova-lite*": LEGACY}, tokens_per_minute=7000)
    account, given_ = Account(simulator.url), settings_of(ROUTER, api="invoke")
    settings, now = known_by(simulator, given_)
    assert (settings.model.base_model, settings.model.format) == (None, "nova")
    assert account.as_given(account.resolved(given_, None)[0]) == given_
    assert checked(settings) == settings
    assert now.found.quotas == {}
    [note] = now.found.notes
    assert note.endswith(
        "chooses from 2 models (amazon.nova-lite-v1:0, amazon.nova-pro-v1:0), so no quota is looked up"
    )
    [legacy] = now.warnings(settings)
    assert legacy.startswith("AWS has marked amazon.nova-lite-v1:0 as legacy")
    by_hand = settings_of(ROUTER, api="invoke", format="nova", base_model="us.amazon.nova-pro-v1:0")
    assert found_by(simulator, by_hand).quotas["tokens_per_minute"].value == 7000
    simulator.set(models={"*nova-pro*": {"no_streaming": True}})
    assert "does not stream" in known_by(simulator, settings_of(ROUTER))[1].warnings(settings)[0]


def test_a_prompt_router_in_a_trace_has_the_format_of_its_models(simulator: Simulator) -> None:
    """Looked up as that of the run, kept for workers, or given by hand; where its models differ, that is the reason."""
    to_router = {"models": {"a": ROUTER, "b": MODEL}}
    settings = checked(*Account(simulator.url).resolved(replaying(**to_router), None))
    assert settings.native_formats == {ROUTER: "nova"}
    assert Settings.model_validate(settings.public()).native_formats == {ROUTER: "nova"}, "workers know it, too"
    simulator.set(denied=["bedrock:GetPromptRouter"])
    by_hand = replaying(**to_router, formats={ROUTER: "claude"})
    assert checked(*Account(simulator.url).resolved(by_hand, None)).native_formats == {ROUTER: "claude"}
    with pytest.raises(
        SettingsError, match=r"or its format in arrivals\.trace\.formats, or set model\.api to converse"
    ):
        checked(*Account(simulator.url).resolved(replaying(**to_router), None))


def test_a_prompt_router_of_models_with_different_formats() -> None:
    """The reason is not that nobody was asked."""
    behind = Behind(routed=("amazon.nova-lite-v1:0", "anthropic.claude-opus-4-8"))
    assert _unknown(ROUTER, behind).endswith("which do not all have the same one")
    assert not _unknown(ROUTER, Behind(routed=("amazon.nova-lite-v1:0", "amazon.nova-pro-v1:0")))
    assert _unknown(ROUTER, Behind(notes=("why",))) == "why"


@pytest.mark.parametrize(
    ("arn", "action"),
    [(PROVISIONED, "bedrock:GetProvisionedModelThroughput"), (ROUTER, "bedrock:GetPromptRouter")],
)
def test_an_arn_that_nobody_may_ask_about(simulator: Simulator, arn: str, action: str) -> None:
    """Or that is not there: one line says so, and what to set."""
    for model_id, denied in ((arn, [action]), (f"{arn}-does-not-exist", [])):
        simulator.set(denied=denied, inference_profiles={PROVISIONED: "amazon.nova-pro-v1:0"})
        settings, unknown = Account(simulator.url).resolved(settings_of(model_id, api="invoke"), None)
        assert settings.model.base_model is settings.model.format is None
        assert (f"the permission {action} is missing" in unknown) == bool(denied)
        assert unknown.startswith(f"the model of {model_id} was not looked up: ")


def test_a_profile_that_nobody_may_ask_about(simulator: Simulator) -> None:
    """The refusal says why the model is not known, and both ways to tell it by hand."""
    simulator.set(inference_profiles={ARN: "amazon.nova-pro-v1:0"}, denied=["bedrock:GetInferenceProfile"])
    settings, unknown = Account(simulator.url).resolved(settings_of(ARN, api="invoke"), None)
    with pytest.raises(SettingsError) as refused:
        checked(settings, unknown)
    [line] = refused.value.lines
    assert "does not tell its native request format" in line
    assert "name the format of its family in model.format" in line
    assert "or its model in model.base_model" in line
    assert line.endswith("was not looked up: the permission bedrock:GetInferenceProfile is missing)")
    checked(settings_of(ARN, api="invoke", format="nova"))
    checked(settings_of(ARN, api="invoke", base_model="amazon.nova-pro-v1:0"))


def test_the_scope_of_a_model_that_is_named_by_hand(simulator: Simulator) -> None:
    """Its prefix says it, as that of an id does."""
    models = {"anthropic.claude-opus-5": {"tokens_per_minute": 1}, "us.*": {"tokens_per_minute": 2}}
    simulator.set(models=models)
    for base_model, value in (("anthropic.claude-opus-5", 1), ("us.anthropic.claude-opus-5", 2)):
        found = found_by(simulator, settings_of(ARN, base_model=base_model))
        assert found.quotas["tokens_per_minute"].value == value


def test_a_model_that_is_legacy_or_does_not_stream(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """A run is warned before its load, by the control plane that it has, of the model behind a profile, too."""
    simulator.set(inference_profiles={ARN: "anthropic.claude-opus-5"}, legacy=True, no_streaming=True)
    for model_id in (MODEL, ARN):
        caplog.clear()
        account = Account(simulator.url)
        settings, _ = account.resolved(settings_of(model_id), None)
        account.look_up(settings, None)
        said = [record.message for record in caplog.records if record.levelno == logging.WARNING]
        assert said == [
            (
                f"bedrock-locust: AWS has marked {model_id} as legacy since 2026-06-01, and it will be gone on"
                " 2099-01-15: choose a newer version of the model"
            ),
            (
                f"bedrock-locust: AWS says that {model_id} does not stream, so calls that stream will fail:"
                " set test.streaming to false (--bedrock-streaming false)"
            ),
        ]
    whole = settings_of().model_copy(update={"test": settings_of().test.model_copy(update={"streaming": False})})
    assert len(known_by(simulator, whole)[1].warnings(whole)) == 1
    off = settings_of(quota_lookup="off")
    assert len(known_by(simulator, off)[1].warnings(off)) == 2


def test_quotas_are_listed_once(simulator: Simulator) -> None:
    """Also where only AWS's name of the model tells which quota is its own."""
    simulator.set(tokens_per_minute=500)

    def pages() -> int:
        return int(simulator.stats()["actions"].get("servicequotas:ListServiceQuotas", 0))

    before = pages()
    settings = settings_of("us.somebody.new-model-9-2")
    assert found_by(simulator, settings).quotas["tokens_per_minute"].value == 500
    asked, control = pages() - before, control_of(settings, simulator.url)
    assert control is not None
    listing = control.client("service-quotas").get_paginator("list_service_quotas")
    assert asked == len([*listing.paginate(ServiceCode="bedrock", PaginationConfig={"PageSize": 100})])


def test_a_model_that_is_not_in_the_list_yet(simulator: Simulator) -> None:
    """What AWS calls it is asked for, and then its quota is found."""
    simulator.set(tokens_per_minute=500)
    assert found_by(simulator, settings_of("somebody.new-model-9-1")).quotas["tokens_per_minute"].value == 500


def test_several_quotas_are_none(simulator: Simulator) -> None:
    """Which one counts is not guessed: the codes are named, and one of them can be chosen."""
    simulator.set(more_quotas={CROSS + "Claude Haiku 5.5": 10, CROSS + "Anthropic Claude Haiku 5.5 V1": 20})
    found = found_by(simulator, settings_of())
    assert found.quotas == {}
    [note] = found.notes
    codes = note[note.index("(") + 1 : note.index(")")].split(", ")
    assert f"2 quotas of tokens per minute may be that of {MODEL}" in note
    assert "model.quota_codes" in note
    values = {
        found_by(simulator, settings_of(quota_codes={"tokens_per_minute": code})).quotas["tokens_per_minute"].value
        for code in codes
    }
    assert values == {10, 20}


ALL = {"tokens_per_minute": 1000, "requests_per_minute": 30, "tokens_per_day": 9000}
NAMES = {
    "tokens_per_minute": CROSS + "Anthropic Claude Haiku 5.5",
    "quota": CROSS.replace("tokens", "requests") + "Anthropic Claude Haiku 5.5",
    "tokens_per_day": "Model invocation max tokens per day for Anthropic Claude Haiku 5.5",
}


@pytest.mark.parametrize("setting", NAMES)
def test_a_code_chooses_only_its_own_quota(simulator: Simulator, setting: str) -> None:
    """The others are found by name, or it is said that they are not; of several, one more code chooses."""
    simulator.set(**ALL)
    expected = {"tokens_per_minute": 1000, "quota": 30, "tokens_per_day": 9000}
    found = found_by(simulator, settings_of(quota_codes={setting: code_of(NAMES[setting])}))
    assert ({name: quota.value for name, quota in found.quotas.items()}, found.notes) == (expected, ())
    simulator.set(**ALL, more_quotas={CROSS + "Claude Haiku 5.5": 10})
    found = found_by(simulator, settings_of(quota_codes={setting: code_of(NAMES[setting])}))
    chosen = setting == "tokens_per_minute"
    assert ("tokens_per_minute" in found.quotas) == chosen
    assert ["2 quotas of tokens per minute" in note for note in found.notes] == [True] * (not chosen)
    simulator.set(**ALL, denied=["servicequotas:ListServiceQuotas"])
    found = found_by(simulator, settings_of(quota_codes={setting: code_of(NAMES[setting])}))
    assert found.quotas.keys() == {setting}
    assert found.notes[0].startswith("the other quotas of the account were not looked up: the permission")


def test_what_is_needed_and_not_there_is_said(simulator: Simulator) -> None:
    """Also where another quota is."""
    simulator.set(requests_per_minute=30)
    [note] = found_by(simulator, settings_of()).notes
    assert note.startswith(f"the account has no quota of tokens per minute that is called like {MODEL} (cross-region")
    assert found_by(simulator, settings_of(tokens_per_minute=5)).notes == ()


@pytest.mark.parametrize(
    ("setting", "other", "what"),
    [
        ("quota", "tokens_per_minute", "a quota of tokens per minute (model.tokens_per_minute), and none of requests"),
        ("tokens_per_minute", "quota", "a quota of requests per minute (model.quota), and none of tokens per minute"),
        ("tokens_per_day", "tokens_per_minute", "a quota of tokens per minute (model.tokens_per_minute), and none of"),
        ("quota", "Guardrails per account", "none of calls, and none of requests per minute"),
    ],
)
def test_a_code_of_another_kind_is_left_out(simulator: Simulator, setting: str, other: str, what: str) -> None:
    """What it is is said, and the quota of that setting is found by its name."""
    simulator.set(**ALL)
    name = NAMES.get(other, other)
    found = found_by(simulator, settings_of(quota_codes={setting: code_of(name)}))
    assert {quota.name for quota in found.quotas.values()} == {*NAMES.values()}
    [note] = found.notes
    assert note.startswith(f'{code_of(name)} in model.quota_codes ({setting}) is left out: it is "{name}", {what}')


def test_a_code_of_another_model_is_said(simulator: Simulator) -> None:
    """It counts: only who chose it knows whether AWS calls the model like this."""
    other, global_ = CROSS + "Amazon Nova Pro", "Global c" + CROSS[1:] + "Anthropic Claude Haiku 5.5"
    simulator.set(more_quotas={other: 7, global_: 8})
    for name, value in ((other, 7), (global_, 8)):
        found = found_by(simulator, settings_of(quota_codes={"tokens_per_minute": code_of(name)}))
        assert found.quotas["tokens_per_minute"].value == value
        [note] = found.notes
        assert note.startswith(f'{code_of(name)} in model.quota_codes (tokens_per_minute) is "{name}", a name unlike')
        assert note.endswith(f"unlike {MODEL}: it counts, as you chose it")


def test_a_code_that_does_not_exist_leaves_the_others(simulator: Simulator) -> None:
    """Code and setting are named, for each such code."""
    simulator.set(**ALL)
    found = found_by(simulator, settings_of(quota_codes={"quota": "L-0", "tokens_per_day": "L-1"}))
    assert {quota.name for quota in found.quotas.values()} == {*NAMES.values()}
    assert [note[: note.index(";")] for note in found.notes] == [
        f"{code} in model.quota_codes ({setting}) is left out: the account has no quota with this code in us-east-1"
        for setting, code in (("quota", "L-0"), ("tokens_per_day", "L-1"))
    ]


def test_a_day_that_is_doubled_across_regions(simulator: Simulator) -> None:
    """By code as by name."""
    name = "Model invocation max tokens per day for Claude Haiku 5.5 (doubled for cross-region calls)"
    simulator.set(more_quotas={name: 50}, tokens_per_minute=9)
    for codes in (None, {"tokens_per_day": code_of(name)}):
        assert found_by(simulator, settings_of(quota_codes=codes)).quotas["tokens_per_day"].value == 100


@given(st.text(max_size=80))
@example("Requests per minute of something new")
@example("input tokens per day")
def test_any_name_has_a_kind_or_none(name: str) -> None:
    """By the words that AWS uses."""
    assert kind_of(name) in {"", *WORDS}
    assert kind_of(f"{name} model requests per minute for X") or "per" in name.lower()


def test_no_quota_is_said(simulator: Simulator) -> None:
    """A model without a quota is said, unless a value was given by hand; so is a quota of 0."""
    simulator.set(models={"us.amazon.*": {"tokens_per_minute": 5}})
    [note] = found_by(simulator, settings_of()).notes
    assert note.startswith(f"the account has no quota that is called like {MODEL} (cross-region, us-east-1): set it")
    assert found_by(simulator, settings_of(tokens_per_minute=5)).notes == ()
    simulator.set(more_quotas={CROSS + "Claude Haiku 5.5": 0})
    found = found_by(simulator, settings_of())
    assert found.quotas == {}
    assert "is 0" in found.notes[0]
    assert "each call will be throttled" in found.notes[0]


def test_bedrock_mantle_has_its_own(simulator: Simulator) -> None:
    """By the bare id, input and output."""
    name = "[bedrock-mantle endpoint] {} tokens per minute for GPT-5.6 Sol"
    simulator.set(more_quotas={name.format("Input"): 10, name.format("Output"): 2})
    settings = settings_of("openai.gpt-5.6-sol", endpoint="mantle", api="responses")
    found = found_by(simulator, settings)
    assert {key: quota.value for key, quota in found.quotas.items()} == {
        "input_tokens_per_minute": 10,
        "output_tokens_per_minute": 2,
    }


def test_values_by_hand_win(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """They stay, and a difference is said; the others are filled in. All of it goes to run.json."""
    simulator.set(tokens_per_minute=9000, requests_per_minute=60, others_requests_per_minute=6)
    settings, account = settings_of(quota=100), Account(simulator.url)
    with caplog.at_level(logging.INFO):
        account.look_up(settings, None)
    now = account.known(settings)
    assert (now.completed(settings).model.quota, now.completed(settings).model.tokens_per_minute) == (100, 9000)
    assert "model.quota is 100, and the account has 60 requests per minute (L-" in caplog.text
    sources = now.sources(settings)
    assert (sources["quota"]["source"], sources["quota"]["account_value"]) == ("settings", 60)
    assert (sources["tokens_per_minute"]["source"], sources["tokens_per_minute"]["value"]) == ("account", 9000)
    assert sources["quota"]["others_per_minute"] == pytest.approx(6)
    assert now.in_words(settings).startswith("quotas found in the account: 9,000 tokens per minute (L-")


def test_the_plan_says_what_is_not_known(simulator: Simulator) -> None:
    """Whatever the level of the log: several that fit, none, a missing permission, and a value unlike the account's."""
    simulator.set(requests_per_minute=60)
    settings = settings_of(quota=100)
    for denied, line in (
        ([], "no quota of tokens"),
        (["cloudwatch:GetMetricData"], "cloudwatch:GetMetricData is missing"),
    ):
        simulator.set(denied=denied, requests_per_minute=60)
        now = known_by(simulator, settings)[1]
        lines = replace(Plan.of(settings), quota_notes=now.notes(settings)).lines()
        assert [one for one in lines if line in one]
        assert [one for one in lines if "and the account has 60 requests per minute" in one]


def test_only_quotas_that_are_known_have_a_source() -> None:
    """One given by hand without an account, and one found; of others there is nothing to say."""
    quota = Quota(9000.0, "L-1", "tokens")
    settings = settings_of(quota=60)
    assert known.Known().sources(settings) == {"quota": {"value": 60, "source": "settings"}}
    both = known.Known(Found({"tokens_per_minute": quota})).sources(settings)
    assert {name: about["source"] for name, about in both.items()} == {
        "quota": "settings",
        "tokens_per_minute": "account",
    }


def test_others_count_by_the_average_of_15_minutes(simulator: Simulator) -> None:
    """So also minutes in which they used nothing: here, those that are still to come."""
    simulator.set(others_requests_per_minute=600)
    control = control_of(settings_of(), simulator.url)
    assert control is not None
    now = datetime.now(UTC)
    until = now.replace(second=0, microsecond=0) + timedelta(minutes=10)
    so_far = (now - until + timedelta(minutes=15)) / timedelta(minutes=15)
    used, notes = others(control, settings_of().model, until)
    assert used["quota"] == pytest.approx(600 * so_far, rel=0.05)
    assert notes == []


@pytest.mark.parametrize("failing", ["ThrottlingException", "InternalServerException"])
def test_aws_is_asked_once(failing: str) -> None:
    """A lookup is not repeated by boto3: the run waits for it, and the account has quotas of such questions, too."""
    asked = list[str]()

    def answer(peer: socket.socket, head: Any) -> None:
        asked.append(str(head))
        peer.sendall(response(b'{"__type": "%s", "message": "no"}' % failing.encode(), status="500 Failed"))

    with serving(answer) as server:
        control = control_of(settings_of(), server.url)
        assert control is not None
        assert others(control, settings_of().model)[1] != []
        limits = control.client("sts").meta.config
    assert len(asked) == 1
    assert limits.connect_timeout + limits.read_timeout <= known.LIMIT_S, "as long as a run waits for all of it"


def test_others_are_in_the_forecast(simulator: Simulator) -> None:
    """It begins with what others use of the quota."""
    simulator.set(others_tokens_per_minute=500)
    settings = settings_of(tokens_per_minute=1_000_000_000)
    control = control_of(settings, simulator.url)
    assert control is not None
    used, notes = others(control, settings.model)
    assert used["tokens_per_minute"] == pytest.approx(500)
    assert (used["quota"], notes) == (0, [])
    alone = forecast(settings)
    shared = forecast(settings, others={"tokens_per_minute": 400_000_000, "quota": 5})
    assert alone is not None
    assert shared is not None
    assert list(shared.percent) == pytest.approx([alone.percent[0] + 40, alone.percent[1] + 40])
    assert str(shared).endswith("; others use 40 % of it now")


@pytest.mark.parametrize(
    ("action", "note"),
    [
        ("servicequotas:ListServiceQuotas", "not looked up: the permission servicequotas:ListServiceQuotas is missing"),
        ("servicequotas:GetServiceQuota", "not looked up: the permission servicequotas:GetServiceQuota is missing"),
        ("bedrock:GetInferenceProfile", "the permission bedrock:GetInferenceProfile is missing"),
        ("bedrock:GetFoundationModel", ""),
        ("cloudwatch:GetMetricData", "the permission cloudwatch:GetMetricData is missing"),
    ],
)
def test_a_missing_permission_is_one_line(simulator: Simulator, action: str, note: str) -> None:
    """Each is denied in turn; nothing fails, and what does not need it is found all the same."""
    simulator.set(denied=[action], inference_profiles={ARN: "amazon.nova-pro-v1:0"}, requests_per_minute=5)
    codes = {"tokens_per_minute": "L-1"} if "GetService" in action else None
    settings, account = settings_of(ARN, quota_codes=codes, quota=9), Account(simulator.url)
    account.look_up(settings, None)
    notes = account.known(settings).found.notes
    assert [line for line in notes if "permission" in line] == [line for line in notes if note and note in line]
    assert bool(note) == bool([line for line in notes if "permission" in line])


def test_an_account_that_does_not_answer_delays_no_run(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The lookup has a deadline; later there is no second one for the same settings."""
    monkeypatch.setattr(known, "LIMIT_S", 0.3)
    simulator.set(control_delay_seconds=3)
    settings, account = settings_of(), Account(simulator.url)
    with caplog.at_level(logging.INFO):
        account.look_up(settings, None)
    assert "AWS did not answer within" in caplog.text
    simulator.set(control_delay_seconds=0, tokens_per_minute=5)
    account.look_up(settings, None)
    assert account.known(settings).found.quotas == {}
    monkeypatch.setattr(known, "LIMIT_S", 20.0)  # a machine with other work may take longer than the time above
    account.look_up(settings_of("us.anthropic.claude-opus-5"), None)
    assert account.known(settings_of("us.anthropic.claude-opus-5")).found.quotas


def test_an_account_that_takes_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not waited for any longer closes its socket: the warning of one that is not would fail this test."""
    monkeypatch.setattr(known, "LIMIT_S", 0.5)
    with ExitStack() as sockets:
        server = sockets.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):  # what waits to be accepted fills its queue, and who comes next waits for a connection
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        settings, account = settings_of(), Account(f"http://127.0.0.1:{server.getsockname()[1]}")
        account.look_up(settings, None)
        assert account.known(settings).found.notes == (known.LATE,)
        gevent.sleep(0)  # who was given up has its turn


def test_an_address_that_nobody_answers() -> None:
    """It is one line."""
    settings, account = settings_of(aws={"control_endpoint_url": "http://127.0.0.1:9"}), Account("http://127.0.0.1:9")
    account.look_up(settings, None)
    assert account.known(settings).found.notes == (
        "the quotas of the account were not looked up: 127.0.0.1:9 does not answer",
    )


def test_an_api_key_opens_no_quotas(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without keys the reason is said in a line."""
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "made-up")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/none")
    settings, account = settings_of(aws={"control_endpoint_url": simulator.url}), Account()
    account.look_up(settings, None)
    [note] = account.known(settings).found.notes
    assert note.endswith("there are no AWS keys, and an API key opens only Bedrock")


def test_who_is_asked() -> None:
    """AWS, or the simulator, or who is named; never the endpoint of the calls."""
    assert address(settings_of(), None) == (True, None)
    assert address(settings_of(), "http://127.0.0.1:1") == (True, "http://127.0.0.1:1")
    assert address(settings_of(aws={"endpoint_url": "http://127.0.0.1:2"}), None) == (False, None)
    vpc = "https://vpce-0a1-b2.bedrock-runtime.us-east-1.vpce.amazonaws.com"
    assert address(settings_of(aws={"endpoint_url": vpc}), None) == (True, None)
    named = {"endpoint_url": "http://127.0.0.1:2", "control_endpoint_url": "http://127.0.0.1:3"}
    assert address(settings_of(aws=named), None) == (True, "http://127.0.0.1:3")


def test_the_demo_shows_a_quota_that_was_found(simulator: Simulator) -> None:
    """Its settings have none: the simulator's account has the one of which the README tells."""
    told = (ROOT / "examples" / "demo-simulator.txt").read_text(encoding="utf-8").split()
    of_account = int(told[told.index("--requests-per-minute") + 1])
    simulator.set(requests_per_minute=of_account)
    settings = Settings.model_validate_json((ROOT / "examples" / "demo.json").read_text(encoding="utf-8"))
    assert settings.model.quota is None
    account = Account(simulator.url)
    account.look_up(settings, None)
    said = account.known(settings).in_words(settings)
    assert re.fullmatch(rf"quotas found in the account: {of_account} requests per minute \(L-\w+\)", said)
    assert f"the quota of {of_account} requests/min" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_lookup_can_be_off(simulator: Simulator) -> None:
    """Then nothing is asked about quotas."""
    simulator.set(tokens_per_minute=5, denied=["servicequotas:*", "cloudwatch:*"])
    settings, account = settings_of(quota_lookup="off"), Account(simulator.url)
    account.look_up(settings, None)
    assert account.known(settings).found == Found()
