"""Work that outlasts a request: the queue that wakes workers, the workers, and what recurs."""
