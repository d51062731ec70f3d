"""The kilowatch command: parses, calls a service, prints."""
