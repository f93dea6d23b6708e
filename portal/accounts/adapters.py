"""Where django-allauth asks us."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter

from portal.crypto import cipher


class AccountAdapter(DefaultAccountAdapter):
    """The default; named in the settings so that a rule of ours has a place."""


class MFAAdapter(DefaultMFAAdapter):
    """Secrets of second factors are encrypted with the keys of ``portal.crypto``, and rotated with them."""

    def encrypt(self, text: str) -> str:
        return cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return cipher().decrypt(encrypted_text.encode()).decode()
