"""DL/T 645: the protocol most Chinese meters speak over RS-485 (多功能电能表通信协议)."""
