"""Load forecast (负荷预测): the next slots and the highest demand to come, from a meter's own past alone."""
