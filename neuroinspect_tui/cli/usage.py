"""A wrong word on the command line, told in one sentence like every other failure."""

import re

import typer

INVALID = re.compile(r"Invalid value for (?P<option>.+?): (?P<why>.+)", re.DOTALL)
CHOICE = re.compile(r"(?P<given>.+) is not one of (?P<known>.+)\.")
OPTION = re.compile(r"--[\w-]+")


def sentence(error: typer.TyperException) -> str:
    """Return what is wrong with the command line, and what may be given.

    Args:
        error: Typer's.
    """
    told = error.format_message().replace("Value error, ", "")
    if (invalid := INVALID.fullmatch(told)) is None:
        return told
    option = OPTION.search(invalid["option"])
    named = option[0] if option else invalid["option"].strip("'")
    if (choice := CHOICE.fullmatch(invalid["why"])) is None:
        return f"Invalid {named}: {invalid['why']}"
    known = re.sub(r"'([^']*)'", r"\1", choice["known"])
    return f"Invalid {named} {choice['given']}; choose from {known}."
