"""``hf:owner/name[@revision]``: the tokenizer's files of a repository on the Hugging Face hub.

``huggingface_hub`` fetches them, into its own cache; ``HF_HOME``, ``HF_TOKEN``, ``HF_HUB_OFFLINE`` and the rest of its
environment hold. Only files of the formats that toklab reads are fetched, and no code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toklab.errors import FormatError, UsageError

PREFIX = "hf:"
BESIDE = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "config.json")
# Seconds to wait for the hub's first answer.
PATIENCE = 4.0
_NAME = re.compile(r"(?P<repository>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[\w./-]+))?", re.ASCII)


def is_hub(source: object) -> bool:
    """Whether a source names a repository on the hub."""
    return isinstance(source, str) and source.startswith(PREFIX)


def fetch(source: str, names: Iterable[str]) -> Path:
    """The local folder with a repository's files.

    Parameters
    ----------
    source : ``hf:owner/name``, or with ``@`` and a branch, tag or commit
    names : of the files to fetch, beside those that say how they are meant

    Raises
    ------
    UsageError
        It is no such name, or the package is not installed.
    FormatError
        There is no such repository or revision, it may not be read, it has no such file, or the hub cannot be reached
        and the cache does not hold it.
    """
    match = _NAME.fullmatch(source.removeprefix(PREFIX))
    if match is None:
        raise UsageError(f"{source!r} names no repository; write hf:owner/name or hf:owner/name@revision")
    try:
        import huggingface_hub
        from huggingface_hub import errors, utils
    except ImportError:
        raise UsageError(f"{source} needs huggingface_hub: pip install 'toklab[hub]'") from None
    wanted = sorted({name for name in names if "*" not in name} | set(BESIDE))
    with _quiet(utils):
        try:
            found = huggingface_hub.snapshot_download(
                match["repository"], revision=match["revision"], allow_patterns=wanted, etag_timeout=PATIENCE
            )
        except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.HFValidationError) as error:
            raise FormatError(
                f"{source}: the hub has no such repository or revision, or no access to it ({_kind(error)})"
            ) from None
        except (OSError, ValueError, errors.HfHubHTTPError) as error:
            raise FormatError(_why(source, error)) from None
    return Path(found)


def _why(source: str, error: Exception) -> str:
    """What went wrong, in one line."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return f"{source} is not in the cache of huggingface_hub, and HF_HUB_OFFLINE forbids fetching it"
    return f"{source} is not in the cache of huggingface_hub and cannot be fetched ({_kind(error)})"


def _kind(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


@contextmanager
def _quiet(utils: Any) -> Iterator[None]:
    """No progress bars while a block runs, because the library prints nothing."""
    shown = not utils.are_progress_bars_disabled()
    if shown:
        utils.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            utils.enable_progress_bars()
