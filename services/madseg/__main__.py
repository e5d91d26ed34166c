"""The `madseg` command."""

from madseg.cli import main

if __name__ == "__main__":
    main()
