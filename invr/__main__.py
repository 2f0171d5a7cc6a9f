"""`python -m invr` is the command line."""

from invr.cli.main import main

if __name__ == "__main__":
    main()
