"""``make bench``; name benches to run only those: ``python -m tests.bench proof checkout``."""

import sys

from tests.bench import checkout, conditions, desk, growth, messages, papers, transmit

BENCHES = {
    "proof": papers.run,
    "conditions": conditions.run,
    "mig": messages.run,
    "checkout": checkout.run,
    "first_start": checkout.first_start,
    "transmit_claim_done": transmit.claim_done,
    "transmit_sandbox": transmit.sandbox,
    "desk": desk.run,
    "checkout_growth": growth.run,
}

if __name__ == "__main__":
    for name in [word for word in sys.argv[1:] if not word.startswith("--")] or BENCHES:
        BENCHES[name]()
