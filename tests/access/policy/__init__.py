"""Whatever people are granted, no door of the console shows or changes more: random grants, people and rows.

Each example shuffles the rows of a little city (owners in a tree of units, secrecy, parts and wholes, references),
draws a person with grants of any verbs, scopes and fields, and asks every door; what comes back is held against
`tests/support/oracle.py`, which reads the grants on its own. The examples are always the same ones. For more, and
others: `RAINBOW_EXAMPLES=2000 python -m pytest tests/access/policy --database sqlite`.
"""
