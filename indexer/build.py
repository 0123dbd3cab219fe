"""The former name of `indexer.rebuild.run.rebuild`."""

from indexer.rebuild.run import rebuild as build

__all__ = ["build"]
