"""A model folder without ``tokenizer.json``: ``vocab.json`` with ``merges.txt``, or ``vocab.txt``, and what is beside.

The ``tokenizer.json`` that Hugging Face's ``transformers`` (5.23) makes of such a folder is made here, without it: how
a text is cut goes by the ``tokenizer_class`` of ``tokenizer_config.json`` (else the ``model_type`` of
``config.json``), because the vocabulary's files do not say. The tokens that are put around a text are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toklab.algorithms.symbols import BYTE_TO_CHAR
from toklab.errors import FormatError
from toklab.formats import huggingface_parts as parts
from toklab.formats.huggingface_checks import read_bytes, read_json
from toklab.formats.huggingface_parts import Json
from toklab.pretokenize import PATTERNS, to_oniguruma

CONFIG = "tokenizer_config.json"
_CLIP = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
# In the order in which the library gives ids to those that the vocabulary lacks.
_ROLES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_END = "<|endoftext|>"
_GPT2 = {"bos_token": _END, "eos_token": _END, "unk_token": _END}
_ROBERTA = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "cls_token": "<s>",
    "mask_token": "<mask>",
}
_BERT = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}


@dataclass(frozen=True)
class Folder:
    """What lies in a model folder.

    Parameters
    ----------
    vocab : id of each piece
    merges : of BPE, in order
    settings : ``tokenizer_config.json``, with the class's defaults where it does not say
    """

    vocab: Mapping[str, int]
    merges: tuple[tuple[str, str], ...]
    settings: Mapping[str, Any]

    def flag(self, name: str, default: bool) -> bool:
        value = self.settings.get(name)
        return default if value is None else bool(value)

    @property
    def unknown(self) -> str:
        return _content(self.settings["unk_token"])


@dataclass(frozen=True)
class Family:
    """Tokenizer classes that cut a text in one way.

    Parameters
    ----------
    build : model, normaliser, pre-tokenizer and decoder of a folder
    classes : names of the classes, without ``Fast``
    types : the ``model_type`` of models that use them
    roles : the special tokens, unless the folder says otherwise
    """

    build: Callable[[Folder], tuple[Json, Json | None, Json, Json]]
    classes: tuple[str, ...]
    types: tuple[str, ...]
    roles: Mapping[str, str] = field(default_factory=dict)


def _byte_level(folder: Folder, prefix: bool = False) -> tuple[Json, Json | None, Json, Json]:
    cutter = parts.byte_level(prefix=folder.flag("add_prefix_space", prefix))
    return parts.bpe(folder.vocab, folder.merges), None, cutter, parts.byte_level()


def _prefixed(folder: Folder) -> tuple[Json, Json | None, Json, Json]:
    return _byte_level(folder, True)


def _qwen2(folder: Folder) -> tuple[Json, Json | None, Json, Json]:
    cutter = parts.sequence(
        "pretokenizers",
        parts.split(to_oniguruma(PATTERNS["qwen2"].pattern)),
        parts.byte_level(prefix=folder.flag("add_prefix_space", False), pattern=False),
    )
    return parts.bpe(folder.vocab, folder.merges), {"type": "NFC"}, cutter, parts.byte_level()


def _clip(folder: Folder) -> tuple[Json, Json | None, Json, Json]:
    model = parts.bpe(folder.vocab, folder.merges, unknown=folder.unknown, suffix="</w>")
    spaces = parts.replace(" ", regex=r"\s+")
    normalizer = parts.sequence("normalizers", {"type": "NFC"}, spaces, {"type": "Lowercase"})
    cutter = parts.sequence("pretokenizers", parts.split(_CLIP, "Removed", invert=True), parts.byte_level())
    return model, normalizer, cutter, parts.byte_level()


def _gpt1(folder: Folder) -> tuple[Json, Json | None, Json, Json]:
    model = parts.bpe(folder.vocab, folder.merges, unknown=folder.unknown, suffix="</w>")
    decoder = {"type": "BPEDecoder", "suffix": "</w>"}
    return model, parts.bert_normalizer(True), {"type": "BertPreTokenizer"}, decoder


def _bert(folder: Folder) -> tuple[Json, Json | None, Json, Json]:
    normalizer = parts.bert_normalizer(
        folder.flag("do_lower_case", True),
        folder.flag("tokenize_chinese_chars", True),
        folder.settings.get("strip_accents"),
    )
    decoder = {"type": "WordPiece", "prefix": "##", "cleanup": True}
    return parts.wordpiece(folder.vocab, folder.unknown), normalizer, {"type": "BertPreTokenizer"}, decoder


_BERTS = ("Bert", "DistilBert", "Electra", "MobileBert", "ConvBert", "Lxmert", "Funnel", "SqueezeBert", "LayoutLM")
_OF_TEXT = (Family(_bert, tuple(f"{name}Tokenizer" for name in _BERTS), tuple(map(str.lower, _BERTS)), _BERT),)
_OF_JSON = (
    Family(_byte_level, ("GPT2Tokenizer",), ("gpt2", "gpt_neo", "gptj", "gpt_bigcode", "opt"), _GPT2),
    Family(_byte_level, ("CodeGenTokenizer",), ("codegen",), _GPT2),
    Family(
        _byte_level,
        ("RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "LEDTokenizer", "MvpTokenizer"),
        ("roberta", "bart", "longformer", "led", "mvp"),
        _ROBERTA,
    ),
    Family(_prefixed, ("BlenderbotTokenizer",), ("blenderbot",), _ROBERTA),
    Family(
        _qwen2,
        ("Qwen2Tokenizer",),
        ("qwen2", "qwen2_moe", "qwen3", "qwen3_moe"),
        {"eos_token": _END, "unk_token": _END, "pad_token": _END},
    ),
    Family(
        _clip,
        ("CLIPTokenizer",),
        ("clip",),
        {"bos_token": "<|startoftext|>", "eos_token": _END, "unk_token": _END, "pad_token": _END},
    ),
    Family(_gpt1, ("OpenAIGPTTokenizer",), ("openai-gpt",), {"unk_token": "<unk>"}),
)


def read_folder(path: Path) -> bytes:
    """The ``tokenizer.json`` that stands for a model folder.

    Parameters
    ----------
    path : a file of the folder: ``vocab.json`` or ``merges.txt``, or ``vocab.txt``

    Raises
    ------
    FormatError
        A file is missing or damaged, or the folder is of a kind that is not known.
    """
    folder = path.parent
    try:
        return _read(folder, path.name == "vocab.txt")
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise FormatError(f"{folder}: a setting is of a wrong kind: {error}") from None


def _read(folder: Path, of_text: bool) -> bytes:
    settings = _optional(folder / CONFIG)
    vocab = _vocab_lines(folder / "vocab.txt") if of_text else read_json(folder / "vocab.json")
    merges = () if of_text else _merges(folder / "merges.txt")
    family = _family(folder, settings, _OF_TEXT if of_text else _OF_JSON, vocab)
    settings = {**family.roles, **settings}
    if "added_tokens_decoder" not in settings:
        settings |= _optional(folder / "special_tokens_map.json")
    found = Folder(vocab, merges, settings)
    model, normalizer, cutter, decoder = family.build(found)
    return parts.whole(model, normalizer, cutter, decoder, _added(folder, found))


def _optional(path: Path) -> Json:
    return read_json(path) if path.exists() else {}


def _vocab_lines(path: Path) -> dict[str, int]:
    """One piece a line, ended by a line feed alone; of two that are equal the last counts, as in the library."""
    lines = _text(path).split("\n")
    return {line.rstrip(): index for index, line in enumerate(lines[:-1] if not lines[-1] else lines)}


def _merges(path: Path) -> tuple[tuple[str, str], ...]:
    found = []
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line or line.startswith("#version"):
            continue
        left, space, right = line.removesuffix("\r").partition(" ")
        if not (left and space and right) or " " in right:
            raise FormatError(f"{path}, line {number}: {line!r} is not two pieces with a space between")
        found.append((left, right))
    return tuple(found)


def _text(path: Path) -> str:
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not UTF-8: byte offset {error.start}") from None


def _family(folder: Path, settings: Json, families: tuple[Family, ...], vocab: Mapping[str, int]) -> Family:
    name = settings.get("tokenizer_class")
    if name is not None:
        wanted = str(name).removesuffix("Fast")
        found = next((family for family in families if wanted in family.classes), None)
        if found is not None or wanted not in ("PreTrainedTokenizer", "TokenizersBackend"):
            return _known(found, f"{folder} is for the tokenizer class {name!r}", families)
    kind = _optional(folder / "config.json").get("model_type")
    if kind is not None:
        found = next((family for family in families if kind in family.types), None)
        return _known(found, f"{folder} is for models of type {kind!r}", families)
    plain = all(char in vocab for char in BYTE_TO_CHAR) and not any(text.endswith("</w>") for text in vocab)
    if families is _OF_TEXT or plain:
        return families[0]
    raise FormatError(f"{folder} does not say how it cuts a text: {CONFIG} with tokenizer_class is missing")


def _known(found: Family | None, what: str, families: tuple[Family, ...]) -> Family:
    if found is None:
        names = ", ".join(name for family in families for name in family.classes)
        raise FormatError(f"{what}, whose rules toklab does not have (it has {names}); save its tokenizer.json")
    return found


def _content(token: Any) -> str:
    """The text of a token that is given as text or as an object."""
    text = token["content"] if isinstance(token, Mapping) else token
    if not isinstance(text, str):
        raise ValueError(f"the token {token!r} has no text")
    return text


def _added(folder: Path, found: Folder) -> list[Json]:
    """The added tokens, with the ids that the library gives them."""
    added: list[Json] = []
    for token, special in _wanted(folder, found.settings):
        content = _content(token)
        if content and all(content != other["content"] for other in added):
            flags = token if isinstance(token, Mapping) else None
            index = parts.next_id(found.vocab, added, content)
            added.append(parts.added_token(content, index, special=special, flags=flags))
    return added


def _wanted(folder: Path, settings: Mapping[str, Any]) -> Iterator[tuple[Any, bool]]:
    """Each added token, as it is given, and whether it is special; in the order in which they are added."""
    extra = settings.get("extra_special_tokens") or settings.get("additional_special_tokens") or []
    roles = [settings[role] for role in _ROLES if settings.get(role)]
    given = [*roles, *(extra.values() if isinstance(extra, Mapping) else extra)]
    specials = {_content(token) for token in given}
    listed: Mapping[str, Any] = settings.get("added_tokens_decoder") or {}
    for _, token in sorted(listed.items(), key=lambda item: int(item[0])):
        yield token, _content(token) in specials or bool(token.get("special"))
    if not listed:
        for content, _ in sorted(_optional(folder / "added_tokens.json").items(), key=lambda item: int(item[1])):
            yield content, content in specials
    for token in given:
        yield token, True
