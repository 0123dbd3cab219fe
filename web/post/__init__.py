"""The page of the local mailbox."""
