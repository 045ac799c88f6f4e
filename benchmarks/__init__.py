"""The claims of speed and memory, each measured again by `make bench`; README.md explains them."""
