"""Every answer and every message of the runs against the two files of the specification."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from member import Exchanged
from report import Report

SHOWN = 8
# Of other channels' envelopes only the type tells them apart.
CONTROL = ("subscribed", "unsubscribed", "ok", "error")


def check(report: Report, folder: Path | None, answers: list[Exchanged], frames: list[str]) -> None:
    """Validates all there is, or says that there is no specification here."""
    if folder is None or not folder.is_dir():
        report.skip("answers and messages against the specification", "no ../shared/kalshi")
        return
    with report.check("every answer of REST fits the specification") as figures:
        figures += Rest(folder / "openapi.yaml").check(answers)
    with report.check("every message of the streams fits the specification") as figures:
        figures += Streams(folder / "asyncapi.yaml").check(frames)


def load(path: Path) -> dict:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(), Loader=loader)  # noqa: S506 - a safe loader


class Schemas:
    """Validators of parts of one file."""

    def __init__(self, path: Path) -> None:
        self.file = load(path)
        document = plain(copy.deepcopy(self.file))
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self.registry = Registry().with_resource("urn:file", resource)
        self.validators: dict[str, Draft202012Validator] = {}

    def faults(self, pointer: str, body: object) -> list[str]:
        """What is wrong with a body by the schema at a pointer of the file: path and message."""
        validator = self.validators.get(pointer)
        if validator is None:
            schema = {"$ref": f"urn:file#{pointer}"}
            validator = Draft202012Validator(schema, registry=self.registry, format_checker=FormatChecker())
            self.validators[pointer] = validator
        return [f"{generic(error.json_path)}: {error.message[:160]}" for error in validator.iter_errors(body)]


def generic(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path)


def plain(node: object) -> object:
    """OpenAPI 3.0 as JSON Schema: `nullable` is a union with null, and what stands beside a `$ref` counts."""
    if isinstance(node, list):
        return [plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    node = {key: plain(value) for key, value in node.items() if key != "example"}
    if node.pop("nullable", False) is True:
        return {"anyOf": [node, {"type": "null"}]}
    return node


def escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


class Rest(Schemas):
    """Bodies of answers by method, path and status."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.routes = []
        for template, item in self.file["paths"].items():
            pattern = re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template)))
            self.routes += [(template.count("{"), method.upper(), pattern, template) for method in item]
        self.routes.sort(key=lambda route: route[0])

    def check(self, answers: Iterable[Exchanged]) -> list[str]:
        validated, faults = Counter(), defaultdict(Counter)
        for answer in answers:
            if not 200 <= answer.status < 300:
                continue
            route = next((one for one in self.routes if one[1] == answer.method and one[2].fullmatch(answer.path)), None)
            if route is None:
                faults[f"{answer.method} {answer.path}"]["is not in the specification"] += 1
                continue
            operation = self.file["paths"][route[3]][answer.method.lower()]
            name = operation["operationId"]
            responses = operation["responses"]
            if str(answer.status) not in responses:
                faults[name][f"status {answer.status} is none of {list(responses)}"] += 1
                continue
            validated[name] += 1
            if "content" not in responses[str(answer.status)]:
                if answer.body and "$ref" not in responses[str(answer.status)]:
                    faults[name]["a body where there is to be none"] += 1
                continue
            pointer = "/".join(
                ["", "paths", escape(route[3]), answer.method.lower(), "responses", str(answer.status), "content",
                 escape("application/json"), "schema"]
            )
            for fault in self.faults(pointer, json.loads(answer.body)):
                faults[name][fault] += 1
        return judge(faults, [f"{validated.total():,} answers of {len(validated)} operations"])


class Streams(Schemas):
    """Messages by `type`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.by_type = defaultdict(list)
        for name, message in self.file["components"]["messages"].items():
            reference = message.get("payload", {}).get("$ref")
            if reference is None:
                continue
            schema = self.file["components"]["schemas"][reference.rsplit("/", 1)[1]]
            kind = schema.get("properties", {}).get("type", {}).get("const")
            if kind is not None:
                self.by_type[kind].append((name, reference.removeprefix("#")))

    def check(self, frames: Iterable[str]) -> list[str]:
        validated, faults = Counter(), defaultdict(Counter)
        for frame in frames:
            message = json.loads(frame)
            kind = message.get("type")
            candidates = self.by_type.get(kind, [])
            if not candidates:
                faults[str(kind)]["is no type of message"] += 1
                continue
            validated[kind] += 1
            found = []
            for _, pointer in candidates:
                found = self.faults(pointer, message)
                if not found:
                    break
            for fault in found:
                faults[kind][fault] += 1
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in validated.most_common())
        return judge(faults, [f"{validated.total():,} messages", kinds])


def judge(faults: dict[str, Counter[str]], figures: list[str]) -> list[str]:
    for name, counter in faults.items():
        for fault, count in counter.most_common(SHOWN):
            print(f"  {name}: {fault} ({count} times)")
    if faults:
        first = next(iter(faults))
        raise AssertionError(f"{len(faults)} disagree, first {first}: {next(iter(faults[first]))}; {figures[0]}")
    return figures
