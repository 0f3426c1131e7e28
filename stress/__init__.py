"""Stress tests of what `txt` promises when it is killed, stopped or out of disk: `make stress`.

Each trial disturbs real commands in a folder of its own and then checks facts: existing files are unchanged, outputs
are whole or absent, no temporary files remain, and the same command works when run again.
"""
