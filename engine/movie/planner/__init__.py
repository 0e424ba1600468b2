"""Planners: from one sentence to the plan of a film."""
