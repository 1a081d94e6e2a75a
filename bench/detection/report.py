"""Report: the result as text and as JSON."""

from __future__ import annotations

import statistics
from typing import Any

from bench.detection.run import NAIVE, OURS, SUPPORTED, Measured, Result
from bench.detection.score import Tally, at_least_share, poisson_upper

NOT_A_RULE = "not a rule"
NAME, CELL = 40, 24
CASES = 20  # listed of one rule


def as_text(result: Result, *, cases: bool = False) -> str:
    """Tables for people."""
    simulated = result.simulated
    lines = [
        (
            f"simulated, seed {result.seed}: {simulated.quiet_h:,.0f} h tracked without a fault,"
            f" {simulated.fault_h:,.0f} h with one, {simulated.fixes:,} fixes"
        ),
        "",
        *_faults(simulated),
        "",
        *_false(simulated),
        "",
        *_eta(result),
    ]
    if result.recorded is not None:
        lines += ["", *_recorded(result), *_false(result.recorded)]
    if cases:
        lines += ["", *_cases(simulated.tallies[OURS])]
        if result.recorded is not None:
            lines += _cases(result.recorded.tallies[OURS])
    return "\n".join(lines)


def _row(name: str, cells: list[str]) -> str:
    return f"{name:{NAME}}" + "".join(f"{cell:>{CELL}}" for cell in cells)


# --- detection --------------------------------------------------------------------------


def _faults(measured: Measured) -> list[str]:
    lines = [
        _row("injected fault", list(SUPPORTED)),
        _row("", ["found  median / worst"] * len(SUPPORTED)),
    ]
    for fault, rules in measured.rules_of.items():
        cells = [_cell(measured.tallies[name], fault, rules, name) for name in SUPPORTED]
        lines.append(_row(fault, cells))
    lines.append(_row("all of those that are a rule", [_share(measured, n) for n in SUPPORTED]))
    return lines


def _cell(tally: Tally, fault: str, rules: frozenset[str], name: str) -> str:
    if not rules & SUPPORTED[name]:
        return NOT_A_RULE
    found, tries = tally.found[fault], tally.injected[fault]
    delays = tally.delays_s[fault]
    if not delays:
        return f"{found}/{tries}"
    return f"{found}/{tries}  {_span(statistics.median(delays))} / {_span(max(delays))}"


def _share(measured: Measured, name: str) -> str:
    tally = measured.tallies[name]
    mine = [f for f, rules in measured.rules_of.items() if rules & SUPPORTED[name]]
    found, tries = (sum(counts[f] for f in mine) for counts in (tally.found, tally.injected))
    least = at_least_share(found, tries) if tries else 0.0
    return f"{found}/{tries} (> {least:.1%})"


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


# --- false alarms -----------------------------------------------------------------------


def _false(measured: Measured) -> list[str]:
    rules = sorted({rule for tally in measured.tallies.values() for rule in tally.false})
    lines = [_row("false alarms per 1,000 h, by rule", list(SUPPORTED))]
    lines += [_row(rule, [_rate_cell(measured, n, rule) for n in SUPPORTED]) for rule in rules]
    lines.append(_row("all", [f"{rate(measured, name):,.1f}" for name in SUPPORTED]))
    bounds = [f"< {upper(measured, name):,.1f}" for name in SUPPORTED]
    lines += [_row("with 95 % confidence (Poisson)", bounds), "", _ratio(measured)]
    told = ", ".join(f"{name} {measured.tallies[name].explained['SILENCE']}" for name in SUPPORTED)
    lines.append(f"silences that were true (dead zones, outages), no false alarms: {told}")
    return lines


def _rate_cell(measured: Measured, name: str, rule: str) -> str:
    if rule not in SUPPORTED[name]:
        return NOT_A_RULE
    return f"{measured.tallies[name].false[rule] / measured.quiet_h * 1000:,.1f}"


def rate(measured: Measured, name: str) -> float:
    """False alarms per 1,000 tracked hours of a contestant."""
    return measured.tallies[name].false_alarms / measured.quiet_h * 1000


