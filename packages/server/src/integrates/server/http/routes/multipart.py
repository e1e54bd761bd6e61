"""GraphQL requests with files, as the GraphQL multipart request specification puts them into a form."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

import msgspec
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from integrates.api.request.body import members_of, read_value
from integrates.api.upload import Upload

T = TypeVar("T")

MAX_FILES: Final = 10
MAX_FIELDS: Final = 2
MAX_FIELD_BYTES: Final = 1024 * 1024
MAX_MAP_BYTES: Final = 16 * 1024
MAX_PATHS: Final = 20
"""Most paths in ``map``, each to a variable that a file is put into."""
MAX_STEPS: Final = 10
"""Most names and positions in one path."""


def form_of(request: Request) -> AbstractAsyncContextManager[FormData]:
    """Return the form of a request, whose large files lie on disk until the block ends; 400 for what is no such form."""
    return request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES)


def read_multipart(form: FormData, allowed: int) -> object:
    """Return the GraphQL request with an :class:`Upload` at every path in ``map``; 400 when form, map and files do not fit.

    Raise ``RequestError`` for more values in variables than ``allowed``.
    """
    operations = _read(form, "operations", members_of)
    paths_of = _read(form, "map", _paths)
    _check_paths(paths_of, form)
    uploads = {name: _upload(form, name) for name in paths_of}
    found: object = operations and {**operations, "variables": read_value(operations["variables"], allowed)}
    for name, paths in paths_of.items():
        for path in paths:
            found = put(found, tuple(path.split(".")), uploads[name])
    return found


def put(value: Any, path: tuple[str, ...], upload: Upload) -> Any:
    """Return a copy of a JSON value with the upload instead of the ``null`` at ``path``; 400 when there is none."""
    if not path:
        if value is not None:
            raise HTTPException(400, "A path of `map` does not lead to a null.")
        return upload
    step, rest = path[0], path[1:]
    if isinstance(value, dict) and step in value:
        return {**value, step: put(value[step], rest, upload)}
    if isinstance(value, list) and step.isdecimal() and len(step) <= len(str(len(value))) and int(step) < len(value):
        position = int(step)
        return [*value[:position], put(value[position], rest, upload), *value[position + 1 :]]
    raise HTTPException(400, "A path of `map` leads nowhere.")


def _paths(text: bytes) -> dict[str, list[str]]:
    if len(text) > MAX_MAP_BYTES:
        raise HTTPException(400, f"The field `map` holds more than {MAX_MAP_BYTES:,} bytes: {len(text):,}.")
    return msgspec.json.decode(text, type=dict[str, list[str]])


def _read(form: FormData, name: str, decode: Callable[[bytes], T]) -> T:
    text = form.get(name)
    if not isinstance(text, str):
        raise HTTPException(400, f"The form lacks the field `{name}`.")
    try:
        return decode(text.encode())
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise HTTPException(400, f"The field `{name}` is not the JSON it should be.") from error


def _check_paths(paths_of: Mapping[str, list[str]], form: FormData) -> None:
    paths = [path for listed in paths_of.values() for path in listed]
    if len(paths) > MAX_PATHS or len(set(paths)) < len(paths) or any(path.count(".") >= MAX_STEPS for path in paths):
        raise HTTPException(400, "The field `map` holds too many paths, one that is too long, or one twice.")
    if not all(path.startswith("variables.") for path in paths) or not all(paths_of.values()):
        raise HTTPException(400, "The paths in the field `map` must begin with `variables.`.")
    if {name for name, part in form.multi_items() if isinstance(part, UploadFile)} != set(paths_of):
        raise HTTPException(400, "The field `map` and the files of the form do not agree.")


def _upload(form: FormData, name: str) -> Upload:
    files = form.getlist(name)
    file = files[0]
    if len(files) > 1 or not isinstance(file, UploadFile):
        raise HTTPException(400, "A file of the form comes twice.")

    async def read() -> bytes:
        await file.seek(0)
        return await file.read()

    return Upload(file_name=file.filename or "", read=read)
