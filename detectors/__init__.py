"""Is something wrong: one file a detector, pure functions over aligned columns."""
