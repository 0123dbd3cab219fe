"""The domain of HalloWerk: the record, its rules and search; knows nothing of the web or of task queues."""
