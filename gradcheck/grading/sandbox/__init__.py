"""Walls around what students hand in: inputs go in, raw numbers come out, and nothing else of either side is within reach of the other."""
