"""What is waited for while signing in never takes all of a web worker's threads: a search always finds one."""

from __future__ import annotations

from matching.accounts.proofs import passwords
from matching.settings import load_settings
from web.accounts import at_microsoft, texting
from web.commands.serve import THREADS, server_command

#: So many are left to everything else.
LEFT = 3


def test_slow_work_leaves_threads() -> None:
    assert passwords.turns.most + at_microsoft.turns.most + texting.turns.most <= THREADS - LEFT
    command = server_command(load_settings())
    assert command[command.index("--threads") + 1] == str(THREADS)
