"""Who is at the other end: sign-in, sessions and the gate before every page."""
