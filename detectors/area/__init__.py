"""Detectors of transformer areas (台区): balance, who explains it, voltages against load, topology."""
