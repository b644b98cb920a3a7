"""The JSON Schemas, judged by an independent validator: every valid spec is accepted, a wrong one refuted wherever a schema can.

Read as an editor reads it (YAML 1.2: `off` and dates are texts)."""

import copy
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from conftest import BINARY, ROOT, Spec, pipeline
from test_bad_spec import BAD, WRONG
from test_docs import PAPERS

SPECS = ROOT / "tests/specs"


class Editor(yaml.SafeLoader):
    """The core schema of YAML 1.2; a key that stands twice is an error."""


Editor.yaml_implicit_resolvers = {}
for tag, form, first in (("null", r"~|null|Null|NULL|", "~nN"), ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
                         ("int", r"[-+]?[0-9]+", "-+0123456789"),
                         ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789")):
    Editor.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"^(?:{form})$"), [*first, ""] if tag == "null" else [*first])


def mapping(loader: Editor, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [key.value for key, _ in node.value]
    if len(set(keys)) != len(keys):
        raise yaml.YAMLError("a key stands twice")
    return loader.construct_mapping(node, deep=True)


Editor.add_constructor("tag:yaml.org,2002:map", mapping)
Editor.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))
SCHEMAS = {name: json.loads(text) for name, text in PAPERS.schemas(str(BINARY)).items()}
VALIDATORS = {name: jsonschema.Draft202012Validator(schema) for name, schema in SCHEMAS.items()}


def problems(text: bytes, template: bool = False) -> list[str]:
    try:
        document = yaml.load(text, Editor)
    except yaml.YAMLError as error:
        return [f"no YAML: {error}"]
    validator = VALIDATORS[f"specs/{'pipeline' if template else 'billing'}.schema.json"]
    return [f"{'.'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(document)]


VALID = [ROOT / "billing.yaml", SPECS / "seed/billing.yaml", *sorted(SPECS.glob("valid/*/billing.yaml")),
         *sorted(ROOT.glob("docs/examples/*.yaml")),
         *sorted(SPECS.glob("valid/*/effective.yaml"))]
TEMPLATES = [ROOT / "specs/pipeline.yaml", SPECS / "template.yaml", SPECS / "seed/pipeline.yaml"]
INVALID = sorted(SPECS.glob("invalid/*/billing.yaml"))
# What no schema can refute, for it stands in another place than the file.
BEYOND = {"cycle": "references, followed", "declared-twice": "two names that come to the same", "open-policies": "policies by what they allow", "queries": "in its template",
          "template-missing": "the file system", "template-problems": "in its template", "unset-region": "the environment"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_is_a_schema_and_lies_where_line_1_says(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert (ROOT / name).read_text() == PAPERS.schemas(str(BINARY))[name], "run scripts/papers schema BILLINGD"


@pytest.mark.parametrize("path", [ROOT / "billing.yaml", ROOT / "specs/pipeline.yaml", *ROOT.glob("docs/examples/*.yaml")],
                         ids=lambda path: path.name)
def test_line_1_leads_to_the_schema(path: Path) -> None:
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text())
    assert named and str((path.parent / named[1]).resolve().relative_to(ROOT)) in SCHEMAS


@pytest.mark.parametrize("path", VALID, ids=lambda path: str(path.relative_to(ROOT)))
def test_valid_specs_are_accepted(path: Path) -> None:
    assert problems(path.read_bytes()) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_are_accepted(path: Path) -> None:
    assert problems(path.read_bytes(), template=True) == []


def test_other_specs_are_accepted(tmp_path: Path) -> None:
    """Those of the tests, and of the documents."""
    assert problems(Spec(tmp_path / "billing.yaml", pipeline()).write().path.read_bytes()) == []
    samples = [text for path in sorted(ROOT.glob("docs/*.md")) for text in re.findall(r"```yaml\n(account:.*?)```", path.read_text(), re.S)]
    assert samples
    for text in samples:
        assert problems(text.encode()) == []


def texts(value: Any) -> Any:
    """The same with every scalar as a text, which means the same to billingd."""
    if isinstance(value, dict):
        return {key: texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [texts(item) for item in value]
    return json.dumps(value) if isinstance(value, (bool, int, float)) else value


@pytest.mark.parametrize("path", VALID, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_scalar_may_stand_in_quotes(path: Path) -> None:
    document = texts(yaml.load(path.read_bytes(), Editor))
    assert problems(yaml.safe_dump(document).encode()) == []


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.parent.name)
def test_wrong_specs_are_refuted(path: Path) -> None:
    assert bool(problems(path.read_bytes())) == (path.parent.name not in BEYOND)


@pytest.mark.parametrize("name", [name for name, why in BEYOND.items() if why == "in its template"])
def test_wrong_templates_are_refuted(name: str) -> None:
    assert problems((SPECS / "invalid" / name / "pipeline.yaml").read_bytes(), template=True)


def test_what_keeps_a_daemon_from_starting_is_refuted(tmp_path: Path) -> None:
    text = Spec(tmp_path / "billing.yaml", pipeline()).write().path.read_text()
    for name, change in BAD.items():
        # A parameter that the template does not have is known to who reads the template.
        assert problems(change(text).encode()) or name == "unknown field", name
    assert problems(Spec(tmp_path / "billing.yaml", pipeline(more=WRONG)).write().path.read_bytes())


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from nodes(value)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_property_has_a_description(name: str) -> None:
    found = [(key, value) for node in nodes(SCHEMAS[name]) if node.get("additionalProperties") is False
             for key, value in node["properties"].items()]
    assert len(found) > 300
    assert [key for key, value in found if not value.get("description")] == []


def maps(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from maps(item, (*path, key))


def test_a_key_nobody_knows_is_refuted(tmp_path: Path) -> None:
    """In each mapping of a spec with all that the shipped one comes to: where the schema has nothing against it, nor has billingd."""
    whole = subprocess.run([BINARY, "-f", ROOT / "billing.yaml", "check", "--print-effective"], capture_output=True, check=True,
                           env={"BILLING_ACCOUNT_ID": "123456789012"}).stdout
    document = yaml.load(whole, Editor)
    accepted = copy.deepcopy(document)
    refuted = 0
    validator = VALIDATORS["specs/billing.schema.json"]
    for number, path in enumerate(maps(document)):
        place, target = document, accepted
        for key in path:
            place, target = place[key], target[key]
        place[f"zzz_{number}"] = "SELECT 1"
        if validator.is_valid(document):
            target[f"zzz_{number}"] = "SELECT 1"
        else:
            refuted += 1
        del place[f"zzz_{number}"]
    assert refuted > 60
    (tmp_path / "billing.yaml").write_text(yaml.safe_dump(accepted, sort_keys=False))
    done = subprocess.run([BINARY, "-f", tmp_path / "billing.yaml", "check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
