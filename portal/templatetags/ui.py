"""Template parts that need Python: icons, relative times."""

from django import template

register = template.Library()
