"""Moves what SQL says into Elasticsearch: documents, bulk writing, index life."""
