"""What AWS does and moto does not, one module per service."""

import importlib
import pkgutil


def load() -> None:
    """Imports every module here; each registers its operations."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    for name in ("athena_api", "logs_api", "metrics_api"):
        importlib.import_module(f"sandbox.data.{name}")
