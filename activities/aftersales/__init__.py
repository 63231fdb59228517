"""Return cases: how they begin, what comes back, and what is paid."""
