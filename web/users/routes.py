"""Gebruikersbeheer: the users of the own organisation, for its administrators only (SET-20..24, ROLE-19)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from matching.accounts import accounts, addresses, administration, invitations, users
from matching.accounts.accounts import Refused
from matching.accounts.users import PAGE_ROWS, User
from web.accounts import limits
from web.accounts.confirming import confirmed
from web.accounts.forms import EmailForm
from web.accounts.words import too_often
from web.guard import allows, signed_in_actor
from web.services import services
from web.settings.email import link_to
from web.settings.sure import ask
from web.texts import gettext as _
from web.users import wording
from web.users.forms import CHOSEN, COLLEAGUES, CONTACTS, EVERY, RightsForm
from web.users.listing import INVITED, Pages, read_listing

blueprint = Blueprint("users", __name__, url_prefix="/instellingen/gebruikers")


@blueprint.get("")
@allows("users.manage")
def overview() -> ResponseReturnValue:
    """List the users, or the invitations that wait, or the closed accounts, twenty to a page (SET-21)."""
    organisation, now = signed_in_actor().organisation_id, datetime.now(UTC)
    listing = read_listing()
    asked = listing.asked
    found, waiting = [], []
    with services().database.read() as reading:
        invited = invitations.count_pending(reading, organisation)
        if listing.view == INVITED:
            pages = Pages.of(invited, asked.page)
            waiting = invitations.pending(reading, organisation, limit=PAGE_ROWS, offset=pages.first - 1)
        else:
            pages = Pages.of(users.count(reading, organisation, asked), asked.page)
            found = users.page(reading, organisation, replace(asked, page=pages.page))
    return render_template(
        "users/overview.html",
        listing=listing,
        users=found,
        waiting=waiting,
        invited=invited,
        pages=pages,
        roles=(*COLLEAGUES, *CONTACTS),
        say=wording,
        now=now,
        back=url_for("organisation.overview"),
    )


@blueprint.get("/<int:account>")
@allows("users.manage")
@confirmed
def edit(account: int) -> ResponseReturnValue:
    """Show one user with what can be changed (SET-22)."""
    user = _user(account)
    chosen = {"roles": sorted(user.roles), "reach": EVERY if user.showcases is None else CHOSEN}
    return _edit_page(user, _rights_form(user, **chosen, showcases=sorted(user.showcases or ())))


@blueprint.post("/<int:account>")
@allows("users.manage")
@confirmed
def change(account: int) -> ResponseReturnValue:
    """Change roles and showcases of an open account."""
    user, actor = _open_user(account), signed_in_actor()
    form = _rights_form(user)
    if not form.validate_on_submit():
        return _edit_page(user, form, status=422)
    try:
        with services().database.write() as writing:
            administration.change_rights(writing, user, form.rights, actor)
    except Refused as refused:
        return _edit_page(user, form, refused=form.refuse(refused.reason), status=422)
    flash(_("De rechten van %(name)s zijn gewijzigd.", name=user.name))
    return redirect(url_for("users.overview"))


@blueprint.get("/<int:account>/sluiten")
@allows("users.manage")
@confirmed
def ask_close(account: int) -> ResponseReturnValue:
    """Ask whether an account is to be closed."""
    user = _open_user(account)
    text = _("%(name)s wordt meteen uitgelogd, kan er niet meer in en krijgt een e-mail.", name=user.name)
    target = url_for("users.close", account=account)
    return ask(_("Account sluiten?"), text, _("Account sluiten"), target, url_for("users.edit", account=account))


@blueprint.post("/<int:account>/sluiten")
@allows("users.manage")
@confirmed
def close(account: int) -> ResponseReturnValue:
    """Close an account: its sessions end at once; the notice after it has the way back."""
    user, parts = _open_user(account), services()
    try:
        with parts.database.write() as writing:
            administration.close(writing, parts.vault, user, signed_in_actor())
    except Refused as refused:
        flash(wording.refusal_text(refused.reason), "wrong")
        return redirect(url_for("users.edit", account=account))
    told = {
        "text": _("Het account van %(name)s is gesloten.", name=user.name),
        "url": url_for("users.reopen", account=account),
        "label": _("Ongedaan maken"),
    }
    flash(told, "undo")  # type: ignore[arg-type]
    return redirect(url_for("users.overview"))


@blueprint.post("/<int:account>/openen")
@allows("users.manage")
@confirmed
def reopen(account: int) -> ResponseReturnValue:
    """Open a closed account again, with the rights that it had."""
    user = _user(account)
    if not user.active:
        with services().database.write() as writing:
            accounts.reopen_account(writing, account, actor_id=signed_in_actor().account_id)
    flash(_("Het account van %(name)s is weer open.", name=user.name))
    return redirect(url_for("users.overview"))


@blueprint.get("/<int:account>/telefoon-kwijt")
@allows("users.manage")
@confirmed
def ask_reset(account: int) -> ResponseReturnValue:
    """Ask whether somebody's extra checks are to go, for a lost phone."""
    user = _open_user(account)
    text = _(
        "Doe dit alleen als je zeker weet dat %(name)s het zelf vraagt. De extra controle en de herstelcodes "
        "vervallen, en %(name)s wordt overal uitgelogd en krijgt een e-mail. Het wachtwoord blijft nodig.",
        name=user.name,
    )
    target, back = url_for("users.reset", account=account), url_for("users.edit", account=account)
    return ask(_("Extra controle weghalen?"), text, _("Weghalen"), target, back)


