"""The hardware under the firmware, and the world around it."""

from dataclasses import dataclass

from firmware_sim.clock import DeviceClock
from firmware_sim.flash import Ring
from firmware_sim.gnss import Receiver, Sky
from firmware_sim.journey import Motion
from firmware_sim.modem import Modem
from firmware_sim.radio import Antenna
from firmware_sim.sensors import Sensors


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The world around the device at one moment."""

    motion: Motion
    sky: Sky


@dataclass(slots=True)
class Board:
    """What the firmware runs on; ring and sensors outlive a reboot."""

    clock: DeviceClock
    receiver: Receiver
    sensors: Sensors
    antenna: Antenna
    ring: Ring
    modem: Modem
