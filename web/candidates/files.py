"""Sends photos and documents of a profile: images inline with their own type, documents as a download only."""

from __future__ import annotations

from flask import Response, abort, request, send_file

from matching.candidates.mediastore import FolderMediaStore
from matching.candidates.overview import StoredFile
from web.services import services

#: Images were re-encoded at intake to one of these; anything else is never shown inline.
INLINE = frozenset({"image/jpeg", "image/png", "image/webp"})
#: This browser keeps a file, and asks each time whether it may still be shown: rights and showcases change.
KEPT = "private, no-cache"


def send_stored(file: StoredFile) -> Response:
    """The file as an answer; 404 when the store has lost it."""
    inline = file.kind in ("portrait", "photo") and file.content_type in INLINE
    try:
        content = FolderMediaStore(services().settings.media_dir).open(file.content_hash)
    except FileNotFoundError:
        abort(404)
    answer = send_file(
        content,
        mimetype=file.content_type if inline else "application/octet-stream",
        as_attachment=not inline,
        download_name=file.file_name or "document",
        etag=False,
    )
    answer.headers["Cache-Control"] = KEPT
    answer.set_etag(file.content_hash)
    answer.make_conditional(request)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
