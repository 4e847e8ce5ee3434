"""The address book keeps what is a contact, says what is not, and has an end."""

import pytest

from corsproxy.demo.address_book import (
    MAX_CONTACTS,
    MAX_LENGTH,
    AddressBook,
    BookFullError,
    Contact,
    ContactError,
)


@pytest.mark.parametrize(
    ("given", "contact"),
    [
        pytest.param({"name": "Jane Eyre"}, Contact(id=5, name="Jane Eyre"), id="a name suffices"),
        pytest.param(
            {"name": " Jane ", "email": "j@e.example", "phone": "1"},
            Contact(id=5, name="Jane", email="j@e.example", phone="1"),
            id="texts are trimmed",
        ),
        pytest.param(
            {"name": "x" * MAX_LENGTH}, Contact(id=5, name="x" * MAX_LENGTH), id="the longest name"
        ),
    ],
)
def test_a_contact_is_kept_under_the_next_number(given: dict[str, object], contact: Contact):
    book = AddressBook()
    assert book.add(given) == contact
    assert book.get(5) == contact
    assert book.all()[-1] == contact


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({}, "name: missing or empty", id="nothing"),
        pytest.param({"name": "  "}, "name: missing or empty", id="a blank name"),
        pytest.param({"name": 7}, "name: expected text", id="a number for a name"),
        pytest.param({"name": None}, "name: expected text", id="null for a name"),
        pytest.param({"name": "x" * 101}, "name: longer than 100 characters", id="a long name"),
        pytest.param({"name": "x", "email": "y"}, "email: expected an @", id="no e-mail address"),
        pytest.param(
            {"name": "x", "age": "7"}, "age: unknown; known are name, email, phone", id="unknown"
        ),
        pytest.param(
            {"name": "x", "id": "7"}, "id: unknown; known are name, email, phone", id="its number"
        ),
    ],
)
def test_what_is_no_contact_is_refused_and_changes_nothing(given: dict[str, object], message: str):
    book = AddressBook()
    before = book.all()
    with pytest.raises(ContactError) as refused:
        book.add(given)
    with pytest.raises(ContactError) as refused_to_put:
        book.put(before[0], given)
    assert (str(refused.value), str(refused_to_put.value)) == (message, message)
    assert book.all() == before


def test_put_empties_what_is_not_given_and_patch_keeps_it():
    book = AddressBook()
    old = book.add({"name": "Jane", "email": "j@e.example", "phone": "1"})
    patched = book.patch(old, {"phone": "2"})
    assert patched == Contact(id=5, name="Jane", email="j@e.example", phone="2")
    assert book.put(patched, {"name": "Jane"}) == Contact(id=5, name="Jane")


def test_a_patch_may_not_take_the_name():
    book = AddressBook()
    with pytest.raises(ContactError, match="name: missing or empty"):
        book.patch(book.all()[0], {"name": ""})


def test_a_number_is_never_given_twice():
    book = AddressBook()
    book.delete(book.add({"name": "Jane"}))
    assert book.get(5) is None
    assert book.add({"name": "Jane"}).id == 6


def test_a_full_book_takes_one_more_only_for_one_less():
    book = AddressBook()
    while len(book.all()) < MAX_CONTACTS:
        book.add({"name": "x"})
    with pytest.raises(BookFullError, match="full at 1000: delete a contact"):
        book.add({"name": "x"})
    book.delete(book.all()[0])
    assert book.add({"name": "x"}).name == "x"
