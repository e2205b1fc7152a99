"""Know that ``python -m szunion`` is the command line, where no script is on the path."""

from szunion.cli import main

if __name__ == "__main__":
    main()
