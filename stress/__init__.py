"""Trials of what `txt` promises when it is killed, starved, stopped or disturbed: `make stress`.

Each trial does its worst to real commands in a folder of its own and then checks facts: what was there is there, what
was made is whole or absent, nothing is left lying about, the same command goes on.
"""
