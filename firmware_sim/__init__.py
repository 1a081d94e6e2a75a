"""A tracker as its firmware would behave; knows the written wire protocol and nothing of ours."""
