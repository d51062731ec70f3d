"""Detectors of abnormal use (用电异常)."""
