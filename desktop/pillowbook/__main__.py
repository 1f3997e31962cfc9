"""``python -m pillowbook``."""

from pillowbook.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
