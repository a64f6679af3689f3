"""Where text comes from: what every machine with Python has, or files of the user's, as a stream of bytes."""

from __future__ import annotations

import ast
import codecs
import sysconfig
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from toklab.errors import InputError

ENGLISH, CODE, MULTILINGUAL, HOSTILE = "english", "code", "multilingual", "hostile"
TEXTS = (ENGLISH, CODE, MULTILINGUAL, HOSTILE)
NOT_OURS = frozenset({"site-packages", "dist-packages"})
PARALLEL = Path(__file__).resolve().parents[1] / "corpora" / "parallel"
BLOCK = 1 << 20


@dataclass(frozen=True)
class Source:
    """Text that can be read again and again.

    Parameters
    ----------
    name : for tables
    origin : what it is made of, in a few words
    blocks : starts to read: UTF-8, in whole characters
    """

    name: str
    origin: str
    blocks: Callable[[], Iterator[bytes]]

    def size(self, enough: int) -> int:
        """Bytes that there are; reading stops when there are ``enough``."""
        found = 0
        for block in self.blocks():
            found += len(block)
            if found >= enough:
                break
        return found


def find_source(name: str, corpora: Mapping[str, Path]) -> Source:
    """The text of a name: the user's, or the machine's.

    Raises
    ------
    InputError
        Nothing there can be read.
    """
    if name in corpora:
        return Source(name, corpora[name].name, lambda: _read(corpora[name]))
    version = f"Python {sysconfig.get_python_version()}"
    if name == ENGLISH:
        return Source(name, f"docstrings, comments and topics of {version}'s standard library", _english)
    if name == CODE:
        return Source(name, f"sources of {version}'s standard library", _code)
    return Source(name, "the bundled parallel texts, all this machine has", _multilingual)


def _read(path: Path) -> Iterator[bytes]:
    """A file, or all files of a folder by path; a folder's files that are not UTF-8 are left out."""
    if path.is_dir():
        found = _texts(sorted(file for file in path.rglob("*") if file.is_file()))
        yield from (text.encode("utf-8") for _, text in found)
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as handle:
            while raw := handle.read(BLOCK):
                yield decoder.decode(raw).encode("utf-8")
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8: {error.reason}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def _texts(files: list[Path]) -> Iterator[tuple[Path, str]]:
    for file in files:
        try:
            yield file, file.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror or error}") from None


def _modules() -> list[Path]:
    root = Path(sysconfig.get_path("stdlib"))
    return sorted(file for file in root.rglob("*.py") if NOT_OURS.isdisjoint(file.relative_to(root).parts))


def _code() -> Iterator[bytes]:
    for _, text in _texts(_modules()):
        yield text.encode("utf-8")


def _english() -> Iterator[bytes]:
    from pydoc_data import topics

    yield "\n".join(topics.topics.values()).encode("utf-8")
    for _, text in _texts(_modules()):
        yield prose(text).encode("utf-8")


def prose(source: str) -> str:
    """The docstrings and the lines of comment of a module; nothing where it is no Python of this version."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    strings = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds)]
    lines = (line.strip() for line in source.split("\n"))
    comments = "\n".join(line.lstrip("# ") for line in lines if line.startswith("#"))
    return "".join(text + "\n\n" for text in [*strings, comments] if text)


def _multilingual() -> Iterator[bytes]:
    """The first paragraph of each language, then the second of each, and so on."""
    if not PARALLEL.is_dir():
        raise InputError(f"no text in several languages here; give some with --corpus {MULTILINGUAL}=PATH")
    texts = [text.split("\n") for _, text in _texts(sorted(PARALLEL.glob("*.txt")))]
    for number in range(max(map(len, texts), default=0)):
        lines = [text[number] for text in texts if number < len(text)]
        yield "".join(line + "\n" for line in lines).encode("utf-8")
