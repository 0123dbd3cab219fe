"""The forms of a page: where they are posted to, and whether each has its token against forgery."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import Flask

#: Routes whose forms are only on pages that somebody has to walk to: they need what came before.
ON_THE_WAY = {
    "accounts.password",
    "accounts.send_sms",
    "arriving.invitation",
    "arriving.sign_out",
    "email.confirm",
    "extra_check.authenticator",
    "extra_check.send_again",
    "extra_check.sms_code",
    "extra_check.stop",
    "forgotten.choose",
    "inviting.resend",
    "microsoft.choose",
    "microsoft.confirm",
    "users.reopen",
}


class Form(NamedTuple):
    """A form that is posted: where each of its buttons takes it, and the names of its fields with a value."""

    action: str
    targets: list[str]
    fields: set[str]


class Forms(HTMLParser):
    """The forms of a page that are posted."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        #: What htmx posts to, with the fields of the form around it.
        self.asked: list[str] = []
        self._posts = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a form, a field or a button down."""
        values = {name: value or "" for name, value in attrs}
        if values.get("hx-post"):
            self.asked.append(values["hx-post"])
        if tag == "form":
            self._posts = values.get("method", "get").lower() == "post"
            if self._posts:
                self.found.append(Form(values.get("action", ""), [], set()))
        elif self._posts and tag == "button" and values.get("type", "submit") == "submit":
            self.found[-1].targets.append(values.get("formaction") or self.found[-1].action)
        elif self._posts and values.get("name") and values.get("value"):
            self.found[-1].fields.add(values["name"])

    def handle_endtag(self, tag: str) -> None:
        """Leave a form."""
        self._posts = self._posts and tag != "form"


def posted_to(app: Flask, page: str, address: str) -> set[str]:
    """The routes that the forms of the page at this address are posted to.

    AssertionError for a form without a token, and for one that leads to another site or to no route of ours.
    """
    router, forms, targets = app.url_map.bind("localhost"), Forms(), set()
    forms.feed(page)
    for form in forms.found:
        assert "csrf_token" in form.fields, f"{address}: {form}"
        for target in (urlsplit(target or address) for target in form.targets):
            assert not target.netloc, f"{address}: {form}"
            assert router.test(target.path, "POST"), f"{address}: {form}"
            targets.add(router.match(target.path, method="POST")[0])
    return targets | {router.match(urlsplit(asked).path, method="POST")[0] for asked in forms.asked}
