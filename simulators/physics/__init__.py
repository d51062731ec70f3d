"""What simulated meters measure: loads, supply, circuits and registers that fit each other."""
