"""The web pages and the JSON API that people look at."""
