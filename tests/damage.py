"""Ways to damage a model file, the same on every machine; and a child process that loads what comes of it.

``python damage.py FILE COUNT SEED MEGABYTES SECONDS MODEL ENGINE ...`` damages a file, loads the model that it is a
part of by each engine, and encodes a little with what loads. Every outcome other than that or a `ToklabError` of one
short line is printed, and also where two engines give other ids; at the end how often each came. A crash, or a damage
that takes longer than SECONDS, ends the process; a file ``last`` beside the damaged one tells which it was.
"""

from __future__ import annotations

import copy
import faulthandler
import json
import random
import resource
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HUGE = (2**31, 2**32 - 1, 2**63, 2**64, 10**400, -1)
VALUES: tuple[Any, ...] = (
    None, True, 0, 1, *HUGE, 1.5, 1e308, "", "a", " ", "\n", "\u2581", "\x00", "AAAA", "!!!!", "a" * 100_000,
    [], {}, [[]], ["a", "b"], [["a", "b"]], {"a": 0}, {"type": "Sequence"}, "(a*)*b", "(?R)", "a{99999}",
)  # fmt: skip
CHUNKS = (
    b"",
    b"\0",
    b"\xff" * 9,
    b"\xff\xff\xff\xff\x0f",
    b"\0" * 8,
    b"\xff" * 8,
    b"\x0a\x00",
    b"\n",
    b" ",
    b"A" * 5000,
)
WHOLE: tuple[bytes, ...] = (
    b"",
    b"\n",
    b"\0" * 100_000,
    b"\xff" * 100_000,
    b"[" * 100_000,
    b'{"a":' * 30_000,
    b"{}",
    b"[]",
    b"\x0a" * 100_000,
    b"a b\n" * 20_000,
    b"#version: 0.2\n" + b"a a\n" * 20_000,
    b"YQ== 0\n" * 20_000,
    b"GGUF" + b"\xff" * 1_000,
    b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94",  # a pickle
)
TEXTS = (
    "",
    " ",
    "the tide  came in.\n",
    "<tool><|endoftext|>[UNK]<s>",
    "\u00e9\u6f22\U0001f600\x00 a\u0301",
    "a" * 300,
)


