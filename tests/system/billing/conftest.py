"""Billing against the data plane of the sandbox.  Fixtures of the folder above hold here too."""
