"""Rules on load: what a customer draws, and when."""
