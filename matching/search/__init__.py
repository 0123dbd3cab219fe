"""From typed criteria to request bodies and from answers to typed results, without I/O."""
