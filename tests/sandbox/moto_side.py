"""The one place that talks to moto as a server: calls pass through here, and its state is reset here."""

import functools
import io
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import moto.backends
from moto.core import responses
from moto.core.base_backend import BackendDict
from moto.core.exceptions import ServiceException
from moto.core.model_instances import reset_model_data
from moto.moto_server import werkzeug_app
from werkzeug.exceptions import HTTPException

from .errors import AwsError
from .keys import ACCOUNT, USER
from .messages import Reply, Request

logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
# moto lists its own folder for every request to find a service by its name: a quarter of the sandbox's time.
MODULES = tuple(moto.backends.list_of_moto_modules())
moto.backends.list_of_moto_modules = lambda: MODULES
# And looks through all members of a class for each request that it handles.
responses.method_names_from_class = functools.cache(responses.method_names_from_class)
werkzeug_app.DISABLE_GLOBAL_CORS = True  # its headers are not passed on


def backend_app(service: Any) -> Any:
    """Without Flask's own help for who debugs; errors still come through to us."""
    app = werkzeug_app.create_backend_app(service)
    app.debug = False
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app


APP = werkzeug_app.DomainDispatcherApplication(backend_app)
APP.get_backend_for_host = functools.cache(APP.get_backend_for_host)  # type: ignore[method-assign]
ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


NOTES = threading.local()


@contextmanager
def touching(service: str) -> Iterator[set[str]]:
    """The services whose storage this thread looks into while it lasts, and this one."""
    NOTES.touched = {service}
    try:
        yield NOTES.touched
    finally:
        NOTES.touched = set()


def noted(self: Any, account: str, get: Any = BackendDict.__getitem__) -> Any:
    if touched := getattr(NOTES, "touched", None):
        touched.add(self.service_name)
    return get(self, account)


BackendDict.__getitem__ = noted  # type: ignore[method-assign]


def partition_of(region: str) -> str:
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def has(service: str) -> bool:
    """Whether moto knows the service at all."""
    name = moto.backends.ALT_SERVICE_NAMES.get(service.replace("-", ""), service.replace("-", ""))
    return name in MODULES


def backend(service: str, account: str, region: str) -> Any:
    """moto's own storage of a service; some are kept per partition."""
    place = partition_of(region) if service in ("iam", "s3", "sts") else region
    return moto.backends.get_backend(service)[account][place]


def reset() -> None:
    BackendDict.reset()
    reset_model_data()
    iam = backend("iam", ACCOUNT, "us-east-1")
    iam.create_user(region_name="us-east-1", user_name=USER)
    iam.put_user_policy(USER, "admin", json.dumps(ADMIN))


def _environ(request: Request, account: str) -> dict[str, Any]:
    host, _, port = request.get("Host").partition(":")
    raw = request.path + ("?" + request.query if request.query else "")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method, "SCRIPT_NAME": "",
        "PATH_INFO": unquote(request.path, "utf-8").encode("utf-8").decode("latin-1"),
        "QUERY_STRING": request.query, "RAW_URI": raw, "REQUEST_URI": raw,
        "SERVER_NAME": host, "SERVER_PORT": port or "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1", "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": False,
        "wsgi.run_once": False, "HTTP_X_MOTO_ACCOUNT_ID": account}
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key not in ("CONTENT_LENGTH", "TRANSFER_ENCODING", "USER_AGENT"):
            environ["HTTP_" + key] = value
    return environ


def call(request: Request, account: str) -> Reply:
    """moto's own answer."""
    reply = Reply()

    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], None]:
        reply.status = int(status.split()[0])
        reply.headers = [(k, v) for k, v in headers if not k.lower().startswith("access-control-")
                         and k.lower() not in ("status", "server")]
        return lambda _: None

    chunks = APP(_environ(request, account), start)
    try:
        reply.body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return reply


def as_aws_error(error: Exception) -> AwsError | None:
    """The AwsError in an exception of moto's backends; None when it is none of those."""
    if isinstance(error, ServiceException):
        return AwsError(error.code, error.message, getattr(error, "status", 400))
    if isinstance(error, HTTPException) and hasattr(error, "error_type"):
        return AwsError(error.error_type, getattr(error, "message", ""), error.code or 400)
    return None
