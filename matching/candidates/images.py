"""Photos that come in: only JPEG, PNG and WebP, decoded and written anew, so that nothing but the picture is kept."""

from __future__ import annotations

import io
from typing import Literal, NamedTuple

from PIL import Image, ImageOps

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
#: Longest side in pixels: a portrait beside a name, a photo that can be enlarged (PROF-07, PROF-30).
LONGEST_SIDE = {"portrait": 400, "photo": 1600}
JPEG_QUALITY = 85
WEBP_QUALITY = 85

ImageKind = Literal["portrait", "photo"]


class MediaRefused(ValueError):
    """The file can't be kept; the message says why, without its content."""


class Encoded(NamedTuple):
    """A file as it is kept."""

    data: bytes
    content_type: str


def reencode(data: bytes, kind: ImageKind) -> Encoded:
    """The picture upright, no longer than its kind allows, without EXIF, profile or comment; the same each time.

    JPEG, or WebP where the picture has transparent parts. Of an animation the first picture is kept.
    Raises MediaRefused for anything that is not a whole JPEG, PNG or WebP within the limits (security.md, Uploads).
    """
    if len(data) > MAX_BYTES:
        raise MediaRefused(f"is larger than {MAX_BYTES // 1024 // 1024} MB")
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
            return _encode(image, LONGEST_SIDE[kind])
    except MediaRefused:
        raise
    except Image.DecompressionBombError as error:
        raise MediaRefused(f"has more than {MAX_PIXELS:,} pixels") from error
    # A decoder that is fed anything may raise anything; whatever it is, the file is no picture.
    except Exception as error:
        raise MediaRefused("is not a whole JPEG, PNG or WebP picture") from error


def _encode(image: Image.Image, longest: int) -> Encoded:
    if image.width * image.height > MAX_PIXELS:
        raise MediaRefused(f"has more than {MAX_PIXELS:,} pixels")
    image.draft("RGB", (longest, longest))  # a large JPEG is decoded at a fraction of its size
    upright = ImageOps.exif_transpose(image)
    transparent = upright.has_transparency_data
    picture = upright.convert("RGBA" if transparent else "RGB")
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    picture.info.clear()
    out = io.BytesIO()
    if transparent:
        picture.save(out, "WEBP", quality=WEBP_QUALITY)
        return Encoded(out.getvalue(), "image/webp")
    picture.save(out, "JPEG", quality=JPEG_QUALITY)
    return Encoded(out.getvalue(), "image/jpeg")
