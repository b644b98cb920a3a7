"""The two lines of the access log that are offered: the same requests are the same bill, byte for byte."""

import json
import re
from typing import Any

import pytest
from rollup_world import GROUP, World, moment

NOON = moment("2025-10-07T12:00")
LEAN = '      log_format: "${log_format_lean}"\n'
ROUTES = ("GET /orders/{id}", "POST /orders", "GET /health", "$default")


def request(number: int) -> dict[str, str]:
    """What API Gateway knows of a request, by variable; every third is nobody's."""
    at = NOON + number * 600
    sub = "-" if number % 3 == 2 else f"5f0c7a3e-0001-4000-8000-00000000000{number % 4}"
    return {"requestId": f"bWEt8hvtIE0E{number:03}=", "authorizer.claims.sub": sub,
            "authorizer.claims.client_id": "3n4b5urk1ft4fl3mg5e62d9ado", "authorizer.claims.username": f"ann{number % 4}",
            "status": ("200", "404", "502")[number % 5 % 3], "requestTimeEpoch": str(at),
            "requestTime": "07/Oct/2025:12:00:00 +0000", "responseLength": str(number * 1000003 % 7000000),
            "dataProcessed": str(number), "apiId": "a1b2c3d4e5", "stage": "$default", "httpMethod": "GET",
            "routeKey": ROUTES[number % 4], "protocol": "HTTP/1.1", "responseLatency": "12", "integration.status": "200",
            "error.responseType": "-", "identity.sourceIp": "203.0.113.7", "path": f"/orders/{number}"}


def printed(line_format: str, values: dict[str, str]) -> str:
    """As API Gateway does it."""
    return re.sub(r"\$context\.([A-Za-z0-9_.]+)", lambda match: values.get(match[1], "-"), line_format)


def bill_of(world: World, more: str) -> tuple[bytes, int]:
    """The bill and the bytes of the log, from the format that the stage really has."""
    world.pipelines += more
    world.write(prices='{from: 2020-01-01, call: 0.003, gib: 0.7, free_calls: 2, rules: [{status: 5xx, bill: false},'
                       ' {route: "GET /health", call: 1}]}')
    assert "BL217" not in world.run("check").stderr
    world.apply()
    gateway = world.sandbox.client("apigatewayv2")
    (stage,) = gateway.get_stages(ApiId=gateway.get_apis()["Items"][0]["ApiId"])["Items"]
    lines = [printed(stage["AccessLogSettings"]["Format"], request(number)) for number in range(60)]
    lines += lines[::7]  # logged again
    assert all(json.loads(line) for line in lines)
    world.sandbox.traffic(GROUP, [{"message": line, "timestamp": (NOON + n * 600) * 1000,
                                   "arrival": (NOON + n * 600) * 1000 + 1000} for n, line in enumerate(lines)])
    world.sandbox.flush()
    world.run("rollup", "--month", "2025-10")
    found = world.run("bill", "--month", "2025-10", "-o", "json", "--from-raw").stdout
    return found.encode(), sum(map(len, lines))


def test_both_lines_are_the_same_bill(sandbox: Any, spec: Any, api: str) -> None:
    world = World(sandbox, spec)
    full, size = bill_of(world, "")
    gateway = sandbox.client("apigatewayv2")
    (name,) = (one["Name"] for one in gateway.get_apis()["Items"])
    sandbox.reset()
    made = gateway.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
    if not gateway.get_stages(ApiId=made)["Items"]:
        gateway.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
    lean, less = bill_of(world, LEAN)
    assert full == lean
    document = json.loads(full)
    assert document["from_raw"]["equal"] is True and document["draft"] is False
    assert [line["name"] for line in document["lines"]] and document["unattributed"]["calls"]
    assert sum(line["calls"] for line in document["lines"]) + document["unattributed"]["calls"] == 60
    assert less * 100 < size * 40


@pytest.mark.parametrize("left_out", ["sub", "routeKey", "username"])
def test_less_than_lean_is_told(sandbox: Any, spec: Any, left_out: str) -> None:
    """What bills need is missed in it as in the full one."""
    world = World(sandbox, spec)
    path = world.own_template() / "log-format-lean.json"
    path.write_text(re.sub(rf'"{left_out}":"[^"]*",?', "", path.read_text()).replace(",}", "}"))
    world.pipelines += LEAN
    world.write()
    assert {"sub": "BL204"}.get(left_out, "BL216") in world.run("check").stderr
