"""What of a file is stored: all but the secrets that it shows (domain section 18, row *secrets in files*)."""

from integrates.api.imports.read.check import measured
from integrates.api.imports.read.form import content_of
from integrates.api.imports.read.registry import FORMATS
from integrates.api.imports.read.unpack import unpacked
from integrates.db_model.imports.types import ImportFormat


def redacted(content: bytes, kind: ImportFormat) -> bytes:
    """Return a file of that format, which has been read, as it may be stored: unpacked when secrets had to be hidden.

    Reading it gives the same scan. Raise ``TooLarge`` when it would be too large to be read again.
    """
    form = FORMATS[kind]
    text = unpacked(content) if form.mask else content
    if form.mask is None or not form.may_show(text):
        return content
    given = content_of(text).text.strip()
    found = form.mask(given)
    return content if found is given else measured(bytes(found))
