"""Lists its apps for commands and migrations: a database in memory, and asynchronous views in place of threads."""

import asyncio
import sys

import django
from django.conf import settings


def facts():
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        USE_TZ=True,
    )
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command, get_commands
    from django.test import AsyncClient, Client

    call_command("migrate", verbosity=0)
    User.objects.create_user("somebody", password="x")
    got = Client().get("/sync").content.decode()

    async def ask():
        return [(await AsyncClient().get(path)).content.decode() for path in ("/sync", "/async")]

    return [got, User.objects.count(), asyncio.run(ask()), "migrate" in get_commands(), len(sys.modules) > 300]


def page(request):
    from django.http import HttpResponse

    return HttpResponse(f"sync {request.path}")


async def later(request):
    from asgiref.sync import sync_to_async
    from django.http import HttpResponse

    return HttpResponse(f"async {await sync_to_async(len)(request.path)}")


def __getattr__(name):
    if name == "urlpatterns":
        from django.urls import path

        return [path("sync", page), path("async", later)]
    raise AttributeError(name)
