"""The settings of the organisation: the way to its users, and what it allows at the sign-in (SET-20, OPEN-02)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from matching.accounts import administration
from matching.accounts.administration import Security
from web.accounts.confirming import confirmed
from web.guard import allows, signed_in_actor
from web.services import services
from web.texts import gettext as _
from web.users.forms import SecurityForm

blueprint = Blueprint("organisation", __name__, url_prefix="/instellingen/organisatie")


@blueprint.get("")
@allows("organisation.secure")
@confirmed
def overview() -> ResponseReturnValue:
    """Show the settings of the organisation."""
    actor = signed_in_actor()
    with services().database.read() as reading:
        now = administration.security_of(reading, actor.organisation_id)
    form = SecurityForm(
        data={"remembers_devices": now.remembers_devices, "tells_unknown_addresses": now.tells_unknown_addresses}
    )
    back = url_for("settings.overview")
    return render_template("users/organisation.html", form=form, organisation=actor.organisation, back=back)


@blueprint.post("")
@allows("organisation.secure")
@confirmed
def change() -> ResponseReturnValue:
    """Change what the organisation allows at the sign-in."""
    form = SecurityForm()
    if form.validate_on_submit():
        wanted = Security(form.remembers_devices.data, form.tells_unknown_addresses.data)
        with services().database.write() as writing:
            administration.set_security(writing, wanted, signed_in_actor())
        flash(_("De beveiliging van de organisatie is gewijzigd."))
    return redirect(url_for("organisation.overview"))
