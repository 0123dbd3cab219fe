"""Inviting colleagues, sending an invitation again, and taking it back (SET-23; AUTH-01, AUTH-02)."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from matching.accounts import invitations, users
from matching.accounts.accounts import Refusal, Refused
from web.accounts.confirming import confirmed
from web.guard import allows, signed_in_actor
from web.services import services
from web.settings.sure import ask as sure
from web.texts import gettext as _
from web.users import wording
from web.users.forms import COLLEAGUES, InviteForm
from web.users.listing import INVITED

blueprint = Blueprint("inviting", __name__, url_prefix="/instellingen/uitnodigingen")


@blueprint.get("/nieuw")
@allows("users.manage")
@confirmed
def ask() -> ResponseReturnValue:
    """Ask whom to invite, with which rights."""
    return _page(_form())


@blueprint.post("/nieuw")
@allows("users.manage")
@confirmed
def invite() -> ResponseReturnValue:
    """Invite somebody to the own organisation: a mail with the link is on its way."""
    actor, parts = signed_in_actor(), services()
    form = _form()
    if not form.validate_on_submit():
        return _page(form, status=422)
    try:
        with parts.database.write() as writing:
            invitations.invite(
                writing,
                parts.vault,
                parts.settings.site_url,
                organisation_id=actor.organisation_id,
                email=form.email.data,
                name=form.name.data,
                rights=form.rights,
                language="en" if form.language.data == "en" else "nl",
                actor_id=actor.account_id,
                now=datetime.now(UTC),
            )
    except Refused as refused:
        return _page(form, refused=form.refuse(refused.reason), status=422)
    flash(_("De uitnodiging voor %(name)s is verstuurd.", name=form.name.data))
    return redirect(url_for("users.overview", lijst=INVITED))


@blueprint.post("/<int:invitation>/opnieuw")
@allows("users.manage")
def resend(invitation: int) -> ResponseReturnValue:
    """Send an invitation again, with a new link that is good for 30 days."""
    actor, parts = signed_in_actor(), services()
    try:
        with parts.database.write() as writing:
            invitations.resend(
                writing,
                parts.vault,
                parts.settings.site_url,
                invitation_id=invitation,
                organisation_id=actor.organisation_id,
                actor_id=actor.account_id,
                now=datetime.now(UTC),
            )
    except Refused as refused:
        return _refused(refused)
    flash(_("De uitnodiging is opnieuw verstuurd. De link van eerder werkt niet meer."))
    return redirect(url_for("users.overview", lijst=INVITED))


@blueprint.get("/<int:invitation>/intrekken")
@allows("users.manage")
def ask_revoke(invitation: int) -> ResponseReturnValue:
    """Ask whether an invitation is to be taken back."""
    with services().database.read() as reading:
        found = invitations.find_pending(reading, signed_in_actor().organisation_id, invitation)
    if found is None:
        abort(404)
    text = _("De link die %(name)s op %(email)s kreeg, werkt dan meteen niet meer.", name=found.name, email=found.email)
    target, back = url_for("inviting.revoke", invitation=invitation), url_for("users.overview", lijst=INVITED)
    return sure(_("Uitnodiging intrekken?"), text, _("Intrekken"), target, back)


@blueprint.post("/<int:invitation>/intrekken")
@allows("users.manage")
def revoke(invitation: int) -> ResponseReturnValue:
    """Take an invitation back: its link stops working at once."""
    actor = signed_in_actor()
    try:
        with services().database.write() as writing:
            invitations.revoke(
                writing,
                invitation_id=invitation,
                organisation_id=actor.organisation_id,
                actor_id=actor.account_id,
                now=datetime.now(UTC),
            )
    except Refused as refused:
        return _refused(refused)
    flash(_("De uitnodiging is ingetrokken. De link werkt niet meer."))
    return redirect(url_for("users.overview", lijst=INVITED))


def _refused(refused: Refused) -> ResponseReturnValue:
    """404 for an invitation that is not an open one of this organisation; else back to the list with the reason."""
    if refused.reason is Refusal.NOT_OPEN:
        abort(404)
    flash(wording.refusal_text(refused.reason), "wrong")
    return redirect(url_for("users.overview", lijst=INVITED))


def _form() -> InviteForm:
    form = InviteForm()
    with services().database.read() as reading:
        form.offer(COLLEAGUES, users.showcase_names(reading, signed_in_actor().organisation_id))
    return form


def _page(form: InviteForm, *, refused: str | None = None, status: int = 200) -> ResponseReturnValue:
    page = render_template("users/invite.html", form=form, refused=refused, say=wording, back=url_for("users.overview"))
    return page, status
