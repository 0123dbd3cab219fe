"""The catalogues of the interface; the message ids are Dutch, so only other languages have one."""
