"""Running circuits at speed: scalar programs on one machine compiled once, arrays by NumPy in few buffers."""
