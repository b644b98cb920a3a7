"""What a hand at the console can do to each declared field of each kind, derived from tables and models.

Changed: a plan for a spec with another value says the calls that would write it; boto3 sends them.
Removed: those calls without what is to go, or the operation that AWS has as their opposite.
Gone: the opposite of what made the resource.  What AWS wants otherwise is in by_hand.py.
"""

import copy
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from by_hand import CHANGE, REMOVE, VALUES, arns_of_others
from others import others
from program import Billingd, of_one
from tables import KINDS, Field, Wanted, operation
from world import World, changes

Sent = tuple[str, str, dict[str, Any]]  # service, operation, parameters
Way = Callable[[], Any]
OPPOSITE = {"Put": "Delete", "Create": "Delete", "Tag": "Untag", "Associate": "Disassociate", "Attach": "Detach",
            "Enable": "Disable", "Add": "Remove", "Update": ""}
PROBE = "probe"
MARK = "billingd"


class Hand:
    """Somebody with a client of their own, in a converged account."""

    def __init__(self, world: World, folder: Path):
        self.world, self.folder = world, folder
        self.tried: list[str] = []  # what became of each way, for people

    def ways(self, how: str, want: Wanted, field: Field, key: str) -> Iterator[Way]:
        """To change the field (what key names in it) or to remove it; likely ones first."""
        special = (CHANGE if how == "change" else REMOVE).get((field.kind, field.name))
        if special:
            yield lambda: special(self.world, want)
        calls = self.changing(want, field, key) if how == "change" else self.removing(want, field, key)
        for call in calls:
            yield lambda call=call: self.send(*call)

    def ways_to_delete(self, want: Wanted, made: list[Sent]) -> Iterator[Way]:
        """To take away the whole resource, which `made` brought about."""
        if KINDS[want["kind"]].removable:
            undone = self.planned({**want, "ensure": "absent"})
        else:
            undone = [other for call in reversed(made) for other in self.opposites(call, want, "")]
        yield lambda: "; ".join(filter(None, [self.send(*call) for call in undone]))

    def go(self, ways: Iterable[Way], service: str, seen: Callable[[], bool],
           noticed: Callable[[], bool] = lambda: False) -> bool:
        """Takes the first way that changes AWS; seen tells whether that is the drift it was to be.

        noticed: whether a plan finds anything in what was in sync.  Where the snapshot shows no change it is blind.
        """
        before = self.world.snapshot(service)
        self.tried = []
        for way in ways:
            said = way()
            changed = bool(changes(before, self.world.snapshot(service), service))
            if changed and seen():
                return True
            refused = isinstance(said, str) and said
            self.tried.append(said if refused else "taken, and changed something else" if changed else
                              "taken, and changed nothing")
            assert changed or refused or not noticed(), (
                f"AWS took a change of {service} that a plan sees and tests/sandbox/snapshot.py does not: teach the "
                "snapshot to read it (a parameter that asks for everything, a name that fills a read)")
        return False

    def outcome(self) -> str:
        """What became of the ways of the last go, each once."""
        return "; ".join(dict.fromkeys(self.tried)) or "no table and no model tells a way"

    def send(self, service: str, name: str, params: dict[str, Any]) -> str:
        """Why AWS refused; empty when it did not."""
        try:
            getattr(getattr(self.world, service), xform_name(name))(**params)
        except ClientError as error:  # not a way, then
            said = error.response["Error"]
            return f"{name} is refused: {said['Code']}: {said['Message'][:100]}"
        except ParamValidationError:
            return f"{name} has no such form by AWS's model"
        return ""

    # -- which calls ---------------------------------------------------------------------------------

    def planned(self, want: Wanted, field: str = "") -> list[Sent]:
        """What a spec of just this resource would have sent (for the field); nothing when it is refused."""
        spec = of_one(self.folder, self.world.region, want)
        said = Billingd(self.world.sandbox, self.folder, spec)("plan", "-o", "json")
        return [(call["service"], call["operation"], call["params"])
                for resource in (said.json["resources"] if said.code in (0, 2) else [])
                for call in resource["calls"] if not field or field in call["fields"]]

    def changing(self, want: Wanted, field: Field, key: str) -> Iterator[Sent]:
        value = want[field.name]
        if "OWNER" in field.flags and key == MARK:
            for service, name, params in self.probing(want, field):
                yield service, name, without_key(params, key, PROBE)
            return
        special = [VALUES[field.kind, field.name]] if (field.kind, field.name) in VALUES else []
        for other in [*special, *others(field, value, key, arns_of_others(self.world))]:
            yield from self.planned({**want, field.name: other}, field.name)

    def probing(self, want: Wanted, field: Field) -> list[Sent]:
        """The calls that write a map, with an entry that nobody has."""
        return self.planned({**want, field.name: {**want[field.name], PROBE: "somebody else"}}, field.name)

    def removing(self, want: Wanted, field: Field, key: str) -> Iterator[Sent]:
        """Each from a plan of its own: what AWS took without effect may have counted up a version."""
        def fresh() -> Iterator[Sent]:
            found = self.probing(want, field) if field.type == "MAP" else self.changing(want, field, key)
            return islice(found, 1)

        if field.type in ("MAP", "RULES", "STATEMENTS"):
            yield from ((service, name, without_key(params, key)) for service, name, params in fresh())
        else:
            member = key or (field.member or "").rpartition(".")[2].removesuffix("[]")
            for number in count():
                edits = [(service, name, edit) for service, name, params in fresh()
                         for edit in emptied(params, path_of(params, member, field), field)]
                if number >= len(edits):
                    break
                yield edits[number]
        for call in fresh():
            create = KINDS[field.kind].create
            if create is None or call[1] != create.op:  # else all would go
                yield from self.opposites(call, want, key)

    def opposites(self, call: Sent, want: Wanted, key: str) -> Iterator[Sent]:
        """What AWS has to undo a call: DeleteBucketPolicy, UntagResource, DeleteAccessLogSettings."""
        service, name, params = call
        verb = next((verb for verb in OPPOSITE if name.startswith(verb)), None)
        if verb is None:
            return
        rest = name.removeprefix(verb)
        names = [f"{OPPOSITE[verb]}{rest}", f"{OPPOSITE[verb]}{rest.removesuffix('Configuration')}",
                 f"{OPPOSITE[verb]}{rest}s",
                 *(f"Delete{member}" for member, value in params.items() if isinstance(value, dict))]
        for other in dict.fromkeys(names):
            found = operation(service, other)
            filled = found and self.fill(found, params, want, key)
            if filled:
                yield service, other, filled

    def fill(self, other: Any, params: dict[str, Any], want: Wanted, key: str) -> dict[str, Any] | None:
        """Parameters of an opposite: those of the call, the key, or what AWS calls the resource."""
        filled = {name: params[name] for name in other.input_shape.members if name in params}
        for name in other.input_shape.required_members:
            shape = other.input_shape.members[name]
            if name in filled:
                continue
            one = params.get(name.removesuffix("s"))  # DashboardNames
            if shape.type_name == "list" and (key or one):
                filled[name] = [key or one]
            elif shape.type_name == "string":
                filled[name] = self.named(other.service_model.service_name, name, want)
            if not filled.get(name):
                return None
        return filled

    def named(self, service: str, member: str, want: Wanted) -> str | None:
        """The member of AWS's own document about a resource of this name: NamedQueryId."""
        for document in self.world.snapshot(service).values():
            for inner in (document, *document.values()):
                if isinstance(inner, dict) and member in inner and want.get("name") in inner.values():
                    return str(inner[member])
        return None


