"""Which options belong to which edit method. No torch."""

from engine.editing.methods import EDIT_METHODS
from engine.editing.methods.base import EditMethod
from engine.schema.errors import RequestError
from engine.schema.requests import EditRequest


def check_options(request: EditRequest) -> None:
    """Refuse options that belong to other methods than the one asked for.

    Raises:
        RequestError: Names the option and the methods that have it.
    """
    method = EDIT_METHODS.get(request.method)
    plain = EditRequest(classes=request.classes)
    kinds = EDIT_METHODS.all()
    for name in {name: None for kind in kinds.values() for name in kind.options}:
        if name not in method.options and getattr(request, name) != getattr(plain, name):
            owners = ", ".join(other for other, kind in kinds.items() if name in kind.options)
            option = name.replace("_", "-")
            raise RequestError(f"--{option} belongs to --method {owners}, not {request.method}.")
    _check_own(method, request)


def _check_own(method: EditMethod, request: EditRequest) -> None:
    own = {option.name: option for option in method.own_options}
    for name, value in request.options.items():
        if name not in own:
            known = ", ".join(own) or "none"
            raise RequestError(
                f"--method {request.method} has no option {name!r}; it has: {known}."
            )
        if not own[name].least <= value <= own[name].largest:  # NaN compares false
            least, largest = own[name].least, own[name].largest
            raise RequestError(
                f"--set {name}={value:g} is out of range; give {least:g} to {largest:g}."
            )
