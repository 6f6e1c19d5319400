"""The commands in the documents and the arguments in the manifests are ones that Locust takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments

import pytest
import yaml

from bedrock_locust.settings.options import add_options

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PAGES = [ROOT / "README.md", ROOT / "docs" / "operations.md"]


def commands() -> Iterator[str]:
    """Each command in a shell block, on one line and without its comment."""
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                yield re.sub(r"\s# .*", "", line)


def locust_arguments() -> Iterator[str]:
    """What comes after `locust`, or after the name of its image."""
    for command in commands():
        if found := re.match(r"(?:\S*/)?locust (.*)|docker run .* bedrock-locust (.*)", command):
            yield found[1] or found[2]
    yield manifests("locusttest.yaml")[0]["spec"]["args"]
    for manifest in manifests("kubernetes.yaml"):
        if manifest["kind"] == "Job":
            for container in manifest["spec"]["template"]["spec"]["containers"]:
                yield shlex.join(container["args"])


def manifests(name: str) -> list[dict[str, Any]]:
    """The objects in a manifest."""
    return list(yaml.safe_load_all((EXAMPLES / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize("arguments", sorted(set(locust_arguments())))
def test_locust_takes_them(arguments: str) -> None:
    """Every option exists and has a value of its kind."""
    if arguments == "--version":
        return
    parser = get_empty_argument_parser()
    setup_parser_arguments(parser)
    add_options(parser, None)
    words = shlex.split(arguments)
    if "-f" in words:
        at = words.index("-f")
        files = words[at + 1].split(",")
        assert all((ROOT / file).exists() or (EXAMPLES / file).exists() for file in files)
        del words[at : at + 2]
    parser.parse_args(words)


def test_workers_that_are_waited_for_are_started() -> None:
    """As many workers as the master of a manifest expects, each naming the service of its master."""
    jobs = {m["metadata"]["name"]: m["spec"] for m in manifests("kubernetes.yaml") if m["kind"] == "Job"}
    [master], [worker] = (
        jobs[name]["template"]["spec"]["containers"] for name in ("bedrock-master", "bedrock-workers")
    )
    [service] = [m for m in manifests("kubernetes.yaml") if m["kind"] == "Service"]
    expected = int(master["args"][master["args"].index("--expect-workers") + 1])
    assert jobs["bedrock-workers"]["parallelism"] == jobs["bedrock-workers"]["completions"] == expected
    assert worker["args"][worker["args"].index("--master-host") + 1] == service["metadata"]["name"]
    assert service["spec"]["selector"] == jobs["bedrock-master"]["template"]["metadata"]["labels"]
    [test] = manifests("locusttest.yaml")
    assert f"--expect-workers {test['spec']['workers']} " in test["spec"]["args"]


def test_the_image_has_what_the_package_is_made_of() -> None:
    """Each file and folder that the Dockerfile copies is there, and no package of ours is left out."""
    copied = re.findall(r"^COPY (.*) \S+$", (EXAMPLES / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    assert all((ROOT / source).exists() for source in sources)
    assert sources >= {"pyproject.toml", "README.md", "LICENSE", "bedrock_locust", "reports", "shapes", "locustfile.py"}


def test_the_image_has_a_known_base() -> None:
    """The base of the image is one version, not whatever is the newest."""
    bases = re.findall(r"^FROM (.*)$", (EXAMPLES / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert bases
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base) for base in bases)


def test_pods_are_closed() -> None:
    """Pods run without rights that they do not need, and only workers reach a master."""
    objects = manifests("kubernetes.yaml")
    pods = [m["spec"]["template"] for m in objects if m["kind"] == "Job"]
    specs = [m["spec"] for m in objects if m["kind"] == "NetworkPolicy"]
    policies = {tuple(spec["podSelector"]["matchLabels"].values()): spec for spec in specs}
    for pod in pods:
        assert tuple(pod["metadata"]["labels"].values()) in policies
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        for container in pod["spec"]["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
        assert not [volume for volume in pod["spec"]["volumes"] if "configMap" in volume], "settings may hold keys"
    [rule] = policies["bedrock-master",]["ingress"]
    assert rule["ports"] == [{"port": 5557}]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app": "bedrock-worker"}}}]
    assert policies["bedrock-worker",]["policyTypes"] == ["Ingress"]
    assert "ingress" not in policies["bedrock-worker",]
    assert "--web-login" in pods[0]["spec"]["containers"][0]["args"]


def test_the_licence_is_the_one_that_the_readme_states() -> None:
    """One text, in both places."""
    assert (
        (ROOT / "README.md")
        .read_text(encoding="utf-8")
        .endswith("## Licence\n\n" + (ROOT / "LICENSE").read_text(encoding="utf-8"))
    )