def is_called(item: Any, name: str) -> bool:
    return isinstance(item, dict) and name in (item.get("Key"), item.get("ID"), item.get("Sid"))


def without_key(value: Any, key: str, probe: str = "") -> Any:
    """A copy without the entry called key, and without the probe; or with the probe called key."""
    gone = {key, PROBE} - {probe}
    if isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
        return json.dumps(without_key(json.loads(value), key, probe))
    if isinstance(value, dict):
        return {(key if name == probe else name): key if name in ("Key", "ID") and inner == probe else
                without_key(inner, key, probe) for name, inner in value.items() if name not in gone}
    if isinstance(value, list):
        return [without_key(item, key, probe) for item in value if not any(is_called(item, name) for name in gone)]
    return value


def path_to(value: Any, name: str, path: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
    """Where a member of this name is, the nearest first; capital or not."""
    inner = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else [])
    for step, _ in inner:
        if str(step).lower() == name.lower():
            return *path, step
    return next((found for step, item in inner if (found := path_to(item, name, (*path, step)))), None)


def path_of(params: dict[str, Any], member: str, field: Field) -> tuple[Any, ...] | None:
    """Where a field is in the parameters that write it: by AWS's name, ours, or the word that sends it."""
    words = dict(reversed(word.split("=", 1)) for word in (field.repair.send if field.repair else "").split())
    sent = next((word for source, word in words.items() if source.lstrip("+!") == field.name), "")
    return path_to(params, member) or path_to(params, field.name) or path_to(params, sent.rpartition(".")[2])


def emptied(params: dict[str, Any], path: tuple[Any, ...] | None, field: Field) -> list[dict[str, Any]]:
    """Copies of parameters that may mean that nothing is to be there: left out, empty, Remove..."""
    if not path:
        return []
    steps = [at for at, step in enumerate(path) if isinstance(step, str) and at > 0]
    return [edited(params, path, None),
            edited(params, path, [] if field.type in ("LIST", "COLUMNS", "SET") else ""),
            *(edited(params, (*path[:at], f"Remove{path[at]}"), True, path[at]) for at in reversed(steps))]


def edited(params: dict[str, Any], path: tuple[Any, ...], new: Any, instead_of: str = "") -> dict[str, Any]:
    """A copy with another value there; None takes it out."""
    made = copy.deepcopy(params)
    place = made
    for step in path[:-1]:
        place = place[step]
    place.pop(instead_of or path[-1], None)
    if new is not None:
        place[path[-1]] = new
    return made
