"""Have the database itself write the change log: every way of changing what a listing is built from is noted."""

from __future__ import annotations

from alembic import op

from matching.storage.triggers import Watch, make_triggers

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: Candidates of changed places, who name the place itself or a postcode in it; and of changed postcodes.
#: The digits are cut from both sides: SQLite uses no index to compare an expression with a column.
OF_PLACES = """
    SELECT c.id AS key FROM {rows} AS place JOIN candidates AS c ON c.place_id = place.id
    UNION
    SELECT c.id FROM {rows} AS place
    JOIN postcodes ON postcodes.place_id = place.id
    JOIN candidates AS c ON substr(c.postcode, 1, 4) = substr(postcodes.code, 1, 4)
"""
OF_POSTCODES = """
    SELECT DISTINCT c.id AS key FROM {rows} AS digits
    JOIN candidates AS c ON substr(c.postcode, 1, 4) = substr(digits.code, 1, 4)
"""
CANDIDATE = (
    *("id", "name", "intro", "one_liner", "about", "hobbies", "place_id", "postcode", "level"),
    *("hours_min", "hours_max", "contact", "updated_at"),
)
TERM = ("candidate_id", "vocabulary", "position", "code", "grade", "text")
ENTRY = (
    *("candidate_id", "kind", "position", "title", "occupation", "organisation", "place", "start", "end"),
    *("current", "volunteer", "level", "completed", "description"),
)
WATCHED = (
    Watch("candidates", CANDIDATE, "candidate", "id"),
    Watch("candidate_terms", TERM, "candidate", "candidate_id"),
    Watch("candidate_entries", ENTRY, "candidate", "candidate_id"),
    Watch("candidate_media", ("id", "candidate_id", "kind", "position"), "candidate", "candidate_id"),
    Watch("candidate_showcases", ("candidate_id", "showcase_id"), "candidate", "candidate_id"),
    Watch("places", ("id", "name", "lat", "lon"), "candidate", "id", OF_PLACES, "candidates"),
    Watch("postcodes", ("code", "place_id", "lat", "lon"), "candidate", "code", OF_POSTCODES, "candidates"),
    Watch("showcases", ("id", "code", "parts"), "showcase", "id"),
    Watch("occupations", ("code", "label"), "occupations", "code", "SELECT DISTINCT 0 AS key FROM {rows} AS labels"),
)


def upgrade() -> None:
    op.execute("CREATE INDEX ix_candidates_postcode_digits ON candidates (substr(postcode, 1, 4))")
    make_triggers(op.get_bind(), WATCHED)
