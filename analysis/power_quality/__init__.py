"""Power quality (电能质量) of a service point's month against the limits of the standards, as verdicts."""
