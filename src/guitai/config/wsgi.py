"""The WSGI application that granian serves: the hot lane, and Django behind it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guitai.config.settings")
_django = get_wsgi_application()

from guitai.config import lane  # noqa: E402 - needs Django to be set up

application = lane.in_front_of(_django)
