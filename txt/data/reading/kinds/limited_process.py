"""Calls a function in a process of its own that may take only so much memory.

For libraries in C and Rust that take a file's own word for its size: where they take too much, or crash over a file
that was made for it, that process ends and this one says so.
"""

import json
import subprocess
import sys
from importlib import import_module
from typing import Any

from txt.errors import InputError


class EndedError(Exception):
    """The process ended before the function did: it took too much memory, or crashed."""


def call_limited(module: str, function: str, arguments: list[Any], memory: int) -> Any:
    """Return what a function of a module returns for some arguments; all of them are values of JSON.

    Raises:
        InputError: the function raised it.
        EndedError: the process took more than `memory` bytes, or crashed.
    """
    code = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; serve()"
    call = json.dumps({"module": module, "function": function, "arguments": arguments, "memory": memory})
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, call],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise EndedError from None
    if "message" in answer:
        raise InputError(answer["message"], answer["hint"])
    return answer["value"]


def serve() -> None:
    """Be the process: call the function that the first argument names, and print what it returns or raises."""
    import resource

    call = json.loads(sys.argv[1])
    function = getattr(import_module(call["module"]), call["function"])
    resource.setrlimit(resource.RLIMIT_AS, (call["memory"], call["memory"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = {"value": function(*call["arguments"])}
    except InputError as error:
        answer = {"message": error.message, "hint": error.hint}
    print(json.dumps(answer))
