"""Settlement (电费结算): bills of service points from registers, contracts and tariffs."""
