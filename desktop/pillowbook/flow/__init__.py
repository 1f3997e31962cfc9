"""The stream: ingest, distil, predict, prepare, serve. Stages meet only in the vault."""
