"""How a ramp went, in English."""

from __future__ import annotations

TEXTS = {
    "level.step": "step {part} ({rates})",
    "col.step": "Step",
    "axis.step": "step of the ramp",
    "ramp.at_once": "**{mode}: the ramp reached {target} in its first step**, without a call that failed for lack of capacity"
    " (503).",
    "ramp.reached": "**{mode}: the ramp reached {target}** {at}, after {halvings}.",
    "ramp.cut": "**{mode}: the ramp did not reach {target}**: the run ended {at}, after {halvings}.",
    "ramp.last": "**{mode}: the ramp did not reach {target}**: its last step was over before, {at}, after {halvings}.",
    "ramp.lacking": "Calls that failed for lack of capacity (503): {steps}.",
    "ramp.part": "{failed} of {calls} {at}",
    "ramp.highest": "The highest rate without such a call was that {at}.",
    "ramp.none": "No step was without such calls.",
    "ramp.most": "Most throughput: {rate} {at}.",
}
