"""Security headers on every answer (OWASP ASVS 5, chapter 3)."""

from __future__ import annotations

from flask import Flask, Response, request

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
)


#: What every answer carries, whoever makes it: the application, or the web server that could not read the request.
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HSTS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
#: Pages whose address holds a secret, or that one leads to: nothing after them gets to know where it was followed from.
SECRET_ADDRESSES = {
    "arriving.open_invitation",
    "arriving.invitation",
    "forgotten.open_link",
    "forgotten.choose",
    "email.open_link",
}
#: Microsoft's answer comes with a code, and each of its pages may follow on that.
SECRET_SUBJECTS = {"microsoft"}
NO_REFERRER = {"Referrer-Policy": "no-referrer"}
NOT_KEPT = {"Cache-Control": "no-store"}


def install_headers(app: Flask, https: bool) -> None:
    """Send the headers with every answer; pages are not kept in caches, versioned assets are."""

    def add(response: Response) -> Response:
        wanted = SECURITY_HEADERS | (HSTS if https else {})
        if request.endpoint not in ("static", "assets.package_file"):
            wanted = wanted | NOT_KEPT
        if request.endpoint in SECRET_ADDRESSES or request.blueprint in SECRET_SUBJECTS:
            wanted = wanted | NO_REFERRER
        for name, value in wanted.items():
            response.headers.setdefault(name, value)
        return response

    app.after_request(add)
