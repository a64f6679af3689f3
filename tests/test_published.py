"""Published rules that are not one pattern where they come from: several steps, or no regular expression at all."""

from __future__ import annotations

import io

import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import TEXT
from tokenizers import Regex, pre_tokenizers

from toklab.pretokenize import get_pretokenizer, to_oniguruma

# The pre_tokenizer of DeepSeek-V3's tokenizer.json, before ByteLevel.
DEEPSEEK_STEPS = (
    r"\p{N}{1,3}",
    "[一-龥぀-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"""| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+""",
)
THREE_STEPS = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(step), "isolated") for step in DEEPSEEK_STEPS])
ONE_STEP = pre_tokenizers.Split(Regex(to_oniguruma(get_pretokenizer("deepseek-v3").entry.pattern)), "isolated")
# One or two of every kind of character that the steps tell apart.
KINDS = "aZ!. \n\r\t1½漢日あー゙゛・゠\u3040\u3097é\u0301\0\u200d\u00a0_+€\U0001f680"
EAST = st.text(KINDS, max_size=24)


@given(text=EAST | TEXT)
@settings(max_examples=600)
def test_deepseeks_three_steps_are_one_pattern(text: str) -> None:
    theirs = [span for _, span in THREE_STEPS.pre_tokenize_str(text)]
    assert get_pretokenizer("deepseek-v3").spans(text) == theirs
    assert [span for _, span in ONE_STEP.pre_tokenize_str(text)] == theirs


def words_by_spaces(text: str) -> list[str]:
    """The rule in plain Python."""
    words: list[str] = []
    for char in text:
        if char in " ▁" or not words:
            words.append("")
        words[-1] += char
    return words


@given(text=st.text(" ▁ab\t\n\u00a0\u3000é日", max_size=30))
@settings(max_examples=300)
def test_every_space_begins_a_word(text: str) -> None:
    assert get_pretokenizer("sentencepiece").words(text) == words_by_spaces(text)


@given(lines=st.lists(st.text(" ▁ab\t\u00a0\u3000é日.", min_size=1, max_size=12), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_words_are_those_that_sentencepiece_counts(lines: list[str]) -> None:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["ab", *lines]),
        model_writer=model,
        model_type="word",
        use_all_vocab=True,
        vocab_size=200,
        hard_vocab_limit=False,
        character_coverage=1.0,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    for line in lines:
        words = get_pretokenizer("sentencepiece").words(line)
        assert processor.encode(line, out_type=str) == [word.replace(" ", "▁") for word in words]
