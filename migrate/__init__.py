"""earthmigrate: Dockerfile in, Earthfile out. The library call is ``migrate.convert.convert``."""

__version__ = "0.1.0"
