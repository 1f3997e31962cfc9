"""The sandboxed document parsers: a worker process and its client."""
