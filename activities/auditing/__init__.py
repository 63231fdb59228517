"""What an audit looks at, and what follows from it: rules of staff, wishes, gifts, promises and deadlines."""
