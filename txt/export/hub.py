"""Uploads an exported folder to a model hub, as huggingface_hub is set up: HF_ENDPOINT, HF_TOKEN or `hf auth login`."""

import re
from pathlib import Path

from txt.errors import InputError, TxtError

_NAME = re.compile(r"[\w][\w.-]{0,95}/[\w][\w.-]{0,95}", re.ASCII)


def check_repository(name: str) -> None:
    """Refuse what is not the name of a repository.

    Raises:
        InputError: it is not OWNER/NAME.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"--push {name}: a model on a hub is called OWNER/NAME", "--push my-name/my-model")


def push_folder(folder: Path, name: str, public: bool = False) -> str:
    """Upload all files of a folder as one commit, and return the repository's address; a new one is private.

    Raises:
        TxtError: the hub refused it, or cannot be reached; the folder is as it was.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    hint = f"{folder} is whole; `hf auth login` signs in, and the same command with --force tries again"
    try:
        hub = HfApi()
        made = hub.create_repo(name, exist_ok=True, private=not public)
        hub.upload_folder(repo_id=name, folder_path=folder, commit_message="Export of txt")
    except (HfHubHTTPError, OfflineModeIsEnabled, OSError, ValueError) as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise TxtError(f"cannot push to {name}: {reason}", hint) from None
    return str(made)
