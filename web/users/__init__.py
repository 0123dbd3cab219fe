"""Pages of users' administration: the organisation's users, invitations, and what it allows at the sign-in."""
