"""MQTT payloads as readings, one file a dialect. Pure: the subscriber that brings the bytes collects."""
