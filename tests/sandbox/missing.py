"""What the sandbox does not have, told with the place where it would be added."""

from . import models, moto_side


def service(name: str) -> str:
    known = ", ".join(models.SERVICES)
    return (f"the sandbox has no service {name!r}, only those of lib/aws/models: {known}. A kind with "
            f".service = \"{name}\" in lib/resources and a run of scripts/models add one\n")


def operation(service: str, name: str) -> str:
    lacks = f"{service} {name}" if moto_side.has(service) else f"{service} at all"
    return (f"moto has no {lacks}: answer it with a function under @handles(\"{service}\", \"{name}\") in "
            f"tests/sandbox/services/{service}.py")
