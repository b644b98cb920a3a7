"""Access keys the sandbox knows, and whom each belongs to."""

import threading
from dataclasses import dataclass

ACCOUNT = "123456789012"
ACCESS_KEY = "AKIASANDBOXSANDBOX00"
SECRET_KEY = "sandbox/secret/key/for/tests/only/000000"
USER = "sandbox"
WEB_TOKEN, EXPIRED_WEB_TOKEN = "web.identity.token", "web.identity.token-expired"


@dataclass
class Key:
    access_key: str
    secret_key: str
    account: str
    arn: str
    user_id: str
    token: str = ""  # temporary credentials carry one
    expires: float = 0.0  # epoch seconds; 0: never


class Keys:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.keys: dict[str, Key] = {}
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.keys = {}
        self.add(ACCESS_KEY, SECRET_KEY, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/{USER}")

    def add(self, access_key: str, secret_key: str, account: str, arn: str, user_id: str = "",
            token: str = "", expires: float = 0.0) -> Key:
        key = Key(access_key, secret_key, account, arn, user_id or "AIDA" + "SANDBOX".ljust(17, "0"),
                  token, expires)
        with self.lock:
            self.keys[access_key] = key
        return key

    def find(self, access_key: str) -> Key | None:
        with self.lock:
            return self.keys.get(access_key)
