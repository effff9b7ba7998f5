"""What the pytest plugin does once a gradient is tested: checking, collecting cases, telling what was found.

`gradcheck.pytest_plugin` is what pytest loads, and imports nothing from here before it is needed.
"""
