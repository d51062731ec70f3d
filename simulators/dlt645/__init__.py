"""The parts of a simulated DL/T 645 meter: clock, access, registers, memory, events; one module each."""
