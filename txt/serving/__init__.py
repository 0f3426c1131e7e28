"""Classifiers as a service: one process, several models by name, requests of many clients computed together."""
