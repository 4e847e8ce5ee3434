"""`python -m corsproxy`."""

from corsproxy.cli import main

if __name__ == "__main__":
    main()
