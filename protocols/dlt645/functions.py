"""The function codes (功能码, D4..D0 of the control code) of DL/T 645, and what they are called."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType


class Function2007(IntEnum):
    """What a master may ask of a meter of 2007 (clause 7)."""

    AUTHENTICATE = 0x03
    """Not in the text of 2007: its supplement of 2013. Framing only here."""
    BROADCAST_TIME = 0x08
    READ = 0x11
    READ_FOLLOWING = 0x12
    READ_ADDRESS = 0x13
    WRITE = 0x14
    WRITE_ADDRESS = 0x15
    FREEZE = 0x16
    CHANGE_RATE = 0x17
    CHANGE_PASSWORD = 0x18
    RESET_DEMAND = 0x19
    CLEAR_METER = 0x1A
    CLEAR_EVENTS = 0x1B
    CONTROL = 0x1C
    """Relay, alarm, supply guard; from the supplement of 2013."""
    OUTPUT = 0x1D
    """Multi-function terminal. [MEM]"""


class Function1997(IntEnum):
    """What a master may ask of a meter of 1997."""

    READ = 0x01
    READ_FOLLOWING = 0x02
    READ_AGAIN = 0x03
    WRITE = 0x04
    BROADCAST_TIME = 0x08
    WRITE_ADDRESS = 0x0A
    CHANGE_RATE = 0x0C
    CHANGE_PASSWORD = 0x0F
    RESET_DEMAND = 0x10


NAMES_2007: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        Function2007.AUTHENTICATE: ("security authentication", "安全认证"),
        Function2007.BROADCAST_TIME: ("broadcast time", "广播校时"),
        Function2007.READ: ("read", "读数据"),
        Function2007.READ_FOLLOWING: ("read following", "读后续数据"),
        Function2007.READ_ADDRESS: ("read address", "读通信地址"),
        Function2007.WRITE: ("write", "写数据"),
        Function2007.WRITE_ADDRESS: ("write address", "写通信地址"),
        Function2007.FREEZE: ("freeze", "冻结"),
        Function2007.CHANGE_RATE: ("change rate", "更改通信速率"),
        Function2007.CHANGE_PASSWORD: ("change password", "修改密码"),
        Function2007.RESET_DEMAND: ("reset maximum demand", "最大需量清零"),
        Function2007.CLEAR_METER: ("clear meter", "电表清零"),
        Function2007.CLEAR_EVENTS: ("clear events", "事件清零"),
        Function2007.CONTROL: ("relay, alarm, supply guard", "跳合闸、报警、保电"),
        Function2007.OUTPUT: ("multi-function terminal output", "多功能端子输出"),
    }
)
NAMES_1997: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        Function1997.READ: ("read", "读数据"),
        Function1997.READ_FOLLOWING: ("read following", "读后续数据"),
        Function1997.READ_AGAIN: ("read again", "重读数据"),
        Function1997.WRITE: ("write", "写数据"),
        Function1997.BROADCAST_TIME: ("broadcast time", "广播校时"),
        Function1997.WRITE_ADDRESS: ("write device address", "写设备地址"),
        Function1997.CHANGE_RATE: ("change rate", "更改通信速率"),
        Function1997.CHANGE_PASSWORD: ("change password", "修改密码"),
        Function1997.RESET_DEMAND: ("reset maximum demand", "最大需量清零"),
    }
)
"""English for logs and pages, and the standard's own words, by code."""
