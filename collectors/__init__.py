"""Carries bytes to and from meters and brokers: transports, the exchange loop, buses. No decoding, no SQL."""
