"""A printer made of code: reads ESC/POS, draws the paper, answers status, breaks on request."""
