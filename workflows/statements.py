"""Compare one partner with the record every night, by the lists (books) of what it knows.

for each book:  read every page ─► ask for what was not listed ─► recheck what differed before ─► mend
"""

from dataclasses import dataclass, field, replace

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.statements import Place, StatementRequest, StatementSteps, Step
    from workflows.activity_options import PULL

STAGES = {
    "read": (StatementSteps.read_page, "the next page of {book}"),
    "missing": (StatementSteps.find_missing, "ask for {book} that were not listed"),
    "again": (StatementSteps.look_again, "look again at {book} that differed"),
    "mend": (StatementSteps.mend_differences, "mend differences of {book}"),
}


@dataclass(frozen=True)
class Tally:
    """Counts of one book: entries listed; differences found, gone since, and mended."""

    listed: int = 0
    found: int = 0
    gone: int = 0
    mended: int = 0
    not_listed: bool = False


@dataclass(frozen=True)
class StatementInput:
    """The run continues as new after `steps`, at `place` and with the `books` so far."""

    partner: str
    place: Place | None = None
    books: dict[str, Tally] = field(default_factory=dict)
    steps: int = 1_000


@workflow.defn
class StatementWorkflow:
    @workflow.init
    def __init__(self, start: StatementInput) -> None:
        self.partner, self.books = start.partner, dict(start.books)

    @workflow.run
    async def run(self, start: StatementInput) -> dict[str, Tally]:
        """Return what was found in each book."""
        place = start.place or await self._open()
        for _ in range(start.steps):
            step = await self._step(place)
            self._add(place.book, step)
            if step.following is None:
                return self.books
            place = step.following
        return workflow.continue_as_new(StatementInput(self.partner, place, self.books, start.steps))

    @workflow.query
    def progress(self) -> dict[str, Tally]:
        """Return what was found in each book so far; the last one is still being compared."""
        return self.books

    async def _open(self) -> Place:
        request = StatementRequest(self.partner)
        return await workflow.execute_activity_method(
            StatementSteps.open_statement, request, summary="which days to compare", **PULL
        )

    async def _step(self, place: Place) -> Step:
        act, summary = STAGES[place.stage]
        return await workflow.execute_activity_method(act, place, summary=summary.format(book=place.book), **PULL)

    def _add(self, book: str, step: Step) -> None:
        so_far = self.books.get(book, Tally())
        self.books[book] = replace(
            so_far,
            listed=so_far.listed + step.listed,
            found=so_far.found + step.found,
            gone=so_far.gone + step.gone,
            mended=so_far.mended + step.mended,
            not_listed=step.not_listed,
        )
        lines = "\n".join(f"- {name}: {in_words(tally)}" for name, tally in self.books.items())
        workflow.set_current_details(f"**The books of {self.partner} are compared with the record**\n\n{lines}")


def in_words(tally: Tally) -> str:
    """Return the counts as a person reads them."""
    if tally.not_listed:
        return "not listed by the partner, so not compared"
    return f"{tally.listed} listed, {tally.found} differ, {tally.gone} gone, {tally.mended} seen to"
