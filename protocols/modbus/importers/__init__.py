"""Register lists of other tools, taken over into profiles: Telegraf's ``inputs.modbus`` and mbmap."""
