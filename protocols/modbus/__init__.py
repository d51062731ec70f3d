"""Modbus TCP and RTU, read only (function codes 3 and 4): pymodbus's PDUs and framers inside our session."""
