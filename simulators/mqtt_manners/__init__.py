"""How foreign devices speak over MQTT: one file a dialect."""