def upper(measured: Measured, name: str) -> float:
    """The rate that it is below, with 95 % confidence."""
    return poisson_upper(measured.tallies[name].false_alarms) / measured.quiet_h * 1000


def _ratio(measured: Measured) -> str:
    ours, naive = rate(measured, OURS), rate(measured, NAIVE)
    if ours == 0:
        least = naive / upper(measured, OURS)
        return f"ours raised none: the naive rules at least {least:,.0f} times as many"
    return f"the naive rules raise {naive / ours:,.0f} times as many false alarms as ours"


# --- the rest ---------------------------------------------------------------------------


def _eta(result: Result) -> list[str]:
    errors = result.eta
    lines = [_row("ETA, asked after", ["off, median", "off, of the time left", "in its band"])]
    for part in sorted(errors.share):
        share, plan = (statistics.median(each[part]) for each in (errors.share, errors.plan))
        cells = [
            f"{statistics.median(errors.minutes[part]):.0f} min",
            f"{share:.0%} (plan {plan:.0%})",
            f"{statistics.mean(errors.inside[part]):.0%} of {len(errors.inside[part])}",
        ]
        lines.append(_row(f"{part:.0%} of the way", cells))
    return lines


def _recorded(result: Result) -> list[str]:
    trips, measured = result.trips, result.recorded
    assert trips is not None
    assert measured is not None
    return [
        (
            f"recorded: {len(trips.scenes)} trips, {measured.quiet_h:.1f} h, {trips.fixes:,} fixes;"
            f" way by an earlier pass: {trips.by_earlier_pass}, by the smoothed trip itself:"
            f" {trips.by_itself}"
        )
    ]


def _cases(tally: Tally) -> list[str]:
    lines = ["our false alarms:"]
    for rule in sorted(tally.false, key=lambda rule: tally.false[rule]):
        lines += [
            f"  {rule:22} {a.device_id:12} {a.opened_at:%d %H:%M:%S} known {a.known_at:%d %H:%M:%S}"
            for a in [a for a in tally.false_cases if a.rule == rule][:CASES]
        ]
    lines.append("faults that ours missed:")
    lines += [f"  {fault}: {', '.join(names)}" for fault, names in tally.missed.items()]
    beside = ", ".join(f"{rule} {count}" for rule, count in tally.beside.most_common())
    lines.append(f"other alerts of ours in journeys with a fault: {beside}")
    return lines


# --- for programs -----------------------------------------------------------------------


def as_json(result: Result) -> dict[str, Any]:
    """The same for programs."""
    errors = result.eta
    return {
        "seed": result.seed,
        "simulated": _measured(result.simulated),
        "recorded": _measured(result.recorded) if result.recorded else None,
        "eta": {
            f"{part:g}": {
                "journeys": len(errors.share[part]),
                "off_share_median": round(statistics.median(errors.share[part]), 4),
                "in_band": round(statistics.mean(errors.inside[part]), 4),
            }
            for part in sorted(errors.share)
        },
    }


def _measured(measured: Measured) -> dict[str, Any]:
    return {
        "quiet_h": round(measured.quiet_h, 1),
        "fault_h": round(measured.fault_h, 1),
        "fixes": measured.fixes,
        "contestants": {name: _contestant(measured, name) for name in SUPPORTED},
    }


def _contestant(measured: Measured, name: str) -> dict[str, Any]:
    tally = measured.tallies[name]
    return {
        "false_per_1000_h": round(rate(measured, name), 3),
        "false_per_1000_h_below_95": round(upper(measured, name), 3),
        "false": dict(tally.false),
        "true_silences": tally.explained["SILENCE"],
        "faults": {
            fault: {
                "supported": bool(rules & SUPPORTED[name]),
                "injected": tally.injected[fault],
                "found": tally.found[fault],
                "delay_median_s": _median(tally.delays_s[fault]),
                "delay_worst_s": max(tally.delays_s[fault], default=None),
            }
            for fault, rules in measured.rules_of.items()
        },
    }


def _median(delays: list[float]) -> float | None:
    return statistics.median(delays) if delays else None
