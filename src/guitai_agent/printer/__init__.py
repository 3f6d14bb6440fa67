"""One printer over one link: status, fenced jobs, and the worker that never prints twice."""
