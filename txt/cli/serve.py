"""`txt serve`: classifiers as a web service."""

from importlib.util import find_spec
from typing import Annotated

import typer

from txt.cli.console import print_json, say, say_if_terminal
from txt.cli.options import GivenOptions, takes
from txt.config import PredictConfig, ServeConfig
from txt.errors import InputError
from txt.extras import EXTRAS, say_how_to_install
from txt.option_schema import build_config, list_options
from txt.sanitize import sanitize


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("serve")(serve)


@takes(ServeConfig)
def serve(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="Runs or models' folders [the newest run].", metavar="[RUN]...", show_default=False),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the address as JSON on stdout.")] = False,
    given: GivenOptions,
) -> None:
    """Answer texts over HTTP (extra `serve`): POST /predict, a page to try it, /health, /metrics, /openapi.json.

    Texts of all requests are computed together. Several runs are asked for by name. A run that is trained anew is taken
    without losing a request; SIGTERM finishes what was begun. Other machines can ask only with --host, and a token.

    Example: `txt serve 001`, and `curl 127.0.0.1:8000/predict --json '{"text": "What a lovely film"}'`
    """
    missing = [name for name in EXTRAS["serve"] if find_spec(name) is None]
    if missing:
        raise InputError(f"txt serve needs the package {missing[0]}", say_how_to_install(extra="serve"))
    config = build_config(ServeConfig, given, given.settings)
    from txt.prediction.model_source import find_model
    from txt.runs.folder import Run
    from txt.serving.server import listen, read_token, run_server

    token = read_token(config)
    names = list(dict.fromkeys(runs or [str(Run.find_newest().path)]))
    for name in names:
        find_model(name)
    listening = listen(config)
    with listening:
        say_if_terminal("loading …")
        from txt.serving.application import make_application
        from txt.serving.served_models import load_models

        known = list_options(PredictConfig)
        predicting = PredictConfig(
            **{name: getattr(config, name) for name in list_options(ServeConfig) if name in known}
        )
        models = load_models(names, predicting)
        host, port = listening.getsockname()[:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        served = ", ".join(models)
        application = make_application(models, config, token, lambda line: say(sanitize(line)))
        if as_json:
            print_json({"format": 1, "address": address, "models": list(models), "token": token is not None})
        say(f"{sanitize(served)} at {address}; Ctrl-C stops")
        run_server(application, listening, config, say)
