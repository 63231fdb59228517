"""Pages for people. They call the same functions as the API, and read and write nothing by themselves."""
