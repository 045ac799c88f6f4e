"""The rows that the city's plan requires, each with the sentence of the plan that it comes from."""

from seeds.plan.load import load

__all__ = ["load"]
