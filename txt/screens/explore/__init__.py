"""The screen of `txt explore -i`."""
