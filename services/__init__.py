"""Use cases that join the parts; shared by the command, the flows and the pages."""
