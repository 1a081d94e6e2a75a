"""Lateness: a shipment that, even at the best, is expected later than planned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.eta import Band, expected_at
from domain.events import Numbers
from domain.journeys import Journey
from domain.states import NO_VOTES, Lateness, Moment, Progress, confirmed, vote

ASK_EVERY = timedelta(minutes=10)  # N of M of these agree: what is an hour late can wait so long


def attend(moment: Moment, journey: Journey, progress: Progress) -> Progress:
    """Ask again; `progress` is that at this fix."""
    lateness = progress.lateness
    way, planned = journey.way, journey.planned_arrival
    if progress.again or way is None or planned is None or not progress.pace.departed:
        return progress
    band = expected_at(progress, journey, way.length_m, moment.now)
    if band is None:
        return progress
    latest = planned + timedelta(seconds=moment.settings.late_arrival_s)
    judgement = band.expected <= latest if lateness.late else band.early > latest
    votes = vote(lateness.votes, judgement, moment.now, moment.settings)
    late = lateness.late
    if confirmed(votes, moment.settings):
        late = not late
        kind = "late_arrival_expected" if late else "on_time_again"
        moment.tell(kind, votes.since or moment.now, numbers=_numbers(band, planned))
        votes = NO_VOTES
    return progress._replace(lateness=Lateness(late, votes, moment.now + ASK_EVERY))


def conclude(moment: Moment, journey: Journey, lateness: Lateness) -> Lateness:
    """The shipment has arrived: nothing is expected any more."""
    if lateness.late and journey.planned_arrival is not None:
        late_s = (moment.now - journey.planned_arrival).total_seconds()
        numbers: Numbers = {"planned": _text(journey.planned_arrival), "late_s": round(late_s)}
        moment.tell("arrived_late", moment.now, numbers=numbers)
    return Lateness(ask_at=lateness.ask_at)


def _numbers(band: Band, planned: datetime) -> Numbers:
    return {
        "eta": _text(band.expected),
        "eta_early": _text(band.early),
        "eta_late": _text(band.late),
        "planned": _text(planned),
        "late_s": round((band.expected - planned).total_seconds()),
    }


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
