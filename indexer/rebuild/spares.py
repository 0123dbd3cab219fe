"""Makes sure that an index kept for a rollback brings nobody back, and that what it lacks is on its way."""

from __future__ import annotations

from indexer import ledger
from indexer.bulk import BulkWriter, Write
from indexer.documents import stub
from indexer.rebuild.compare import MISSING, OTHER, SURPLUS, compare_digests, look, on_their_way
from indexer.rebuild.context import Run
from indexer.rebuild.lease import Work
from matching.candidates.listings import read_showcases
from matching.storage.changes import CANDIDATE, draw_index_version, note_changes


def prepare_spares(run: Run, work: Work) -> None:
    """Compare the spares of `work` with SQL and the ledger.

    Spares get every write and stub, so there is little to find. Who is no longer shown is replaced by a stub here, and
    announced in the log together with who is missing. Where a listing is another one than the ledger's, because another
    builder made it, the ledger follows: it speaks of what is live. Raises LeaseLost, or the client's errors.
    """
    with run.database.read() as session:
        rows = {row.view.code: row for row in read_showcases(session)}
    for code, index in work.indexes.items():
        run.lease.keep()
        with run.lease.write() as session:
            version = draw_index_version(session)
        unlike = compare_digests(run, rows[code], index, look(run, rows[code], index).suspects)
        with run.database.read() as session:
            waiting = on_their_way(session, unlike)
        found = {key: what for key, what in unlike.items() if key not in waiting}
        surplus = [key for key, what in found.items() if what.kind == SURPLUS]
        with BulkWriter(run.client, run.patience, alive=run.lease.keep) as writer:
            for key in surplus:
                writer.add(Write(index, key, version, stub(key, version)))
        absent = sorted(key for key, what in found.items() if what.kind in (MISSING, SURPLUS))
        with run.lease.write() as session:
            ledger.doubt(session, code, absent)
            note_changes(session, CANDIDATE, absent)
            other = [(code, key, what.digest) for key, what in found.items() if what.kind == OTHER]
            ledger.note_filled(session, version, other)
