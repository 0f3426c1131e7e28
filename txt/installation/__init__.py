"""Checks of the installation for `txt doctor`, without loading the packages that are checked."""
