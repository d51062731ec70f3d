"""What people are given: numbers and verdicts as HTML, PDF, JSON and CSV. Nothing is decided here."""
