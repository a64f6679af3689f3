"""Cut a text into documents; joined again, they are the text, character for character."""

from __future__ import annotations

DOCUMENT_KINDS = ("paragraph", "line", "file")


def cut_documents(text: str, kind: str) -> list[str]:
    """Cut a text.

    ``paragraph`` cuts after each run of blank lines, which stay with the document before them (a file's
    leading blank lines go with its first document); ``line`` after each newline; ``file`` not at all.
    Lines end at ``\\n`` only, so ``\\r``, form feeds and Unicode separators stay inside them.
    """
    if kind == "file":
        return [text]
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    if not lines[-1]:
        lines.pop()
    if kind == "line":
        return lines
    return _paragraphs(lines)


def _paragraphs(lines: list[str]) -> list[str]:
    documents: list[str] = []
    current: list[str] = []
    has_text = after_blank = False
    for line in lines:
        blank = not line.strip()
        if has_text and after_blank and not blank:
            documents.append("".join(current))
            current, has_text = [], False
        current.append(line)
        has_text = has_text or not blank
        after_blank = blank
    if current:
        documents.append("".join(current))
    return documents
