"""Commands from the server: which are obeyed, and why not."""

from collections import OrderedDict
from dataclasses import dataclass, field

from firmware_sim.frame import INTERVAL_S, Command

REMEMBERED = 256


@dataclass
class CommandDesk:
    """Remembers the ids of the last commands, so that none is obeyed twice."""

    _seen: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def refusal(self, command: Command, has_fix: bool) -> str | None:
        """Why the command is refused, or None when it is to be obeyed."""
        if command.id in self._seen:
            return "id already seen"
        self._seen[command.id] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        if command.name == "report_now":
            return None if has_fix else "no fix yet"
        if command.name != "set_report_interval":
            return "unknown command"
        return _interval_refusal(command.report_interval_s)


def _interval_refusal(interval_s: float | None) -> str | None:
    least_s, most_s = INTERVAL_S
    if interval_s is None or not least_s <= interval_s <= most_s:
        return f"report_interval_s: must be {least_s:g}..{most_s:g}"
    return None
