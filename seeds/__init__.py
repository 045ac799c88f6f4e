"""Rows to start with, loaded through a plain SQLAlchemy session, each loader in one transaction of its own.

- `seeds.plan.load(session)` adds the rows that the city's plan requires: units, systems, milestones, training, funding.
  A row is matched by its key and added if it is missing; what people have changed since is never overwritten.
- `seeds.demo.load(session, hash_password, password)` adds a believable city with accounts to try it; once.

Both answer with `Counts`: how many rows were added, by record.
"""

from seeds.counts import Counts

__all__ = ["Counts"]
