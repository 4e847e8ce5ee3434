"""The address book the demo serves: contacts in memory, checked and bounded."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

MAX_CONTACTS = 1000
MAX_LENGTH = 100  # of any text, in characters


class ContactError(ValueError):
    """What was sent is no contact; the message says which field and why."""


class BookFullError(Exception):
    """The address book holds `MAX_CONTACTS` already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One person; `email` and `phone` may be empty."""

    id: int
    name: str
    email: str = ""
    phone: str = ""


_WRITABLE = tuple(f.name for f in fields(Contact) if f.name != "id")

_FIRST = (  # from novels; example domains and numbers kept free for fiction
    ("Elizabeth Bennet", "elizabeth@longbourn.example", "+1 202-555-0101"),
    ("Sherlock Holmes", "sherlock@bakerstreet.example", "+1 202-555-0102"),
    ("Phileas Fogg", "phileas@reformclub.example", "+1 202-555-0103"),
    ("Captain Nemo", "nemo@nautilus.example", "+1 202-555-0104"),
)


class AddressBook:
    """Contacts by number, in the order they came; numbers are never given twice."""

    def __init__(self) -> None:
        self._contacts: dict[int, Contact] = {}
        self._last = 0
        for name, email, phone in _FIRST:
            self.add({"name": name, "email": email, "phone": phone})

    def all(self) -> list[Contact]:
        """Return every contact."""
        return list(self._contacts.values())

    def get(self, number: int) -> Contact | None:
        """Return the contact of that number, or None."""
        return self._contacts.get(number)

    def add(self, given: Mapping[str, object]) -> Contact:
        """Add a contact. Raises ContactError, or BookFullError at `MAX_CONTACTS`."""
        checked = _checked(given)
        if len(self._contacts) >= MAX_CONTACTS:
            raise BookFullError(f"the address book is full at {MAX_CONTACTS}: delete a contact")
        self._last += 1
        return self._keep(Contact(id=self._last, **checked))

    def put(self, old: Contact, given: Mapping[str, object]) -> Contact:
        """Write a contact anew: what is not given is empty afterwards. Raises ContactError."""
        return self._keep(Contact(id=old.id, **_checked(given)))

    def patch(self, old: Contact, given: Mapping[str, object]) -> Contact:
        """Change only the fields given. Raises ContactError."""
        kept = {key: getattr(old, key) for key in _WRITABLE}
        return self.put(old, kept | dict(given))

    def delete(self, old: Contact) -> None:
        """Take a contact out."""
        del self._contacts[old.id]

    def _keep(self, contact: Contact) -> Contact:
        self._contacts[contact.id] = contact
        return contact


def checked_text(key: str, value: object) -> str:
    """Return a text of at most `MAX_LENGTH` characters, trimmed. Raises ContactError."""
    if not isinstance(value, str):
        raise ContactError(f"{key}: expected text")
    if len(value) > MAX_LENGTH:
        raise ContactError(f"{key}: longer than {MAX_LENGTH} characters")
    return value.strip()


def _checked(given: Mapping[str, object]) -> dict[str, str]:
    if unknown := [key for key in given if key not in _WRITABLE]:
        raise ContactError(f"{unknown[0][:MAX_LENGTH]}: unknown; known are {', '.join(_WRITABLE)}")
    checked = {key: checked_text(key, value) for key, value in given.items()}
    if not checked.get("name"):
        raise ContactError("name: missing or empty")
    if checked.get("email") and "@" not in checked["email"]:
        raise ContactError("email: expected an @")
    return checked
