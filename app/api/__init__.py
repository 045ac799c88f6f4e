"""REST for every record: one set of routes, described by one OpenAPI document."""
