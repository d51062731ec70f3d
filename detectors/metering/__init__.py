"""Detectors of faulty meters and wiring (计量异常)."""
