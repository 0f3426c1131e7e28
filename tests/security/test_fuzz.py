"""Mutated files of every format end with success or one clear error; `make stress` goes on with it for an hour."""

from stress.fuzz import all_formats, fuzz, try_seed, workplace

SECONDS = 10.0


def test_mutated_files_of_every_format_end_with_success_or_one_clear_error():
    with workplace():
        formats = all_formats()
        # each format at least twice, however slow the machine is
        findings = [try_seed(each, seed) for seed in range(2) for each in formats]
        findings += list(fuzz(formats, SECONDS))
    assert not any(findings), "\n\n".join(filter(None, findings))
