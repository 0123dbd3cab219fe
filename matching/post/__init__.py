"""Mail and text messages: what they say, the outbox in which mail waits, and how either leaves the house."""
