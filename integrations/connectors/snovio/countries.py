"""Any way of writing a country → the name that Snov.io takes.

Snov.io accepts only names from a fixed list, the English short names of ISO 3166. HubSpot and people write codes, older names and
nicknames, so pycountry's codes and official names are joined with the aliases below.
"""

import unicodedata
from functools import cache

import pycountry

# alias → ISO 3166 alpha-2. HubSpot's own country names that differ from the ISO short names come first.
ALIASES = {
    "Bolivia": "BO",
    "British Virgin Islands": "VG",
    "Brunei": "BN",
    "Cape Verde": "CV",
    "Cote d'Ivoire": "CI",
    "Democratic Republic of the Congo": "CD",
    "East Timor": "TL",
    "Falkland Islands": "FK",
    "Iran": "IR",
    "Ivory Coast": "CI",
    "Laos": "LA",
    "Macau": "MO",
    "Macedonia (FYROM)": "MK",
    "Micronesia": "FM",
    "Moldova": "MD",
    "Myanmar (Burma)": "MM",
    "North Korea": "KP",
    "Palestine": "PS",
    "Republic of the Congo": "CG",
    "Russia": "RU",
    "Saint Martin": "MF",
    "South Korea": "KR",
    "Swaziland": "SZ",
    "Syria": "SY",
    "Taiwan": "TW",
    "Tanzania": "TZ",
    "The Bahamas": "BS",
    "The Gambia": "GM",
    "U.S. Virgin Islands": "VI",
    "Vatican City": "VA",
    "Venezuela": "VE",
    "Vietnam": "VN",
    # what people type
    "America": "US",
    "Brasil": "BR",
    "Burma": "MM",
    "China (PRC)": "CN",
    "Congo-Brazzaville": "CG",
    "Congo-Kinshasa": "CD",
    "Czech Republic": "CZ",
    "Deutschland": "DE",
    "DRC": "CD",
    "England": "GB",
    "España": "ES",
    "Great Britain": "GB",
    "Holland": "NL",
    "Hong Kong SAR": "HK",
    "Italia": "IT",
    "Korea": "KR",
    "Macedonia": "MK",
    "Northern Ireland": "GB",
    "Österreich": "AT",
    "Polska": "PL",
    "Republic of Ireland": "IE",
    "Scotland": "GB",
    "Schweiz": "CH",
    "The Netherlands": "NL",
    "Turkey": "TR",
    "UAE": "AE",
    "UK": "GB",
    "U.K.": "GB",
    "United States of America": "US",
    "U.S.": "US",
    "U.S.A.": "US",
    "Wales": "GB",
}  # fmt: skip


def country_name(text: str) -> str | None:
    """Snov.io's name of the country that ``text`` means (name, alias, two or three letter code), None for an unknown one."""
    return _table().get(_form(text))


def _form(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


@cache
def _table() -> dict[str, str]:
    found: dict[str, str] = {}
    for country in pycountry.countries:
        for name in ("alpha_2", "alpha_3", "common_name", "official_name", "name"):
            if text := getattr(country, name, ""):
                found[_form(text)] = country.name
    names = {country.alpha_2: country.name for country in pycountry.countries}
    for alias, code in ALIASES.items():
        found[_form(alias)] = names[code]
    return found
