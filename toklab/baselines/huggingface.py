"""Hugging Face tokenizers as baselines: byte-level BPE, WordPiece, Unigram and WordLevel.

All four train on the same documents, cut by the same pattern, without post-processor and without tokens for
the beginning or end of a text. BPE works on bytes and loses nothing. The other three work on characters; if a
pattern keeps the text between its matches, their pieces hold the spaces, so that joining them gives the text
back except for unknown words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from toklab.algorithms.pipeline import size_warnings
from toklab.algorithms.symbols import CONTINUATION
from toklab.baselines.huggingface_model import HuggingFaceTokenizer, from_bytes, load, truncated_model
from toklab.baselines.saved import check_spec, failures, special_facts
from toklab.corpus import Corpus
from toklab.errors import BaselineError, InputError, PatternError, UnknownNameError, UsageError, VocabSizeError
from toklab.pretokenize import Pattern, get_pretokenizer, to_oniguruma
from toklab.signature import library_version, signature
from toklab.types import Determinism, TrainSpec

__all__ = ["BPE", "UNIGRAM", "WORDLEVEL", "WORDPIECE", "HuggingFaceSpec", "HuggingFaceTokenizer", "from_bytes", "load"]

# WordPiece makes any longer word one [UNK]; the library's default, as in BERT.
MAX_WORD_LENGTH = 100
ALPHABETS = ("byte", "character")


@dataclass(frozen=True, kw_only=True)
class HuggingFaceSpec(TrainSpec):
    """Options of the Hugging Face trainers.

    Parameters
    ----------
    min_frequency : smallest count of a pair (BPE, WordPiece) or of a word (WordLevel) to be learned
    alphabet : BPE only: ``"byte"`` or ``"character"``
    end_of_word_suffix : text that marks a word's last piece, usually ``</w>``; BPE with characters only
    """

    min_frequency: int = 0
    alphabet: str = "byte"
    end_of_word_suffix: str | None = None


@dataclass(frozen=True)
class HuggingFaceAlgorithm:
    """One of the library's four trainers.

    Parameters
    ----------
    name : what the registry calls it
    kind : the library's name of the model: ``"BPE"``, ``"WordPiece"``, ``"Unigram"`` or ``"WordLevel"``
    claims : what was measured of repeated trainings
    unk : its unknown token, or None
    """

    name: str
    kind: str
    claims: Determinism
    unk: str | None
    sized: bool = True
    takes_pretokenizer: bool = True
    spec_type: type[TrainSpec] = HuggingFaceSpec

    @property
    def library(self) -> str:
        """The library and its installed version."""
        return library_version("tokenizers")

    def claims_with(self, options: Mapping[str, Any]) -> Determinism:
        """What was measured with these options: characters with a suffix get their ids in the order of a hash map."""
        return Determinism.NONE if options.get("end_of_word_suffix") else self.claims

    def fit(self, corpus: Corpus, spec: TrainSpec) -> HuggingFaceTokenizer:
        """Train on the documents.

        ``spec.threads`` is not used: the library reads ``RAYON_NUM_THREADS`` once in the life of a process,
        so whoever starts the process sets it.

        Raises
        ------
        UsageError
            An option that this trainer does not have.
        VocabSizeError
            The alphabet and the special tokens alone are more than ``spec.vocab_size``.
        BaselineError
            The library failed.
        """
        options = self._check(spec)
        entry = get_pretokenizer(spec.pretokenizer or "gpt2").entry
        unk = self._unk(options)
        specials = list(dict.fromkeys([*([unk] if unk else []), *spec.special_tokens]))
        engine = self._untrained(entry, options)
        self._train(engine, corpus, self._trainer(options, specials), spec.vocab_size, len(specials))
        facts = signature(self.name, spec.vocab_size, entry.name, spec.normalizer) | {"lib": self.library}
        if options.min_frequency:
            facts["min_frequency"] = str(options.min_frequency)
        if options.alphabet != "byte":
            facts["alphabet"] = options.alphabet
        if options.end_of_word_suffix:
            facts["suffix"] = options.end_of_word_suffix
        facts |= special_facts(spec)
        model = engine.to_str().encode("utf-8")
        return HuggingFaceTokenizer(self.name, model, facts, self._warnings(engine, entry, spec))

    def prefixes_with(self, options: Mapping[str, Any]) -> bool:
        """Whether a smaller training is the beginning of a larger one, with the same ids."""
        return self.kind in ("BPE", "WordLevel") and self.claims_with(options) is Determinism.EXACT

    def truncate(self, tokenizer: HuggingFaceTokenizer, vocab_size: int) -> HuggingFaceTokenizer:
        """What training at a smaller size gives, without training.

        Raises
        ------
        VocabSizeError
            The alphabet and the special tokens alone are more than ``vocab_size``.
        UsageError
            It is larger than the size that the tokenizer was trained for.
        """
        engine = Tokenizer.from_str(truncated_model(self.name, tokenizer, vocab_size))
        facts = {**tokenizer.signature, "vocab": str(vocab_size)}
        given = facts.get("special", "").split(",")
        unknown = engine.model.unk_token
        vocab = tokenizer.vocab
        specials = [vocab[index].surface.decode("utf-8") for index in sorted(vocab.special_ids)]
        told = tuple(text for text in specials if text in given or text != unknown)
        spec = HuggingFaceSpec(vocab_size=vocab_size, special_tokens=told)
        warnings = self._warnings(engine, get_pretokenizer(facts["pre"]).entry, spec)
        return HuggingFaceTokenizer(self.name, engine.to_str().encode("utf-8"), facts, warnings)

    def _check(self, given: TrainSpec) -> HuggingFaceSpec:
        spec = check_spec(self.name, given, HuggingFaceSpec)
        if spec.min_frequency < 0:
            raise UsageError(f"min_frequency {spec.min_frequency} is negative; use 0 or more")
        if self.kind == "Unigram" and spec.min_frequency:
            raise UsageError(f"{self.name} has no min_frequency; leave it at 0")
        if spec.alphabet not in ALPHABETS:
            raise UnknownNameError("alphabet", spec.alphabet, ALPHABETS)
        if self.kind != "BPE" and (spec.alphabet != "byte" or spec.end_of_word_suffix):
            raise UsageError(f"{self.name} has no choice of alphabet and no suffix; leave them out")
        if spec.alphabet == "byte" and spec.end_of_word_suffix:
            raise UsageError("an end-of-word suffix goes with characters; use alphabet=character")
        if spec.normalizer not in ("none", "bert"):
            raise UsageError(f"{self.name} has the normalizers none and bert; {spec.normalizer!r} does not apply")
        return spec

    def _unk(self, spec: HuggingFaceSpec) -> str | None:
        return "<unk>" if self.kind == "BPE" and spec.alphabet == "character" else self.unk

    def _untrained(self, entry: Pattern, spec: HuggingFaceSpec) -> Tokenizer:
        engine = Tokenizer(self._model(spec))
        if spec.normalizer == "bert":
            engine.normalizer = normalizers.BertNormalizer()
        on_bytes = self.kind == "BPE" and spec.alphabet == "byte"
        cutter = _byte_cutter(entry) if on_bytes else _cutter(entry)
        if cutter is not None:
            engine.pre_tokenizer = cutter
        decoder = decoders.ByteLevel() if on_bytes else self._decoder(entry.keeps_gaps, spec.end_of_word_suffix)
        if decoder is not None:
            engine.decoder = decoder
        return engine

    def _model(self, spec: HuggingFaceSpec) -> Any:
        if self.kind == "WordPiece":
            return models.WordPiece(unk_token=self.unk, max_input_chars_per_word=MAX_WORD_LENGTH)
        if self.kind == "WordLevel":
            return models.WordLevel(unk_token=self.unk)
        if self.kind == "BPE":
            given = {"unk_token": self._unk(spec), "end_of_word_suffix": spec.end_of_word_suffix}
            return models.BPE(**{key: text for key, text in given.items() if text})
        return models.Unigram()

    def _decoder(self, keeps_gaps: bool, suffix: str | None) -> Any:
        """What makes the round trip as good as it can be; None joins tokens with spaces."""
        if suffix:
            kept = decoders.Sequence([decoders.Replace(suffix, ""), decoders.Fuse()])
            return kept if keeps_gaps else decoders.BPEDecoder(suffix=suffix)
        if self.kind == "BPE":
            return decoders.Fuse()
        if self.kind == "WordPiece" and keeps_gaps:
            # A piece "##" alone is text; "##x" is x inside a word.
            return decoders.Sequence([decoders.Replace(Regex(r"\A##(?!\z)"), ""), decoders.Fuse()])
        if self.kind == "WordPiece":
            return decoders.WordPiece(prefix=CONTINUATION, cleanup=False)
        return decoders.Fuse() if keeps_gaps or self.kind == "Unigram" else None

    def _trainer(self, spec: HuggingFaceSpec, specials: list[str]) -> Any:
        common: dict[str, Any] = {
            # Too small a size is told after training, when the size of the alphabet is known.
            "vocab_size": max(spec.vocab_size, len(specials) + 1),
            "special_tokens": specials,
            "show_progress": False,
        }
        if self.kind == "Unigram":
            return trainers.UnigramTrainer(unk_token=self.unk, **common)
        common["min_frequency"] = spec.min_frequency
        if self.kind == "BPE" and spec.alphabet == "character":
            if spec.end_of_word_suffix:
                common["end_of_word_suffix"] = spec.end_of_word_suffix
            return trainers.BpeTrainer(**common)
        if self.kind == "BPE":
            # All 256 bytes; otherwise bytes that the corpus lacks would vanish from encoded text.
            return trainers.BpeTrainer(initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), **common)
        trainer = trainers.WordPieceTrainer if self.kind == "WordPiece" else trainers.WordLevelTrainer
        return trainer(**common)

    def _train(self, engine: Tokenizer, corpus: Corpus, trainer: Any, vocab_size: int, specials: int) -> None:
        try:
            with failures(BaselineError, f"{self.name} could not be trained"):
                engine.train_from_iterator(corpus.documents, trainer)
        except BaselineError as error:
            if "not large enough to contain all chars" not in str(error):
                raise
            raise VocabSizeError(self.name, vocab_size, _smallest_unigram(engine, corpus, specials)) from None
        obtained = engine.get_vocab_size()
        if obtained <= specials:
            raise InputError(f"the corpus holds no pre-token: {self.name} has nothing to train on")
        ids = sorted(engine.get_vocab().values())
        if ids != list(range(len(ids))):
            # A special token that is also a word or a character: the library gives both the same id, or skips one.
            raise UsageError(
                f"{self.name}: a special token is also a learned piece, and the library leaves ids that are not "
                f"0 to n - 1; choose a special token that does not occur in the corpus"
            )
        if obtained > vocab_size:
            unigram = self.kind == "Unigram"
            smallest = _smallest_unigram(engine, corpus, specials) if unigram else obtained
            raise VocabSizeError(self.name, vocab_size, smallest)

    def _warnings(self, engine: Tokenizer, entry: Pattern, spec: TrainSpec) -> tuple[str, ...]:
        found = size_warnings(engine.get_vocab_size(), spec.vocab_size)
        if self.kind == "WordPiece" and entry.name == "none":
            found.append(f"a document is one pre-token; more than {MAX_WORD_LENGTH} characters are one [UNK]")
        engine.encode_special_tokens = True
        for text in spec.special_tokens:
            with failures(BaselineError, f"{self.name} could not encode the special token {text!r}"):
                ids = engine.encode(text, add_special_tokens=False).ids
            if text != self.unk and engine.token_to_id(text) in ids:
                found.append(f"the text {text!r} is encoded as the special token that it spells")
        return tuple(found)


def _cutter(entry: Pattern) -> Any:
    """The library's pre-tokenizer of a pattern; None where a document is one pre-token."""
    if entry.name == "none":
        return None
    if entry.name == "whitespace":
        return pre_tokenizers.WhitespaceSplit()
    if entry.name == "bert":
        return pre_tokenizers.BertPreTokenizer()
    with failures(PatternError, f"tokenizers cannot compile the pattern {entry.pattern!r}"):
        compiled = Regex(to_oniguruma(entry.pattern))
    if entry.keeps_gaps:
        return pre_tokenizers.Split(compiled, "isolated")
    return pre_tokenizers.Split(compiled, "removed", invert=True)


