"""What tests stand on: a cast of people, databases, consoles in and out of process, a browser."""
