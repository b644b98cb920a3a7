"""The tagging API: refuses what it cannot combine; what lies behind it is each service's own."""

from typing import Any

from ..call import Call, handles
from ..errors import AwsError
from ..messages import Reply


@handles("resourcegroupstaggingapi", "GetResources")
def get_resources(call: Call) -> Reply | dict[str, Any]:
    p = call.params
    others = p.keys() & {"TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "TagsPerPage", "PaginationToken"}
    if "ResourceARNList" in p and others:
        raise AwsError("InvalidParameterException", f"ResourceARNList cannot be combined with {', '.join(sorted(others))}.")
    return call.forward()
