"""Mutated files of every format end with success or one clear error; `make stress` goes on with it for an hour."""

from stress.fuzz import all_formats, try_seed, workplace

SEEDS = 300  # the same on every machine, however fast it is


def test_mutated_files_of_every_format_end_with_success_or_one_clear_error():
    with workplace():
        formats = all_formats()
        tried = ((formats[seed % len(formats)], seed) for seed in range(SEEDS))
        findings = [f"{each.name}, seed {seed}: {found}" for each, seed in tried if (found := try_seed(each, seed))]
    assert not findings, "\n\n".join(findings)
