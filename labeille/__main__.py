"""``python -m labeille``."""

from labeille.cli import main

if __name__ == "__main__":
    main()