def damaged(data: bytes, rng: random.Random, count: int) -> Iterator[bytes]:
    """The file cut short at many places, and damaged in ``count`` other ways."""
    yield from WHOLE
    step = max(1, len(data) // 40)
    yield from (data[:size] for size in range(1, len(data), step))
    yield from (data[:-size] for size in range(1, 12))
    ways: list[Callable[[bytes, random.Random], bytes]] = [_flipped, _spliced]
    if data.startswith(b"{"):
        ways += [_tree] * 6
    elif b"\0" not in data[:2000]:
        ways += [_lines] * 3
    for _ in range(count):
        yield rng.choice(ways)(data, rng)


def _flipped(data: bytes, rng: random.Random) -> bytes:
    raw = bytearray(data)
    near = rng.choice((len(raw), min(len(raw), 400)))
    for _ in range(rng.randint(1, 3)):
        raw[rng.randrange(near)] ^= rng.choice((1, 2, 128, rng.randint(1, 255)))
    return bytes(raw)


def _spliced(data: bytes, rng: random.Random) -> bytes:
    """A part replaced by something hostile, or by another part."""
    at, size = rng.randrange(len(data)), rng.choice((0, 1, 4, 8, 100))
    other = rng.randrange(len(data))
    chunk = rng.choice((*CHUNKS, data[other : other + size], data[other : other + 2000]))
    return data[:at] + chunk + data[at + size :]


def _lines(data: bytes, rng: random.Random) -> bytes:
    """Lines doubled, dropped, exchanged, or with other numbers and words."""
    lines = data.split(b"\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    words = lines[at].split(b" ")
    words[rng.randrange(len(words))] = rng.choice((b"%d" % rng.choice(HUGE), b"", b"0", b"a", b"=", b"\xff", b"</w>"))
    changed = {"double": [lines[at], lines[at]], "drop": [], "swap": [lines[other]], "set": [b" ".join(words)]}
    lines[at : at + 1] = changed[rng.choice(list(changed))]
    return b"\n".join(lines)


def _tree(data: bytes, rng: random.Random) -> bytes:
    """Entries of the JSON replaced, dropped, doubled or exchanged."""
    tree = json.loads(data)
    for _ in range(rng.randint(1, 2)):
        holder, key = tree, None
        while (isinstance(holder, dict | list) and holder) and (key is None or rng.random() < 0.85):
            key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
            parent, holder = holder, holder[key]
        if key is None:
            continue
        way = rng.choice(("set", "set", "drop", "again", "swap"))
        if way == "set":
            parent[key] = copy.deepcopy(rng.choice(VALUES))
        elif way == "drop":
            del parent[key]
        elif isinstance(parent, list):
            other = rng.randrange(len(parent))
            parent[other] = copy.deepcopy(parent[key]) if way == "again" else parent[other]
            parent.append(copy.deepcopy(parent[key]))
        else:
            other = rng.choice(list(parent))
            parent[key], parent[other] = copy.deepcopy(parent[other]), parent[key]
    return json.dumps(tree).encode()


def outcome(load: Callable[..., Any], path: Path, engine: str) -> str | list[list[int]]:
    """How an engine takes a file: the ids of `TEXTS`, "refused", or what is wrong."""
    from toklab.errors import ToklabError

    try:
        tokenizer = load(path, engine=engine)
        size, ids = len(tokenizer.vocab), []
        for text in TEXTS:
            found = tokenizer.encode(text)
            if len(found.ids) and not (found.ids.min() >= 0 and found.ids.max() < size):
                return f"ids {found.ids.tolist()[:20]} of {size}"
            ids.append(found.ids.tolist())
            tokenizer.decode(ids[-1])
    except ToklabError as error:
        lines = str(error).splitlines()
        return "refused" if len(lines) == 1 and len(lines[0]) < 2000 else f"no short line: {str(error)[:200]!r}"
    except BaseException as error:  # a library's panic is no Exception
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} at {place.filename}:{place.lineno}: {str(error)[:200]!r}"
    return ids


def main(path: Path, count: int, seed: int, megabytes: int, seconds: float, model: Path, *engines: str) -> None:
    """Damage one file again and again; the model is that file, or one that it stands beside."""
    from toklab.loading import load

    whole = path.read_bytes()
    for engine in engines:  # imported before memory is limited and time is measured
        assert isinstance(outcome(load, model, engine), list)
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))
    counts: Counter[str] = Counter()
    for number, data in enumerate(damaged(whole, random.Random(seed), count)):
        path.write_bytes(data)
        ids = []
        for engine in engines:
            faulthandler.dump_traceback_later(seconds, exit=True)
            path.with_name("last").write_text(f"{number} by {engine}")
            found = outcome(load, model, engine)
            faulthandler.cancel_dump_traceback_later()
            counts["loaded" if isinstance(found, list) else found if found == "refused" else "wrong"] += 1
            if isinstance(found, list):
                ids.append(found)
            elif found != "refused":
                print(f"damage {number} by {engine}: {found}", flush=True)
        if len(ids) == 2 and ids[0] != ids[1]:
            counts["wrong"] += 1
            text, one, two = next(each for each in zip(TEXTS, *ids, strict=True) if each[1] != each[2])
            print(f"damage {number} gives other ids of {text[:30]!r}: {one[:12]}, {two[:12]}", flush=True)
            path.with_name(f"bad-{number}-{path.name}").write_bytes(data)
    print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    place, number, start, memory, patience, main_file, *who = sys.argv[1:]
    main(Path(place), int(number), int(start), int(memory), float(patience), Path(main_file), *who)
