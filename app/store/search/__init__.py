"""Search: text of rows as tokens, kept beside each record's table, asked within the same statement as the list.

`tokens` says what a row's tokens are, `schema` where they lie, `index` keeps them current, `match` asks for them.
"""
