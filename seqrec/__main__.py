"""`python -m seqrec`, as torchrun wants it."""

from seqrec.cli import main

if __name__ == "__main__":
    main()
