"""What is waited for while signing in never takes all of a web worker's threads: a search always finds one."""

from __future__ import annotations

from matching.accounts.proofs import passwords
from matching.settings import load_settings
from web.accounts import at_microsoft, new_password, texting
from web.commands.serve import THREADS, server_command

#: So many are left to everything else.
LEFT = 3


def test_slow_work_leaves_threads() -> None:
    slow = (passwords.turns, at_microsoft.turns, texting.turns, new_password.turns)
    assert sum(turns.most for turns in slow) <= THREADS - LEFT
    command = server_command(load_settings())
    assert command[command.index("--threads") + 1] == str(THREADS)
