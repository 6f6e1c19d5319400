"""The types of the fields, and the base class of the sections, of the settings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticKnownError


def _no_truth(value: object) -> object:
    """The value; raises if it is `true` or `false`, which Python would take for 1 and 0."""
    if isinstance(value, bool):
        raise PydanticKnownError("float_type")
    return value


def _whole_no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticKnownError("int_type")
    return value


WEEK_S = 7 * 24 * 3600
Whole = Annotated[int, BeforeValidator(_whole_no_truth)]
Number = Annotated[float, BeforeValidator(_no_truth)]
Positive = Annotated[Whole, Field(gt=0)]
Amount = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Number, Field(ge=0)]
Percent = Annotated[Number, Field(gt=0, le=100)]
Users = Annotated[Whole, Field(gt=0, le=100_000)]
"""More would be a mistake: a worker runs a few hundred."""
Seconds = Annotated[Number, Field(gt=0, le=WEEK_S)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
ModelId = Annotated[Text, StringConstraints(max_length=2048, pattern=_PRINTABLE)]
"""botocore's limit."""
# fmt: off
NativeFormat = Literal[
    "claude", "claude_text", "cohere", "cohere_text", "deepseek", "gpt_oss", "imported", "jamba", "llama", "mistral",
    "mistral_chat", "nova", "open_weight", "palmyra", "titan",
]
# fmt: on
"""The names in `formats.FORMATS`."""
FileName = Annotated[Text, StringConstraints(max_length=4096, pattern=_PRINTABLE)]


class Section(BaseModel):
    """A section of the settings: unknown keys are mistakes, and pydantic shows no value, as it may be secret.

    The text below a field is its meaning in docs/settings.md.
    """

    # Without `use_attribute_docstrings`: to read its own source took a tenth of the start of each process.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)

    def others_than_default(self, *names: str) -> dict[str, Any]:
        """Those of these settings that are not at their default, with their values."""
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value != type(self).model_fields[name].default}
