"""`python -m madseg.up`, with the settings of the environment."""

from madseg.up import main

if __name__ == "__main__":
    main()
