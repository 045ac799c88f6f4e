"""The measured claims of the README, each run again by one command."""
