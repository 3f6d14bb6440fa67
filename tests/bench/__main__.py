"""``make bench``; name benches to run only those: ``python -m tests.bench proof checkout``."""

import sys

from tests.bench import checkout, messages, papers

BENCHES = {
    "proof": papers.run,
    "mig": messages.run,
    "checkout": checkout.run,
    "first_start": checkout.first_start,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or BENCHES:
        BENCHES[name]()
