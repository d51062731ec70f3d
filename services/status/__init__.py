"""What a running service tells those who watch over it: that it lives, that it is ready, its metrics."""
