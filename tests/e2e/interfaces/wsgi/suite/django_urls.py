import os
import sys

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.staticfiles import views as staticfiles
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import include, path, reverse
from django.views.debug import technical_500_response
from rest_framework import routers, serializers, viewsets

from suite.django_app import HERE


class UserSerializer(serializers.HyperlinkedModelSerializer):
    class Meta:
        model = User
        fields = ["url", "username", "email"]


class UserViewSet(viewsets.ModelViewSet):
    queryset = User.objects.order_by("pk")
    serializer_class = UserSerializer


router = routers.DefaultRouter()
router.register("users", UserViewSet)


def index(request):
    return render(request, "index.html", {"name": request.GET.get("name", "wörld"), "user": request.user})


def seen(request):
    return JsonResponse({"cookies": sorted(request.COOKIES), "user": request.user.username})


def upload(request):
    file = request.FILES["file"]
    return JsonResponse({"name": file.name, "size": file.size, "note": request.POST["note"]})


upload.csrf_exempt = True


def form(request):
    if request.method == "POST":
        messages.success(request, "kept " + request.POST["note"])
        return redirect("index")
    return render(request, "form.html")


def stream(request):
    return StreamingHttpResponse((f"{number}\n" for number in range(3)), content_type="text/plain")


def download(request):
    return FileResponse((HERE / "static" / "data.bin").open("rb"), as_attachment=True)


def address(request):
    return JsonResponse({"here": request.build_absolute_uri(), "admin": reverse("admin:index"), "path": request.path})


def error(request):
    raise LookupError("on purpose")


def debug(request):
    try:
        raise LookupError("on purpose")
    except LookupError:
        return technical_500_response(request, *sys.exc_info())


def environ(request):
    return HttpResponse(repr(sorted(request.environ.items(), key=str)) + repr(sorted(os.environ.items())))


urlpatterns = [
    path("", index, name="index"),
    path("seen", seen),
    path("upload", upload),
    path("form", form),
    path("stream", stream),
    path("download", download),
    path("address/<str:what>", address),
    path("error", error),
    path("debug", debug),
    path("environ", environ),
    path("static/<path:path>", staticfiles.serve, {"insecure": True}),
    path("admin/", admin.site.urls),
    path("api/", include(router.urls)),
]
