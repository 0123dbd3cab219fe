"""Made-up people for the demo; nothing but the demo command imports it."""
