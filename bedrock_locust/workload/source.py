"""The workload of a run: where the next request of this process comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_locust.workload.fixed import TemplateWorkload
from bedrock_locust.workload.generated import GeneratedWorkload

if TYPE_CHECKING:
    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.workload.calibration import Calibration
    from bedrock_locust.workload.contract import Workload


def workload_of(settings: Settings, calibration: Calibration | None = None, name: str = "") -> Workload:
    """The workload that the settings ask for, in the process of this name."""
    if generated := generated_of(settings, calibration, name):
        return generated
    return TemplateWorkload(settings, name)


def generated_of(
    settings: Settings, calibration: Calibration | None = None, name: str = ""
) -> GeneratedWorkload | None:
    """The workload of requests with a length in tokens, if the settings ask for one."""
    length = settings.workload.input_tokens if settings.workload else None
    return GeneratedWorkload(settings, length, calibration, name) if length else None
