"""How an Elasticsearch is found, fetched, started and asked what it can."""
