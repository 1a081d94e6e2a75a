"""When faults begin and end."""

from firmware_sim.faults import Button, Jamming, RadioOutage
from firmware_sim.timeline import Timeline

OUT = RadioOutage(kind="radio_outage", at_s=10, duration_s=20)
SOS = Button(kind="sos", at_s=15)
JAM = Jamming(kind="jamming", at_s=30, duration_s=5, level=1)


def test_faults_begin_and_end_in_order() -> None:
    timeline = Timeline()
    timeline.add("trial", [JAM, OUT, SOS], 100.0)
    assert timeline.due(109.9) == []
    assert timeline.due(110.0) == [(True, OUT)]
    assert timeline.active == [OUT]
    assert timeline.due(115.0) == [(True, SOS), (False, SOS)]
    assert timeline.due(200.0) == [
        (True, JAM),
        (False, OUT),
        (False, JAM),
    ]
    assert timeline.active == []


def test_a_scene_is_under_way_from_its_start_to_its_last_end() -> None:
    timeline = Timeline()
    timeline.add("trial", [OUT, JAM], 100.0)
    timeline.add("calm", [], 0.0)
    assert timeline.scene(99.0) is None
    assert timeline.scene(100.0) == "trial"
    assert timeline.scene(135.0) == "trial"
    assert timeline.scene(136.0) is None
