"""Photos from strangers: decoded under limits, and written anew without a byte of what was sent."""

import warnings
from io import BytesIO

from PIL import Image, ImageFile, ImageOps

MAX_BYTES = 8_000_000
MAX_PIXELS = {"JPEG": 60_000_000, "PNG": 25_000_000, "WEBP": 25_000_000}
"""Formats, with the pixels that each may have. JPEG is decoded at a fraction of its size, the others as a whole."""
MOST_SCANS = 40
"""Passes of a progressive JPEG, each over all pixels. Cameras write ten; a file of 8 MB has room for 90,000."""
LONGEST = 2_000
"""Pixels of the longer side of what is kept: enough to judge a damage by."""
QUALITY = 82
JPEG, START_OF_SCAN = b"\xff\xd8", b"\xff\xda"

# A file that ends too early is refused, and no chunk of text unpacks into memory.
ImageFile.LOAD_TRUNCATED_IMAGES = False


class NotAPhoto(ValueError):
    """The file is no JPEG, PNG or WebP, is damaged, or has too many bytes or pixels; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def rewrite_photo(raw: bytes) -> bytes:
    """Return the picture as a JPEG of at most 2,000 pixels, turned upright, without metadata, color profile or further
    frames. Raises NotAPhoto."""
    if len(raw) > MAX_BYTES:
        raise NotAPhoto("too_large")
    if raw.count(START_OF_SCAN) > MOST_SCANS and raw.startswith(JPEG):
        raise NotAPhoto("not_a_photo")
    try:
        with warnings.catch_warnings():
            # Pillow warns of a bomb before it refuses one; our limit is lower.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return _rewrite(raw)
    except NotAPhoto:
        raise
    except Image.DecompressionBombError:
        raise NotAPhoto("too_many_pixels") from None
    except Exception:
        # Decoders raise of every kind at what was made to break them, and a text of theirs may quote the file.
        raise NotAPhoto("not_a_photo") from None


def _rewrite(raw: bytes) -> bytes:
    with Image.open(BytesIO(raw), formats=tuple(MAX_PIXELS)) as image:
        if image.width * image.height > MAX_PIXELS[image.format or ""]:
            raise NotAPhoto("too_many_pixels")
        # Before it is turned, so that a JPEG is decoded at a fraction of its size whatever its shape.
        image.thumbnail((LONGEST, LONGEST))
        upright = ImageOps.exif_transpose(image)
        plain = Image.new("RGB", upright.size, "white")
        with_alpha = upright.convert("RGBA") if "A" in upright.getbands() or "transparency" in upright.info else None
        plain.paste(with_alpha or upright.convert("RGB"), mask=with_alpha)
        out = BytesIO()
        plain.save(out, "JPEG", quality=QUALITY, optimize=True)
        return out.getvalue()
