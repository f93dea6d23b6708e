"""How the API says no. Four shapes of error live side by side at the vendor; each call has its own (``vendors/snovio.md`` 8)."""

from typing import Any


class Refuse(Exception):
    """An answer that is not a success: status and JSON body (``str`` for the plain-text ones)."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body

    @classmethod
    def not_found(cls) -> "Refuse":
        """Unknown path or id: here ``errors`` is an object."""
        return cls(404, {"errors": {"code": 404, "title": "Sorry, but url or entity not found", "source": ""}})

    @classmethod
    def no_prospect(cls, what: str, value: str) -> "Refuse":
        """A prospect that is not there is HTTP 200, and ``errors`` is a string."""
        return cls(200, {"success": False, "errors": f"Prospect with {what} '{value}' not found"})

    @classmethod
    def bad_request(cls, message: str) -> "Refuse":
        return cls(400, {"success": False, "message": message})

    @classmethod
    def no_token(cls) -> "Refuse":
        return cls(401, {"error": "unauthorized", "message": "The access token is missing, wrong or expired"})

    @classmethod
    def too_many(cls) -> "Refuse":
        """No rate headers, no Retry-After, and not JSON."""
        return cls(429, "Too Many Requests: your rate is limited, please try again later.")
