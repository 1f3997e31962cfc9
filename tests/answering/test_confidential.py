"""What counts as somebody's secret, and what only sounds like one."""

import pytest

from pillowbook.answering.confidential import asks_for_secret, holds_secret, is_confidential


@pytest.mark.parametrize(
    "question",
    [
        "What is the guest wifi password?",
        "what's the password of the family network",
        "What is Mum's PIN?",
        "what is the pin number of my debit card",
        "Which PIN does the alarm have?",
        "What is the API key of the weather service?",
        "Where is my SSH key?",
        "What is the recovery code for GitHub?",
        "What is the door code of the Quillfen warehouse?",
        "What's the combination of the safe?",
        "What is the code for the garage door?",
        "What is our account number at the bank?",
        "What is Ruth's bank account number?",
        "What's the IBAN of the landlord?",
        "What is the sort code?",
        "What is the number of my passport and my passport number?",
        "What is my credit card number?",
        "What is the CVV of the card?",
        "What is Nora's social security number?",
        "What is the license key of the photo editor?",
        "What are the login details of the insurer?",
        "What is the seed phrase of the wallet?",
        "What are the credentials for the water company's site?",
    ],
)
def test_a_question_for_a_secret_is_known(question: str) -> None:
    assert asks_for_secret(question)


@pytest.mark.parametrize(
    "question",
    [
        "What is the key of the song?",
        "What is the key to a good sourdough?",
        "Who has the spare key?",
        "Where is the key to the shed?",
        "Which keys does the choir sing in?",
        "What are the key points of the meeting?",
        "Where did I pin the map?",
        "How do I roll out dough with a rolling pin?",
        "Which pin of the chip is ground?",
        "What is on PIN 7 of the connector?",
        "What is the account of the expedition?",
        "How does Ana account for the delay?",
        "Who wrote the card for Mum's birthday?",
        "How many cards are in the deck?",
        "When was the wifi password changed?",
        "Who knows the alarm code?",
        "How often does the door code change?",
        "How do I reset the router's password?",
        "What is the postal code of Larch Row?",
        "What is the dress code of the wedding?",
        "What is the expense code for meals?",
        "What is the token ring?",
        "Where do most teachers get their credentials from?",
        "What is one type of private key cryptography algorithm?",
        "Roughly how many months did visitors use the plum-harbour password?",
        "What is the phone number of the vet?",
        "What is the number of the flight?",
    ],
)
def test_an_ordinary_question_is_none(question: str) -> None:
    assert not asks_for_secret(question)


@pytest.mark.parametrize(
    "text",
    [
        "Guest password:        plum-harbour-42",
        "The guest network kept its name, but the password is now **copper-otter-17**.",
        "password is swordfish",
        "PIN: 4417",
        "The PIN of the card is 0382.",
        "Alarm code is 7731, press hash after it.",
        "Door code: C1945X",
        "api key = 9f8e7d6c5b4a39281706f5e4d3c2b1a0",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
        "Card 4111 1111 1111 1111, valid until 09/29",
        "Pay to GB82 WEST 1234 5698 7654 32 by Friday.",
        "DE89370400440532013000",
        "Account number: 31926819, sort code 60-16-13",
        "Social security number 078-05-1120",
        "Passport no. X12345678",
        "CVV 123",
        "The door code was changed to 4432 in May.",
        "The bicycle locker code is now Q9377.",
        "The door code was changed from 4711 to 9035.",
    ],
)
def test_a_text_that_gives_a_secret_away_is_known(text: str) -> None:
    assert holds_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "The password is changed every quarter.",
        "The password is in the blue folder.",
        "Ask Tomas, he has it in the password manager.",
        "Account number is on the bill in the blue folder. Support 555-0119, weekdays 8 to 8.",
        "Door code of the warehouse changes every quarter; ask Sam, don't write it down.",
        "Key safe by the back door, code is the year of the wedding.",
        "The song is in the key of D: D A Bm G.",
        "Code: 410 travel, 415 meals, 430 samples.",
        "The next service is on 14 October 2026, with Hartwell Heating, 555-0142. It costs 96 pounds.",
        "ISBN 978-3-16-148410-0",
        "The account opened on 2024-03-12 with 1,000 pounds.",
        "The card was sent on 12 March 2026 to 14 people.",
        "Tracking number 1234567890123456",
        "Order 20261122 arrived; phone 01632 960 181.",
        "Pin the dough with the rolling pin.",
        "Commit 2247f7f changed the writer.",
        "The password policy was changed to require twelve characters.",
        "The API key rotation was changed to weekly.",
    ],
)
def test_an_ordinary_text_is_none(text: str) -> None:
    assert not holds_secret(text)


def test_an_answer_is_judged_by_question_words_and_quotes() -> None:
    assert is_confidential("What is the wifi password?", "")
    assert is_confidential("What is on the fridge?", "The PIN is 4417.")
    assert not is_confidential("What is on the fridge?", "A photo of the sea.")
