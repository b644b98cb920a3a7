"""Several daemons that lose their leader again and again: python -m takeovers."""
