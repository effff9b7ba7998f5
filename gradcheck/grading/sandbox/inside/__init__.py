"""What runs on the far side of the walls. Copied there as it is: these modules import the standard library, NumPy and each other, no more."""
