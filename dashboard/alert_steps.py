"""Steps on alerts as the page asks for them: who may, what goes with them, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from dashboard.auth import POOL_TIMEOUT_S, signed_in
from db import alert_work, alerts
from db.accounts import Account
from db.pool import Connection, retry_deadlocked
from db.views import Pool
from domain.alerts import StepFaultError, StepRefusedError, Trigger
from domain.settings import Alerts

AT_ONCE = 1000
REFUSALS: dict[type[Exception], tuple[str, int]] = {
    alerts.UnknownAlertError: ("unknown", 404),
    alert_work.RoleRefusedError: ("critical", 403),
    StepRefusedError: ("refused", 409),
}


class Step(BaseModel):
    """What a person does with an alert.

    `assignee`: the login of who is to have it; without one it is the person. `minutes`: how
    long it is shelved.
    """

    trigger: Literal[
        "ACKNOWLEDGE", "START", "RESOLVE", "DISMISS", "ASSIGN", "ESCALATE", "SHELVE", "UNSHELVE"
    ]
    note: str | None = Field(None, max_length=500)
    assignee: str | None = Field(None, max_length=64)
    minutes: float | None = Field(None, gt=0, le=100_000)


class Group(BaseModel):
    """Alerts that are acknowledged together."""

    alert_ids: list[int] = Field(min_length=1, max_length=AT_ONCE)


def take_step(pool: Pool, work: Alerts, alert_id: int, step: Step) -> Response:
    """Take the step for who is signed in; 204, or the reason why not."""
    account = signed_in().account
    if not account.role.may_handle_alerts:
        return refusal("role", 403)
    try:
        with pool.connection(POOL_TIMEOUT_S) as connection:
            _take(connection, work, alert_id, step, account)
    except StepFaultError as fault:
        return refusal(fault.field, 422)
    except tuple(REFUSALS) as error:
        return refusal(*REFUSALS[type(error)])
    return Response(status_code=204)


def acknowledge_group(pool: Pool, group: Group) -> Response:
    """Acknowledge every alert of a group that is still new; says how many were.

    Each is a step of its own: one that somebody else was faster with does not stop the
    others.
    """
    account = signed_in().account
    if not account.role.may_handle_alerts:
        return refusal("role", 403)
    taken = 0
    with pool.connection(POOL_TIMEOUT_S) as connection:
        for alert_id in dict.fromkeys(group.alert_ids):
            taken += _acknowledge(connection, alert_id, account)
    return JSONResponse({"taken": taken})


@retry_deadlocked
def _acknowledge(connection: Connection, alert_id: int, account: Account) -> bool:
    try:
        alerts.transition(connection, alert_id, Trigger.ACKNOWLEDGE, account.login)
    except (alerts.UnknownAlertError, StepRefusedError):
        return False
    return True


@retry_deadlocked
def _take(
    connection: Connection, work: Alerts, alert_id: int, step: Step, account: Account
) -> None:
    now, login = datetime.now(UTC), account.login
    note = (step.note or "").strip() or None
    match Trigger(step.trigger):
        case Trigger.ASSIGN:
            assignee = step.assignee or login
            alert_work.assign(connection, alert_id, assignee, login, note, now=now)
        case Trigger.ESCALATE:
            alert_work.escalate(connection, alert_id, login, note, now=now)
        case Trigger.SHELVE:
            until = now + timedelta(minutes=step.minutes or 0)
            alert_work.shelve(connection, alert_id, account, note, until, now=now, settings=work)
        case Trigger.UNSHELVE:
            alert_work.unshelve(connection, alert_id, login, note, now=now)
        case trigger:
            alerts.transition(connection, alert_id, trigger, login, note)


def refusal(reason: str, status: int) -> Response:
    """The page says the reason in the language of its reader."""
    return JSONResponse({"error": reason}, status_code=status)
