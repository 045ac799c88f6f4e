"""A believable city from 2003 to 2005: invented people, amounts and identifiers, the same ones every time."""

from seeds.demo.load import load

__all__ = ["load"]