@blueprint.post("/<int:account>/telefoon-kwijt")
@allows("users.manage")
@confirmed
def reset(account: int) -> ResponseReturnValue:
    """Take extra checks and recovery codes off; new ones are set up at the next sign-in, after the password."""
    user, parts = _open_user(account), services()
    try:
        with parts.database.write() as writing:
            administration.reset_second_step(writing, parts.vault, user, signed_in_actor(), datetime.now(UTC))
    except Refused as refused:
        flash(wording.refusal_text(refused.reason), "wrong")
    else:
        flash(_("%(name)s stelt bij het inloggen een nieuwe extra controle in.", name=user.name))
    return redirect(url_for("users.edit", account=account))


@blueprint.get("/<int:account>/e-mailadres")
@allows("users.manage")
@confirmed
def email(account: int) -> ResponseReturnValue:
    """Ask for another address of a user; it counts only once its owner confirms it (SET-10)."""
    return _email_page(_open_user(account), EmailForm())


@blueprint.post("/<int:account>/e-mailadres")
@allows("users.manage")
@confirmed
def change_email(account: int) -> ResponseReturnValue:
    """Mail a link to the new address; nothing changes until that person opens it, signed in with the own password."""
    user, actor, parts = _open_user(account), signed_in_actor(), services()
    form = EmailForm()
    if not form.validate_on_submit():
        return _email_page(user, form, status=422)
    wait_s = limits.wait_for_mail("email", str(user.person_id))
    if wait_s:
        return _email_page(user, form, refused=too_often(wait_s), status=429)
    try:
        with parts.database.write() as writing:
            addresses.ask(
                writing,
                parts.vault,
                user.person_id,
                form.email.data,
                link_to(),
                actor_id=actor.account_id,
                now=datetime.now(UTC),
            )
    except Refused as refused:
        form.email.errors = [wording.refusal_text(refused.reason)]
        return _email_page(user, form, status=422)
    flash(
        _("We hebben een link gestuurd naar het nieuwe adres. Tot %(name)s die opent, blijft alles zo.", name=user.name)
    )
    return redirect(url_for("users.edit", account=account))


def _user(account: int) -> User:
    """The user of the actor's organisation with this number; 404 for anybody else's."""
    with services().database.read() as reading:
        found = users.find(reading, signed_in_actor().organisation_id, account)
    if found is None:
        abort(404)
    return found


def _open_user(account: int) -> User:
    """As `_user`, and 404 for a closed account: nothing of it can be changed."""
    user = _user(account)
    if not user.active:
        abort(404)
    return user


def _rights_form(user: User, **chosen: object) -> RightsForm:
    form = RightsForm(data=chosen)
    with services().database.read() as reading:
        offered = users.showcase_names(reading, signed_in_actor().organisation_id)
    form.offer(CONTACTS if user.roles & set(CONTACTS) else COLLEAGUES, offered)
    return form


def _edit_page(user: User, form: RightsForm, *, refused: str | None = None, status: int = 200) -> ResponseReturnValue:
    own = user.id == signed_in_actor().account_id
    page = render_template(
        "users/edit.html", user=user, form=form, own=own, refused=refused, say=wording, back=url_for("users.overview")
    )
    return page, status


def _email_page(user: User, form: EmailForm, *, refused: str | None = None, status: int = 200) -> ResponseReturnValue:
    back = url_for("users.edit", account=user.id)
    return render_template("users/email.html", user=user, form=form, refused=refused, back=back), status
