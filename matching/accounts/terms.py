"""Which terms of use hold now; their text is web/templates/accounts/terms/VERSION_LANGUAGE.html."""

#: Another version is asked for at each person's next sign-in (AUTH-03).
VERSION = "2026-11"
