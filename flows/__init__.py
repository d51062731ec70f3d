"""Prefect flows: decorators and calls that say when things run."""
