"""Return cases, their reports and store credits."""
