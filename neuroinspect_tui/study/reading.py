"""Answers and keys, read strictly: what does not fit the quiz is refused, never left out."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from engine.io.atomic import decode_json
from engine.schema.errors import DataError
from neuroinspect_tui.study.records import Answers, Key

LARGEST = 64 * 2**20
"""Bytes of a file that is read."""
T = TypeVar("T")


def read_key(path: Path) -> Key:
    """Read the right answers.

    Raises:
        DataError: The file is missing, or is no key.
    """
    key = _read(path, Key, "a key of `study make`")
    asked = {(at, condition) for form in key.forms for at, condition in form}
    if any(at >= len(key.solutions) or name not in key.conditions for at, name in asked):
        raise DataError(f"{path} is damaged: it asks what it has no answer to.")
    return key


def read_answers(paths: Sequence[Path], key: Key) -> list[Answers]:
    """Read the answers of several observers to one quiz.

    Raises:
        DataError: A file is missing or damaged, is of another quiz, answers what was not asked, or
            is of an observer who has answered already.
    """
    found: list[Answers] = []
    for path in paths:
        answers = _read(path, Answers, "answers to a quiz of `study make`")
        if answers.quiz != key.quiz:
            raise DataError(f"{path} answers the quiz {answers.quiz}, the key is of {key.quiz}.")
        _check(path, answers, key)
        if any((one.observer, one.stand_in) == (answers.observer, answers.stand_in)
               for one in found):  # fmt: skip
            raise DataError(
                f"{path} is of {answers.observer}, whose answers another file has; give one file "
                "an observer."
            )
        found.append(answers)
    return found


def _check(path: Path, answers: Answers, key: Key) -> None:
    given = [(one.question, one.condition) for one in answers.answers]
    if answers.form is None and answers.stand_in is None:
        raise DataError(f"{path} does not say which form was answered.")
    if answers.form is not None and answers.form > len(key.forms):
        raise DataError(f"{path} answers form {answers.form}; the quiz has {len(key.forms)}.")
    forms = key.forms if answers.form is None else key.forms[answers.form - 1 : answers.form]
    asked = {pair for form in forms for pair in form}
    if unknown := [pair for pair in given if pair not in asked]:
        question, condition = unknown[0]
        raise DataError(
            f"{path} answers question {question} with condition {condition!r}, which its form does "
            "not ask."
        )
    (pair, count), *_ = Counter(given).most_common(1) or [((0, ""), 0)]
    if count > 1:
        raise DataError(f"{path} answers question {pair[0]} {count} times.")


def _read(path: Path, type_: type[T], what: str) -> T:
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path} is too large for {what}.")
        return decode_json(path.read_bytes(), type_)
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise DataError(f"{path} is not {what}, or damaged: {error}.") from error
