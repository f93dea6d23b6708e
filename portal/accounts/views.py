from django.http import HttpRequest, HttpResponse


def new(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=501)


switch = members = change_role = remove_member = invite = revoke = invitation = audit = settings = new