def _byte_cutter(entry: Pattern) -> Any:
    """The same, with each byte spelled as GPT-2's printable character."""
    if entry.name == "gpt2":
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    cutter, spell = _cutter(entry), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return spell if cutter is None else pre_tokenizers.Sequence([cutter, spell])


def _smallest_unigram(engine: Tokenizer, corpus: Corpus, specials: int) -> int:
    """The smallest vocabulary that the Unigram trainer hits exactly.

    Measured on 0.23.3: it needs one piece more than alphabet and special tokens; at exactly that sum it ends
    with more pieces than asked for.
    """
    characters: set[str] = set()
    for text in corpus.documents:
        normal = engine.normalizer.normalize_str(text) if engine.normalizer else text
        words = engine.pre_tokenizer.pre_tokenize_str(normal) if engine.pre_tokenizer else [(normal, (0, 0))]
        characters.update(char for word, _ in words for char in word)
    return len(characters) + specials + 1


BPE = HuggingFaceAlgorithm("hf-bpe", "BPE", Determinism.EXACT, None)
WORDPIECE = HuggingFaceAlgorithm("hf-wordpiece", "WordPiece", Determinism.NONE, "[UNK]")
UNIGRAM = HuggingFaceAlgorithm("hf-unigram", "Unigram", Determinism.SAME_SET, "<unk>")
WORDLEVEL = HuggingFaceAlgorithm("hf-wordlevel", "WordLevel", Determinism.EXACT, "<unk>")
