"""Which events a subscription filter takes: terms of its pattern, and the account and region it selects."""

import re
import shlex
from collections.abc import Callable

from ..services.logs import invalid

SELECTION = re.compile(r'\s*@aws\.(region|account)\s*(=|!=)\s*"([^"]*)"\s*')


def matcher(pattern: str) -> Callable[[str], bool] | None:
    """Plain terms, all of which must occur; other patterns are not served."""
    if not pattern.strip():
        return None
    if pattern.strip()[0] in "{[%" or "?" in pattern or re.search(r"(^|\s)-", pattern):
        raise invalid("The sandbox serves filter patterns of plain terms only")
    terms = shlex.split(pattern)
    return lambda message: all(term in message for term in terms)


def selects(criteria: str, account: str, region: str) -> bool:
    """@aws.region = "x" and the like; nothing selects all."""
    if not criteria:
        return True
    found = SELECTION.fullmatch(criteria)
    if not found:
        raise invalid("The sandbox serves one comparison in fieldSelectionCriteria only")
    same = {"region": region, "account": account}[found[1]] == found[3]
    return same if found[2] == "=" else not same
