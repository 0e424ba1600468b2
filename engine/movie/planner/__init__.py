"""Planners: from one sentence to the plan of a film, and changes of a plan. Light: no torch, no OpenCV."""

from __future__ import annotations

from engine.movie.planner.built_in import plan_built_in
from engine.movie.planner.editing import add_scene, replan, split_scene, with_hero
from engine.movie.planner.untrusted import plan_from_reply
from engine.movie.planner.writing import Written, planner_of, write_plan

__all__ = ["Written", "add_scene", "plan_built_in", "plan_from_reply", "planner_of", "replan", "split_scene", "with_hero", "write_plan"]
