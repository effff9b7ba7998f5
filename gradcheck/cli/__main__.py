"""`python -m gradcheck.cli`: the same as `gradcheck`."""

from gradcheck.cli import main

if __name__ == "__main__":
    main()
