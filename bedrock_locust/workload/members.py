"""The members that the bodies of the APIs have, apart from Converse, whose shapes boto3 knows.

Sources: "Inference request parameters and response fields for foundation models" in the Bedrock user guide, and the API
references of OpenAI and Anthropic. Each native format has a list here; imported models take any member.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_locust import formats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.settings.schema import Settings

_SAMPLING = "temperature top_p"
_ANTHROPIC = (
    f"max_tokens messages system {_SAMPLING} top_k tools tool_choice stop_sequences thinking metadata output_config"
    " output_format context_management cache_control mcp_servers container"
)
_CHAT = (
    f"messages max_tokens max_completion_tokens {_SAMPLING} stop tools tool_choice parallel_tool_calls response_format"
    " reasoning_effort frequency_penalty presence_penalty logit_bias logprobs top_logprobs n seed user metadata"
    " modalities prediction store stream_options verbosity safety_identifier prompt_cache_key prompt_cache_retention"
    " top_k min_p repetition_penalty chat_template_kwargs"
)
_RESPONSES = (
    f"input instructions max_output_tokens {_SAMPLING} tools tool_choice parallel_tool_calls max_tool_calls reasoning"
    " text include metadata previous_response_id conversation prompt prompt_cache_key prompt_cache_retention"
    " safety_identifier store stream_options top_logprobs truncation user background service_tier"
)
_COHERE = (
    "message chat_history documents search_queries_only preamble max_tokens temperature p k prompt_truncation"
    " frequency_penalty presence_penalty seed return_prompt tools tool_results stop_sequences raw_prompting"
)

MEMBERS: Mapping[str, frozenset[str]] = {
    name: frozenset(members.split())
    for name, members in {
        "responses": _RESPONSES,
        "chat": _CHAT,
        "messages": _ANTHROPIC,
        "claude": f"{_ANTHROPIC} anthropic_version anthropic_beta",
        "claude_text": f"prompt max_tokens_to_sample {_SAMPLING} top_k stop_sequences anthropic_version",
        "nova": "schemaVersion messages system inferenceConfig toolConfig additionalModelRequestFields",
        "llama": f"prompt max_gen_len {_SAMPLING} images",
        "titan": "inputText textGenerationConfig",
        "mistral": f"prompt max_tokens stop {_SAMPLING} top_k",
        "mistral_chat": _CHAT,
        "cohere": _COHERE,
        "cohere_text": "prompt temperature p k max_tokens stop_sequences return_likelihoods num_generations logit_bias"
        " truncate",
        "deepseek": f"prompt max_tokens stop {_SAMPLING}",
        "gpt_oss": _CHAT,
        "jamba": _CHAT,
        "open_weight": _CHAT,
        "palmyra": _CHAT,
    }.items()
}
"""Format -> names of the members at the top of its body."""


def members_of(settings: Settings) -> frozenset[str]:
    """The members that the body of these settings can have; none where any is taken."""
    model = settings.model
    if model.api != "invoke":
        return MEMBERS.get(model.api, frozenset())
    return MEMBERS.get(formats.native_name(model.known_id, model.format), frozenset())
