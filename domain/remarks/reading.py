"""Remarks in, instructions out: rules first, then the trained model, and a person where the model is unsure."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from domain.remarks.asking import is_polite
from domain.remarks.classifier import NOTHING, Guess, stored_weights
from domain.remarks.clauses import MAX_LENGTH, clauses, fold
from domain.remarks.contradictions import settle
from domain.remarks.deliveries import read_carriers, read_time
from domain.remarks.intents import CUSTOMER, MERCHANT, MODEL, WITH_VALUE, Instruction, Intent, RemarkReading, Wish
from domain.remarks.rules import ASKS_FOR_NOTHING, OTHER, RULES
from domain.remarks.texts import take_gift_message, take_invoice

SURE_OF_INTENT = 0.75
"""From this probability on the model's answer becomes an instruction."""
SURE_OF_NOTHING = 0.4
"""From this probability on a clause that the model takes for small talk is ignored."""

NOT_UNDERSTOOD = "is not understood"
TOO_LONG = f"is longer than {MAX_LENGTH:,} characters, of which only the first were read"


def read_remarks(customer: str, merchant: str, placed_at: datetime, zone: ZoneInfo) -> RemarkReading:
    """The instructions in an order's two remarks. Never raises. Days count from `placed_at` in the local time of
    `zone`.

    Entries of `unsure` begin with "customer: " or "merchant: ".
    """
    if not customer and not merchant:
        return RemarkReading()
    today = placed_at.astimezone(zone).date()
    said: list[Instruction] = []
    unsure: list[str] = []
    for who, text in ((CUSTOMER, customer), (MERCHANT, merchant)):
        for wish in read_remark(text, today):
            if wish.intent is None:
                unsure.append(f"{who}: {wish.doubt}")
            else:
                said.append(Instruction(wish.intent, wish.value or {}, round(wish.confidence, 3), wish.source, who))
    instructions, contradictions = settle(said, merchant)
    return RemarkReading(instructions, tuple(dict.fromkeys(unsure)), contradictions)


def read_remark(text: str, today: date) -> list[Wish]:
    """All requests of one remark, in the order in which they were found."""
    wishes = [Wish(doubt=TOO_LONG)] if len(text) > MAX_LENGTH else []
    text = text[:MAX_LENGTH]
    folded = fold(text)
    if is_polite(folded):
        return wishes
    written, folded = take_gift_message(text, folded, lambda clause: bool(_by_rules(clause, today)))
    billed, folded = take_invoice(text, folded)
    wishes += [*written, *billed]
    parts = clauses(folded)
    not_known: list[str] = []
    for part, carried in zip(parts, read_carriers(parts), strict=True):
        found = [*(carried or ()), *_by_rules(part, today)]
        wishes += found
        if carried is None and not found:
            not_known.append(part)
    said = {wish.intent for wish in wishes if wish.intent}
    for part in not_known:
        wishes += _by_model(part, said)
    return wishes


def _by_rules(clause: str, today: date) -> list[Wish]:
    found = [rule.finds for rule in RULES if rule.fits(clause)]
    wishes = [Wish(finds) if isinstance(finds, Intent) else Wish(doubt=finds) for finds in dict.fromkeys(found)]
    return [*wishes, *read_time(clause, today)]


def _by_model(clause: str, said: Collection[Intent]) -> Sequence[Wish]:
    """The model's reading of a clause that no rule matches; empty if it repeats an intent that was `said`."""
    if is_polite(clause) or any(pattern.search(clause) for pattern in ASKS_FOR_NOTHING):
        return []
    guess = stored_weights().guess(clause)
    if guess.label == NOTHING:
        return [] if guess.probability >= SURE_OF_NOTHING else [Wish(doubt=NOT_UNDERSTOOD)]
    return [] if guess.label in said else [_guessed(guess)]


def _guessed(guess: Guess) -> Wish:
    """An intent that needs a value goes to a person, since the model knows only the intent."""
    if guess.label not in tuple(Intent):
        return Wish(doubt=OTHER)
    intent = Intent(guess.label)
    if intent in WITH_VALUE or guess.probability < SURE_OF_INTENT:
        return Wish(doubt=f"seems to ask for {intent.replace('_', ' ')}, and does not say it clearly")
    return Wish(intent, confidence=guess.probability, source=MODEL)
