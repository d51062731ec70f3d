"""Pure codecs and sans-IO sessions: bytes to measured values and back. No I/O of any kind."""
