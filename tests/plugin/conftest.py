"""The small project that the plugin's tests run pytest on."""

from plugin_project import everything_loaded, project, standard_project

__all__ = ["everything_loaded", "project", "standard_project"]
